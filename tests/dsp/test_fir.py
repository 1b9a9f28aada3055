"""Filters against numpy, scipy.signal and soxr."""

import numpy as np
import pytest
import soxr
import torch
from scipy import signal

from mixtrace.dsp import (
    convolve,
    resample_taps,
    resampled_grid,
    unit_energy,
    zero_phase_taps,
)


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=torch.float64, generator=generator)


def fourier(taps: np.ndarray, hz: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return the response of a filter at some frequencies, summed as it is defined."""
    return np.exp(-2j * np.pi * np.outer(hz, np.arange(len(taps))) / rate_hz) @ taps


def test_zero_phase_taps_are_the_windowed_cosine_sum():
    log_magnitude = random(20)
    magnitude = log_magnitude.exp().numpy()
    n = np.arange(39) - 19
    k = np.arange(1, 20)
    response = magnitude[0] + 2.0 * np.cos(2.0 * np.pi * np.outer(n, k) / 39) @ magnitude[1:]
    expected = response / 39 * signal.get_window("hann", 39, fftbins=True)
    # Sums of 39 numbers in float64.
    np.testing.assert_allclose(zero_phase_taps(log_magnitude).numpy(), expected, atol=1e-13)


def test_zero_phase_taps_are_symmetric_as_far_as_stated():
    taps = zero_phase_taps(random(3, 1024, seed=2))
    bound = torch.pi / 2047 * taps.abs().amax(-1, keepdim=True)
    asymmetry = (taps - taps.flip(-1)).abs()
    assert (asymmetry <= bound).all()
    assert asymmetry.max() > 1e-6  # the periodic window is not the symmetric one


def test_convolution_is_cut_after_the_lead():
    audio, taps = random(2, 2, 1000), random(2, 1, 301, seed=1)
    for lead in (0, 1, 150, 300):
        result = convolve(audio, taps, lead)
        for node in range(2):
            for channel in range(2):
                whole = np.convolve(audio[node, channel], taps[node, 0])
                # One transform in float64.
                np.testing.assert_allclose(
                    result[node, channel], whole[lead : lead + 1000], atol=1e-11
                )


def test_a_grid_of_the_same_rate_is_untouched():
    values = random(2, 1024)
    assert resampled_grid(values, 30_000.0, 30_000.0) is values


@pytest.mark.parametrize("rate_hz", [22_050.0, 44_100.0, 48_000.0, 96_000.0])
@pytest.mark.parametrize("bins", [20, 1024])
def test_a_grid_keeps_its_values_in_hz_and_holds_the_last(rate_hz: float, bins: int):
    values = random(3, bins, seed=bins)
    result = resampled_grid(values, 30_000.0, rate_hz).numpy()
    old_hz = np.arange(bins) * 30_000.0 / (2 * bins - 1)
    new_hz = np.arange(result.shape[-1]) * rate_hz / (2 * result.shape[-1] - 1)
    # np.interp holds the last value too.
    expected = np.stack([np.interp(new_hz, old_hz, row) for row in values])
    np.testing.assert_allclose(result, expected, atol=1e-9)
    # Whole bins: the spacing changes by less than half a bin in all of them, and the last new bin
    # lies within one spacing of the new Nyquist frequency.
    assert new_hz[1] == pytest.approx(old_hz[1], rel=1.0 / result.shape[-1])
    assert rate_hz / 2.0 - new_hz[-1] < new_hz[1]


def band_limited_taps() -> np.ndarray:
    """Return bursts below 12 kHz at 30 kHz, silent at both ends of 3000 samples."""
    time = np.arange(3000)
    noise = np.random.default_rng(0).standard_normal(3000)
    smooth = signal.sosfiltfilt(signal.butter(8, 0.6, output="sos"), noise)
    return smooth * np.exp(-(((time - 1200) / 250.0) ** 2))


@pytest.mark.parametrize(("rate_hz", "up", "down"), [(44_100.0, 147, 100), (48_000.0, 8, 5)])
def test_resampled_taps_are_the_resampled_waveform_at_equal_gain(rate_hz, up, down):
    taps = band_limited_taps()
    result = resample_taps(torch.from_numpy(taps), 30_000.0, rate_hz).numpy()
    assert result.shape == (round(3000 * rate_hz / 30_000.0),)
    scale = rate_hz / 30_000.0
    peak = np.abs(taps).max()
    # Both oracles have filters of their own: scipy's default is a short Kaiser window, soxr's
    # is down 120 dB.
    by_scipy = signal.resample_poly(taps, up, down, window=("kaiser", 12.0))
    by_soxr = soxr.resample(taps, 30_000.0, rate_hz, quality="VHQ")
    np.testing.assert_allclose(result * scale, by_scipy, atol=2e-2 * peak)
    np.testing.assert_allclose(result * scale, by_soxr, atol=1e-5 * peak)
    # Equal gain at every frequency below the smaller Nyquist frequency.
    hz = np.linspace(0.0, 12_000.0, 200)
    before = fourier(taps, hz, 30_000.0)
    after = fourier(result, hz, rate_hz)
    np.testing.assert_allclose(after, before, atol=1e-6 * np.abs(before).max())


def test_resampled_taps_lose_what_the_lower_rate_cannot_hold():
    taps = torch.from_numpy(band_limited_taps())
    result = resample_taps(taps, 30_000.0, 15_000.0).numpy()
    hz = np.linspace(0.0, 6_500.0, 100)
    before = fourier(taps.numpy(), hz, 30_000.0)
    after = fourier(result, hz, 15_000.0)
    # What lies at 7.5 kHz is cut there and rings past both ends of the response.
    np.testing.assert_allclose(after, before, atol=3e-3 * np.abs(before).max())


def test_taps_at_their_own_rate_are_untouched():
    taps = random(2, 100)
    assert resample_taps(taps, 30_000.0, 30_000.0) is taps


def test_unit_energy_and_its_gradient():
    taps = random(3, 2, 40, seed=9) * torch.tensor([1.0, 1e-2, 30.0])[:, None, None]
    energy = unit_energy(taps).square().sum(-1).mean(1)
    # 1e-12 beside an energy of 4e-3 at the least.
    torch.testing.assert_close(energy, torch.ones_like(energy), rtol=1e-9, atol=0.0)
    assert torch.autograd.gradcheck(unit_energy, taps.requires_grad_())
