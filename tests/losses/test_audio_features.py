"""The features of a mix: closed forms of sines, scipy's spectra, slopes, and what is refused."""

import math
from dataclasses import fields

import numpy as np
import pytest
import scipy.signal
import torch
from torch import Tensor

from mixtrace.errors import AudioError
from mixtrace.losses.audio_features import (
    WEIGHTS,
    AudioFeatures,
    FeatureMeter,
    band_centres_hz,
    feature_distances,
)

RATE_HZ = 44_100


def sine(amplitude: float = 0.5, hertz: float = 441.0, seconds: float = 2.0) -> Tensor:
    """Return whole periods of a sine, in double precision."""
    time_s = torch.arange(round(seconds * RATE_HZ), dtype=torch.float64) / RATE_HZ
    return amplitude * torch.sin(2.0 * math.pi * hertz * time_s)


def measured(stereo: Tensor) -> AudioFeatures:
    return FeatureMeter(RATE_HZ)(stereo.float())


def test_levels_of_a_sine_are_its_closed_forms() -> None:
    found = measured(torch.stack([sine(0.5), sine(0.25)]))
    # Single precision over 88,200 samples is good for five digits.
    np.testing.assert_allclose(found.rms, [0.5 / math.sqrt(2.0), 0.25 / math.sqrt(2.0)], rtol=1e-4)
    # 100 samples a period: the largest is within (pi / 100)² / 2 of the peak, 0.005 dB.
    np.testing.assert_allclose(found.crest, 3.0103, atol=0.006)


def test_width_and_balance_of_a_panned_sine_are_its_closed_forms() -> None:
    left, right = 0.6, 0.3
    found = measured(torch.stack([sine(left), sine(right)]))
    assert float(found.width) == pytest.approx(((left - right) / (left + right)) ** 2, rel=1e-4)
    power = right**2 + left**2
    assert float(found.balance) == pytest.approx((right**2 - left**2) / power, rel=1e-4)


def test_spectrum_is_scipys_mean_magnitude_in_the_bands_that_hold_it() -> None:
    rng = np.random.default_rng(1)
    audio = 0.1 * rng.standard_normal((2, 3 * RATE_HZ))
    found = measured(torch.from_numpy(audio)).bark.numpy()
    size = 32_768
    window = scipy.signal.get_window("hann", size)
    hops = range(0, audio.shape[1] - size + 1, size // 4)
    low, high = (26.81 * f / (1960.0 + f) - 0.53 for f in (20.0, 20_000.0))
    edges = np.linspace(low, high, 26)
    hertz = np.fft.rfftfreq(size, 1.0 / RATE_HZ)
    places = 26.81 * hertz / (1960.0 + hertz) - 0.53
    for row, mixed in enumerate((audio[0] + audio[1], audio[0] - audio[1])):
        mean = np.mean([np.abs(np.fft.rfft(window * mixed[a : a + size])) for a in hops], 0)
        for band in range(24):
            triangle = np.interp(places, edges[band : band + 3], [0.0, 1.0, 0.0], 0.0, 0.0)
            # Single precision sums of up to 5,000 bins.
            assert found[row, band] == pytest.approx(np.log(triangle @ mean), abs=1e-4)


def test_bands_have_their_tops_where_it_says() -> None:
    tones = band_centres_hz()
    for band in (3, 12, 20):
        bark = measured(torch.stack([sine(hertz=float(tones[band]))] * 2)).bark[0]
        assert int(bark.argmax()) == band


def test_silence_has_finite_features_and_slopes() -> None:
    silent = torch.zeros((2, RATE_HZ), requires_grad=True)
    found = FeatureMeter(RATE_HZ)(silent)
    total = sum(feature_distances(measured(torch.stack([sine(), sine()])), found).values())
    (slope,) = torch.autograd.grad(torch.as_tensor(total), silent)
    assert all(bool(getattr(found, each.name).isfinite().all()) for each in fields(found))
    assert bool(slope.isfinite().all())


def test_slope_is_that_of_finite_differences() -> None:
    generator = torch.Generator().manual_seed(2)
    audio = 0.1 * torch.randn((2, 40_000), generator=generator, dtype=torch.float64)
    target = measured(torch.stack([sine(0.3), sine(0.2)]))
    meter = FeatureMeter(RATE_HZ)
    meter._window, meter._bands = meter._window.double(), meter._bands.double()
    target = AudioFeatures(*(getattr(target, each.name).double() for each in fields(target)))

    def loss(gains_db: Tensor) -> Tensor:
        scaled = 10.0 ** (gains_db / 20.0)[:, None] * audio
        return torch.stack(list(feature_distances(target, meter(scaled)).values())).sum()

    gains_db = torch.tensor([1.0, -2.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(loss, (gains_db,))


def test_distance_weighs_squares_as_published() -> None:
    one = measured(torch.stack([sine(), sine()]))
    moved = AudioFeatures(one.rms + 0.2, one.crest + 3.0, one.width + 0.1, one.balance, one.bark)
    found = feature_distances(one, moved)
    assert float(found["rms"]) == pytest.approx(0.1 * 0.2**2, rel=1e-4)
    assert float(found["crest"]) == pytest.approx(0.001 * 3.0**2, rel=1e-4)
    assert float(found["width"]) == pytest.approx(1.0 * 0.1**2, rel=1e-4)
    assert float(found["balance"]) == float(found["bark"]) == 0.0
    assert set(found) == set(WEIGHTS)


def test_moved_features_keep_a_difference() -> None:
    a, b, c = (measured(torch.stack([sine(x), sine(y)])) for x, y in ((1, 1), (0.5, 1), (1, 0.2)))
    moved = a.moved(b, c)
    np.testing.assert_allclose(moved.rms, a.rms + c.rms - b.rms)
    np.testing.assert_allclose(moved.bark, a.bark + c.bark - b.bark)


def test_short_audio_is_refused() -> None:
    with pytest.raises(AudioError, match="at least 32768 samples; got 1000"):
        measured(torch.zeros((2, 1000)))


def test_louder_audio_has_the_features_that_are_told() -> None:
    generator = torch.Generator().manual_seed(3)
    audio = 0.1 * torch.randn((2, RATE_HZ), generator=generator)
    told, heard = measured(audio).louder(torch.tensor(1.7)), measured(1.7 * audio)
    for name in WEIGHTS:  # single precision; the floor of a bin is far below noise at -20 dB
        np.testing.assert_allclose(getattr(told, name), getattr(heard, name), atol=1e-3)
