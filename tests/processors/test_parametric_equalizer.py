"""The parametric equalizer against cookbook filters of scipy.signal, and what it says."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy import signal
from torch import Tensor

from mixtrace.errors import GraphError
from mixtrace.processors import PROCESSORS, FilterProcessor, Heard, NodeSettings, Settings

KIND = "parametric_equalizer"
EQ = PROCESSORS[KIND]
RATES_HZ = (30_000.0, 44_100.0, 48_000.0, 96_000.0)

FLAT = {
    "high_pass_hz": 80.0,
    "high_pass_db_per_octave": 0.0,
    "low_pass_hz": 12_000.0,
    "low_pass_db_per_octave": 0.0,
    "low_shelf_hz": 120.0,
    "low_shelf_db": 0.0,
    "high_shelf_hz": 6000.0,
    "high_shelf_db": 0.0,
    "bell_hz": [300.0, 2000.0],
    "bell_db": [0.0, 0.0],
    "bell_q": [1.0, 2.0],
}


def node(**changed: Any) -> NodeSettings:
    wet = changed.pop("wet", 1.0)
    values = {name: torch.tensor(v, dtype=torch.float64) for name, v in (FLAT | changed).items()}
    return NodeSettings(KIND, values, wet)


def batch(settings: NodeSettings, dtype=torch.float64) -> dict[str, Tensor]:
    return {name: value[None].to(dtype) for name, value in settings.values.items()}


def noise(time: int = 30_000) -> Tensor:
    return torch.from_numpy(np.random.default_rng(0).standard_normal((1, 2, time)))


def cookbook(kind: str, hz: float, gain_db: float, q: float, rate_hz: float) -> np.ndarray:
    """Return one row of "sos", bilinear, from the formulas of the Audio EQ Cookbook."""
    a, omega = 10.0 ** (gain_db / 40.0), 2.0 * math.pi * hz / rate_hz
    cos, alpha, root = math.cos(omega), math.sin(omega) / (2.0 * q), 2.0 * math.sqrt(a)
    if kind == "bell":
        row = [1 + alpha * a, -2 * cos, 1 - alpha * a, 1 + alpha / a, -2 * cos, 1 - alpha / a]
    else:
        sign = 1.0 if kind == "low" else -1.0
        more, less, bend = (a + 1), sign * (a - 1), root * alpha
        row = [
            a * (more - less * cos + bend),
            2 * a * sign * ((a - 1) - sign * (a + 1) * cos),
            a * (more - less * cos - bend),
            more + less * cos + bend,
            -2 * sign * ((a - 1) + sign * (a + 1) * cos),
            more + less * cos - bend,
        ]
    return np.array([row]) / row[3]


SHELF_Q = math.sqrt(0.5)


@pytest.mark.parametrize(
    ("changed", "design"),
    [
        ({"low_shelf_db": 6.0}, lambda rate: cookbook("low", 120.0, 6.0, SHELF_Q, rate)),
        ({"low_shelf_db": -9.0}, lambda rate: cookbook("low", 120.0, -9.0, SHELF_Q, rate)),
        (
            {"high_shelf_db": -4.0, "high_shelf_hz": 1000.0},
            lambda rate: cookbook("high", 1000.0, -4.0, SHELF_Q, rate),
        ),
        ({"bell_db": [5.0, 0.0]}, lambda rate: cookbook("bell", 300.0, 5.0, 1.0, rate)),
        (
            {"high_pass_db_per_octave": 12.0},
            lambda rate: signal.butter(2, 80.0, "high", fs=rate, output="sos"),
        ),
        (
            {"high_pass_db_per_octave": 24.0},
            lambda rate: signal.butter(4, 80.0, "high", fs=rate, output="sos"),
        ),
        (
            {"low_pass_db_per_octave": 24.0, "low_pass_hz": 500.0},
            lambda rate: signal.butter(4, 500.0, fs=rate, output="sos"),
        ),
    ],
)
def test_far_below_the_nyquist_frequency_it_is_the_textbook_filter(changed, design):
    # At 96 kHz and below 1 kHz the bilinear transform bends nothing that matters.
    rate_hz, audio = 96_000.0, noise()
    low = torch.from_numpy(
        signal.sosfilt(signal.butter(8, 2000.0, fs=rate_hz, output="sos"), audio)
    )
    ours = EQ.forward(low, batch(node(**changed)), rate_hz)
    textbook = torch.from_numpy(signal.sosfilt(design(rate_hz), low.numpy()))
    # The two sections of the low-pass have no zeros at the Nyquist frequency, so they come half a
    # sample early: .03 radians at 1 kHz.
    tolerance = 0.03 if "low_pass_hz" in changed else 0.01
    assert (ours - textbook).norm() < tolerance * textbook.norm()
    assert (ours - low).norm() > 0.1 * low.norm()


def test_all_bands_together_are_the_sections_in_series():
    from mixtrace.dsp import (
        bell_sections,
        high_pass_sections,
        low_pass_sections,
        low_shelf_sections,
    )

    rate_hz, audio = 44_100.0, noise()
    changed: dict[str, Any] = {"low_shelf_db": -3.0, "bell_db": [4.0, -6.0]}
    changed |= {"high_pass_db_per_octave": 24.0, "low_pass_db_per_octave": 12.0}
    settings = node(**changed)
    of = {name: torch.as_tensor(value) for name, value in settings.values.items()}
    rows = [
        *high_pass_sections(of["high_pass_hz"], 24, rate_hz),
        *low_pass_sections(of["low_pass_hz"], 12, rate_hz),
        low_shelf_sections(of["low_shelf_hz"], of["low_shelf_db"], torch.tensor(SHELF_Q), rate_hz),
        *bell_sections(of["bell_hz"], of["bell_db"], of["bell_q"], rate_hz),
    ]
    expected = torch.from_numpy(signal.sosfilt(torch.stack(rows).numpy(), audio.numpy()))
    ours = EQ.forward(audio, batch(settings), rate_hz)
    # What rings longer than 250 ms is below -100 dB here; shelf Qs differ by float32 rounding.
    torch.testing.assert_close(ours, expected, rtol=0.0, atol=2e-6)


def test_slopes_differ_from_node_to_node():
    slopes = [(0.0, 24.0), (12.0, 12.0), (24.0, 0.0), (6.0, 6.0)]
    single = [
        batch(node(high_pass_db_per_octave=high, low_pass_db_per_octave=low))
        for high, low in slopes
    ]
    together = {name: torch.cat([values[name] for values in single]) for name in FLAT}
    audio = noise(4000)
    outputs = EQ.forward(audio.expand(4, -1, -1), together, 44_100.0)
    for row, values in enumerate(single):
        alone = EQ.forward(audio, values, 44_100.0)[0]
        torch.testing.assert_close(outputs[row], alone, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_flat_is_exactly_nothing(rate_hz, dtype):
    assert isinstance(EQ, FilterProcessor)
    taps = EQ.impulse_response(batch(node(), dtype), rate_hz).taps[0, 0]
    assert taps[0] == 1.0
    assert not taps[1:].any()


@pytest.mark.parametrize(
    ("hz", "gain_db", "q", "error_db"),
    # What rings: Q 10^(gain / 40) / frequency; -80 dB after 250 ms where that is .085 s.
    [
        *((20.0, 18.0, 0.6, 0.01), (100.0, 6.0, 6.0, 0.01), (30.0, -18.0, 4.0, 0.01)),
        *((50.0, 6.0, 8.0, 0.2), (20.0, 6.0, 8.0, 1.3), (50.0, 18.0, 8.0, 1.6)),
        (20.0, 18.0, 8.0, 6.0),
    ],
)
def test_the_error_left_by_cutting_what_rings(hz, gain_db, q, error_db):
    rate_hz = 44_100.0
    settings = node(bell_hz=[hz], bell_db=[gain_db], bell_q=[q])
    assert isinstance(EQ, FilterProcessor)
    taps = EQ.impulse_response(batch(settings), rate_hz).taps[0, 0].numpy()
    inside = slice(100, 12_000)  # 17 Hz to 2 kHz
    grid_hz = np.fft.rfftfreq(1 << 18, 1.0 / rate_hz)[inside]
    cut = np.fft.rfft(taps, 1 << 18)[inside]
    _, exact = signal.sosfreqz(cookbook("bell", hz, gain_db, q, rate_hz), grid_hz, fs=rate_hz)
    worst_db = np.abs(20.0 * np.log10(np.abs(cut) / np.abs(exact))).max()
    assert 0.3 * error_db < worst_db <= error_db or worst_db < error_db == 0.01


def test_bells_that_lack_a_number_are_refused():
    graph = {0: KIND}

    def check(**changed: Any) -> None:
        wet = {KIND: torch.ones(1)}
        Settings.by_kind({KIND: (0,)}, {KIND: batch(node(**changed))}, wet).check(graph)

    check()
    with pytest.raises(GraphError, match="one length, at most 6; got 2, 2 and 1"):
        check(bell_q=[1.0])
    with pytest.raises(GraphError, match="got 7, 7 and 7"):
        check(bell_hz=[100.0] * 7, bell_db=[1.0] * 7, bell_q=[1.0] * 7)
    with pytest.raises(GraphError, match="as 0, 6, 12 or 24; got 18, the nearest allowed is"):
        check(high_pass_db_per_octave=18.0)


def test_words():
    assert EQ.describe(node()) == "flat"
    full = node(
        high_pass_db_per_octave=12.0,
        low_pass_db_per_octave=24.0,
        low_shelf_db=2.0,
        high_shelf_db=-1.5,
        bell_db=[-3.0, 4.5],
        wet=0.8,
    )
    assert EQ.describe(full) == (
        "high-pass 80 Hz 12 dB/oct, low shelf 120 Hz +2.0 dB, bell 300 Hz -3.0 dB Q 1, "
        "bell 2 kHz +4.5 dB Q 2, high shelf 6 kHz -1.5 dB, low-pass 12 kHz 24 dB/oct, wet 80 %"
    )
    assert dict(EQ.dials(full))["high-pass"] == "80 Hz 12 dB/oct"
    said = EQ.say(full, Heard())
    assert said.words == (
        "high-pass at 80 Hz (12 dB/oct)",
        "+2 dB below 120 Hz",
        "-3 dB at 300 Hz",
        "+4 dB at 2 kHz",
        "-2 dB above 6 kHz",
        "low-pass at 12 kHz (24 dB/oct) (EQ mixed in at 80 %)",
    )
    # A sound that ends at 1 kHz: what is done above is doubted.
    centres_hz = np.geomspace(50.0, 16_000.0, 40)
    dull = Heard(centres_hz=centres_hz, spectrum_db=np.where(centres_hz < 1000.0, 0.0, -80.0))
    doubted = EQ.say(node(bell_db=[2.0, 6.0]), dull)
    assert doubted.words == ("+2 dB at 300 Hz",)
    assert doubted.doubts == ("EQ where the sound has next to nothing: +6 dB at 2 kHz",)


def test_the_picture_shows_the_curve():
    settings = node(bell_hz=[1000.0], bell_db=[6.0], bell_q=[1.0])
    picture = EQ.picture(settings, Heard())
    assert picture is not None
    curve = picture.panels[0].traces[-1]
    assert np.interp(1000.0, curve.x, curve.y) == pytest.approx(6.0, abs=0.02)
    assert abs(curve.y[0]) < 0.05 and abs(curve.y[-1]) < 0.05
    half = EQ.picture(NodeSettings(KIND, settings.values, 0.0), Heard())
    assert half is not None and not half.panels[0].traces[-1].y.round(6).any()
    glyph = EQ.glyph(settings, Heard())
    assert glyph is not None and glyph.values.max() > 4.0
