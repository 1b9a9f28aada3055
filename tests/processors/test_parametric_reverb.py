"""The parametric reverb as a processor: decay by Schroeder's integral in bands of scipy's."""

import numpy as np
import pytest
import scipy.signal
import torch
from torch import Tensor

from mixtrace.processors import Heard, NodeSettings
from mixtrace.processors.parametric_reverb import ParametricReverb

ENTRY = ParametricReverb()
RT60_S = [2.4, 1.8, 1.2, 0.9, 0.6, 0.4]


def values(
    *, rt60_s: list[float] = RT60_S, delay_ms: float = 0.0, width: float = 1.0, kept_s: float = 3.0
) -> dict[str, Tensor]:
    given = {"rt60_s": [rt60_s], "pre_delay_ms": [delay_ms], "width": [width], "length_s": [kept_s]}
    return {name: torch.tensor(value, dtype=torch.float64) for name, value in given.items()}


def taps(rate_hz: float, **given) -> np.ndarray:
    return ENTRY.impulse_response(values(**given), rate_hz).taps[0].numpy()


def decay_s(response: np.ndarray, rate_hz: float) -> float:
    """Return the time to fall by 60 dB, from -5 and -25 dB of what is still to come."""
    remaining = np.cumsum(np.square(response).sum(0)[::-1])[::-1]
    level_db = 10.0 * np.log10(remaining / remaining[0])
    first, last = (int(np.argmax(level_db < limit)) for limit in (-5.0, -25.0))
    return 3.0 * (last - first) / rate_hz


@pytest.mark.parametrize("rate_hz", [30_000.0, 44_100.0, 96_000.0])
def test_each_band_decays_in_its_time(rate_hz):
    response = taps(rate_hz)
    for centre_hz, expected_s in zip(
        [180.0, 500.0, 1000.0, 2000.0, 4000.0, 9000.0], RT60_S, strict=True
    ):
        # The middle half of each octave, where the neighbours hardly reach.
        band_hz = (centre_hz * 2.0**-0.2, centre_hz * 2.0**0.2)
        sections = scipy.signal.butter(3, band_hz, "bandpass", fs=rate_hz, output="sos")
        filtered = np.array(scipy.signal.sosfilt(sections, response), np.float64)
        # A line through noise: the narrowest band has some 100 independent values a second.
        assert decay_s(filtered, rate_hz) == pytest.approx(expected_s, rel=0.2)


@pytest.mark.parametrize("rate_hz", [30_000.0, 48_000.0])
@pytest.mark.parametrize("width", [0.0, 0.7, 1.0])
def test_the_weight_alone_tells_the_level(rate_hz, width):
    response = taps(rate_hz, width=width)
    spectrum = np.abs(np.fft.rfft(response, 1 << 19)) ** 2
    below = round(15_000.0 * (1 << 19) / rate_hz)
    # Noise of unit variance, cut at 15 kHz, comes out with as much power.
    assert spectrum[:, :below].mean() == pytest.approx(1.0, rel=0.01)
    left, right = response
    alike = (left @ right) / np.sqrt((left @ left) * (right @ right))
    # Within what some 10,000 independent values leave to chance.
    assert alike == pytest.approx(np.cos(np.pi * width / 2.0), abs=0.05)


def test_a_pre_delay_moves_the_response():
    moved = taps(30_000.0, delay_ms=50.0)
    assert np.abs(moved[:, :1490]).max() < 0.02 * np.abs(moved).max()
    np.testing.assert_allclose(moved[:, 1500:], taps(30_000.0)[:, :-1500], atol=1e-9)


@pytest.mark.parametrize("rate_hz", [30_000.0, 44_100.0])
def test_what_is_kept_is_the_start_of_what_is_kept_longer(rate_hz):
    short, long = taps(rate_hz, kept_s=0.7), taps(rate_hz, kept_s=2.5)
    start = long[:, : short.shape[1]]
    # They differ by one gain: each has unit energy.
    gain = (short * start).sum() / np.square(start).sum()
    assert gain > 1.0
    np.testing.assert_allclose(short, gain * start, atol=1e-9)


def node(wet: float, **given) -> NodeSettings:
    single = {name: value[0].float() for name, value in values(**given).items()}
    return NodeSettings("parametric_reverb", single, wet)


def test_words():
    assert ENTRY.describe(node(0.1, delay_ms=20.0, width=0.8)) == (
        "RT60 2.4 s/1.8 s/1.2 s/900 ms/600 ms/400 ms, pre-delay 20 ms, width 80 %, "
        "level -20.0 dB, wet 10 %"
    )
    # The mean of 500 Hz and 1 kHz; 0.2 / 0.8 is -12 dB.
    assert ENTRY.say(node(0.2, delay_ms=20.0), Heard()).words == (
        "1.5 s reverb after 20 ms at -12 dB",
    )
    assert ENTRY.say(node(1.0), Heard()).words == ("1.5 s reverb",)


def test_the_picture_shows_the_decay_of_each_band():
    picture = ENTRY.picture(node(0.5), Heard())
    assert picture is not None
    (trace,) = picture.panels[0].traces
    for place_hz, expected_s in ((200.0, 2.4), (1000.0, 1.2), (10_000.0, 0.4)):
        assert trace.y[np.searchsorted(trace.x, place_hz)] == pytest.approx(expected_s)
