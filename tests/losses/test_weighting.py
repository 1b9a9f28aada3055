"""The A-weighting filter: against the analogue curve, scipy's convolution and auraloss' taps."""

import auraloss
import numpy as np
import pytest
import torch
from scipy import signal

from mixtrace.losses import a_weight, a_weighting_taps

RATES_HZ = (24_000, 30_000, 44_100, 48_000)


def analogue_curve(frequency_hz: np.ndarray) -> np.ndarray:
    """Return the A-weighting of IEC 61672-1 as an amplitude ratio, 1 at 1 kHz."""
    squared = frequency_hz**2
    ratio = 12194.217**2 * squared**2
    ratio /= (squared + 20.598997**2) * (squared + 12194.217**2)
    ratio /= np.sqrt((squared + 107.65265**2) * (squared + 737.86223**2))
    return ratio * 10.0 ** (1.9997 / 20.0)


@pytest.mark.parametrize("sample_rate_hz", RATES_HZ)
def test_taps_follow_the_analogue_curve(sample_rate_hz: int) -> None:
    taps = a_weighting_taps(sample_rate_hz)
    frequency_hz = np.linspace(0.0, sample_rate_hz / 2.0, 512)
    delays_s = np.arange(101) / sample_rate_hz
    response = np.exp(-2j * np.pi * frequency_hz[:, None] * delays_s) @ taps
    # 101 taps resolve about a hundredth of the rate, and the bilinear transform bends the curve
    # towards zero near half the rate: between the two the fit is good to half a decibel.
    middle = (frequency_hz > sample_rate_hz / 50.0) & (frequency_hz < sample_rate_hz / 8.0)
    ratio = np.abs(response[middle]) / analogue_curve(frequency_hz[middle])
    error_db = 20.0 * np.log10(ratio)
    assert np.abs(error_db).max() < 0.5
    assert np.abs(response[0]) < 0.18  # the curve is zero at 0 Hz; so few taps leave -15 dB


@pytest.mark.parametrize("sample_rate_hz", RATES_HZ)
def test_taps_are_those_of_auraloss(sample_rate_hz: int) -> None:
    reference = auraloss.perceptual.FIRFilter("aw", fs=sample_rate_hz).fir.weight.flatten()
    # Theirs are stored in single precision: half a unit in the last place of a tap near 1.
    np.testing.assert_allclose(a_weighting_taps(sample_rate_hz), reference.numpy(), atol=1e-7)


@pytest.mark.parametrize("time_samples", (40, 101, 5_000))
def test_filter_is_a_convolution_with_silence_around(time_samples: int) -> None:
    audio = np.random.default_rng(0).standard_normal((3, 2, time_samples))
    # mode "same" of the longer operand is not what a short signal needs: cut the full one.
    full = signal.convolve(audio, a_weighting_taps(30_000)[None, None], method="direct")
    weighted = a_weight(torch.from_numpy(audio), 30_000)
    # Rounding of a double-precision FFT of unit-variance noise.
    np.testing.assert_allclose(weighted.numpy(), full[..., 50 : 50 + time_samples], atol=1e-12)


def test_gradient_against_finite_differences() -> None:
    generator = torch.Generator().manual_seed(0)
    audio = torch.randn(2, 60, generator=generator, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: a_weight(x, 30_000), audio)
