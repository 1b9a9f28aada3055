"""The reverb decays as its settings say: Schroeder's backward integration in bands."""

import numpy as np
import pytest
import torch
from scipy import signal

from mixtrace.processors.noise_reverb import NoiseReverb

REVERB = NoiseReverb()

BINS_HZ = torch.arange(193, dtype=torch.float64) * 30_000.0 / 384
RATES_HZ = [30_000.0, 44_100.0, 48_000.0]


def settings(
    *, rt60_s: float | torch.Tensor = 0.8, initial_db: float | torch.Tensor = 0.0
) -> dict[str, torch.Tensor]:
    """Return values of one node; each argument fits [mid and side, bin]."""
    shape = torch.zeros(1, 2, 193, dtype=torch.float64)
    return {"initial_db": shape + initial_db, "rt60_s": shape + rt60_s}


def response(values: dict[str, torch.Tensor], rate_hz: float = 30_000.0) -> np.ndarray:
    return REVERB.impulse_response(values, rate_hz).taps[0].numpy()


def band(taps: np.ndarray, low_hz: float, high_hz: float, rate_hz: float) -> np.ndarray:
    sections = signal.butter(4, [low_hz, high_hz], "bandpass", fs=rate_hz, output="sos")
    return signal.sosfiltfilt(sections, taps, padlen=0)


def rt60_s(taps: np.ndarray, rate_hz: float) -> float:
    """Return the decay time of both channels together, from -5 to -35 dB (ISO 3382: T30)."""
    energy = np.cumsum(np.sum(taps**2, axis=0)[::-1])[::-1]
    level_db = 10.0 * np.log10(np.maximum(energy / energy[0], 1e-12))
    start, end = np.argmax(level_db < -5.0), np.argmax(level_db < -35.0)
    slope = np.polyfit(np.arange(start, end) / rate_hz, level_db[start:end], 1)[0]
    return -60.0 / slope


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("set_s", [0.25, 0.8, 1.6])
def test_the_decay_time_that_was_set_is_measured(set_s: float, rate_hz: float):
    measured = rt60_s(response(settings(rt60_s=set_s), rate_hz), rate_hz)
    # Noise of two channels, 30000 degrees of freedom a second, and frames of 6.4 ms: 2 %. At 1.6 s
    # the response ends at -75 dB, which bends the curve at -35 dB by 0.0004 dB.
    assert measured == pytest.approx(set_s, rel=0.02)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_every_band_has_its_own_decay_time(rate_hz: float):
    times_s = torch.where(BINS_HZ < 1000.0, 1.4, torch.where(BINS_HZ < 5000.0, 0.7, 0.3))
    taps = response(settings(rt60_s=times_s), rate_hz)
    for low_hz, high_hz, expected_s in (
        (200.0, 800.0, 1.4),
        (1500.0, 4000.0, 0.7),
        (6000.0, 12_000.0, 0.3),
    ):
        measured = rt60_s(band(taps, low_hz, high_hz, rate_hz), rate_hz)
        # 600 Hz of noise for a second: about 1200 degrees of freedom, 3 % of energy at each time.
        assert measured == pytest.approx(expected_s, rel=0.06)


def test_initial_levels_shape_the_spectrum():
    taps = response(settings(initial_db=torch.where(BINS_HZ < 4000.0, 0.0, -20.0)))
    low, high = (band(taps, *edges, 30_000.0) for edges in ((500.0, 3000.0), (5500.0, 8000.0)))
    ratio_db = 10.0 * np.log10(np.sum(high**2) / np.sum(low**2))
    # 2500 Hz of noise that lasts 0.12 s effectively, on two channels: 600 degrees of freedom each.
    assert ratio_db == pytest.approx(-20.0, abs=0.8)


@pytest.mark.parametrize("initial_db", [-60.0, 0.0, 40.0])
def test_energy_is_one_at_30_khz_whatever_the_level(initial_db: float):
    taps = response(settings(initial_db=initial_db))
    assert taps.shape == (2, 60_000)
    # 1e-12 is added to the energy, which is at least 1e-3.
    assert np.mean(np.sum(taps**2, axis=1)) == pytest.approx(1.0, rel=1e-8)


@pytest.mark.parametrize("rate_hz", [44_100.0, 48_000.0])
def test_equal_gain_at_every_rate(rate_hz: float):
    values = settings(rt60_s=0.3)
    # Two seconds at either rate: the n-th term of both transforms stands at n / 2 Hz.
    reference = np.fft.rfft(response(values))[:, :28_000]
    error = np.fft.rfft(response(values, rate_hz))[:, :28_000] - reference
    # What rings before time zero at the higher rate is cut: 1 % of this noise.
    assert np.linalg.norm(error) < 0.02 * np.linalg.norm(reference)


def test_mid_alone_is_equal_and_side_alone_opposite():
    quiet = torch.tensor([[0.0], [-120.0]], dtype=torch.float64)
    left, right = response(settings(initial_db=quiet))
    np.testing.assert_allclose(left, right, atol=1e-5 * np.abs(left).max())
    left, right = response(settings(initial_db=quiet.flip(0)))
    np.testing.assert_allclose(left, -right, atol=1e-5 * np.abs(left).max())


def test_levels_of_mid_and_side_are_those_set():
    quiet_side = torch.tensor([[0.0], [-12.0]], dtype=torch.float64)
    left, right = response(settings(initial_db=quiet_side))
    ratio_db = 10.0 * np.log10(np.sum((left - right) ** 2) / np.sum((left + right) ** 2))
    # Two noises of 0.12 s effective length: 3600 degrees of freedom each.
    assert ratio_db == pytest.approx(-12.0, abs=0.4)


def test_equal_mid_and_side_are_independent_channels():
    left, right = response(settings())
    correlation = np.sum(left * right) / np.sqrt(np.sum(left**2) * np.sum(right**2))
    assert abs(correlation) < 4.0 / np.sqrt(0.12 * 30_000.0)  # four standard errors


def test_each_channel_is_convolved_with_its_own_response():
    click = torch.zeros(1, 2, 3000, dtype=torch.float64)
    click[:, 0, 0] = 1.0
    output = REVERB.forward(click, settings(), 30_000.0)[0].numpy()
    np.testing.assert_allclose(output[0], response(settings())[0, :3000], atol=1e-13)
    assert np.abs(output[1]).max() < 1e-13
