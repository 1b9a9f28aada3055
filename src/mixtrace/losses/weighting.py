"""A-weighting by a short zero-phase FIR filter, applied as one frequency response.

The analogue curve of IEC 61672-1 is mapped to a recursive filter by the bilinear transform and
its magnitude is fitted by 101 taps in the least-squares sense. The filter is symmetric and
centred, so it delays nothing and its response is real.

Source: A. Wright, V. Välimäki, "Perceptual loss function for neural modelling of audio systems",
ICASSP 2020, section 2; the same design (rate, taps, grid of 512 frequencies) as auraloss 0.4.
"""

from functools import lru_cache
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from scipy import signal
from torch import Tensor

from mixtrace.dsp import fast_length
from mixtrace.units import ratio_from_db

__all__ = ["TAPS", "a_weight", "a_weighting_taps"]

TAPS = 101
_POLES_HZ = (20.598997, 107.65265, 737.86223, 12194.217)
_GAIN_AT_1_KHZ_DB = 1.9997
_GRID_POINTS = 512


@lru_cache
def a_weighting_taps(sample_rate_hz: int) -> NDArray[np.float64]:
    """Return the 101 taps of the A-weighting filter, symmetric about the middle one.

    Args:
        sample_rate_hz: The rate of the audio that is to be filtered.

    Returns:
        The impulse response, [101]; read-only.
    """
    first, second, third, fourth = (2.0 * np.pi * pole_hz for pole_hz in _POLES_HZ)
    zeros = np.zeros(4)
    poles = [-first, -first, -second, -third, -fourth, -fourth]
    gain = fourth**2 * ratio_from_db(_GAIN_AT_1_KHZ_DB)
    digital = signal.bilinear_zpk(zeros, poles, gain, fs=sample_rate_hz)
    grid_hz, response = signal.freqz_zpk(*digital, worN=_GRID_POINTS, fs=sample_rate_hz)
    taps = signal.firls(TAPS, grid_hz, np.abs(response), fs=sample_rate_hz)
    taps.setflags(write=False)
    return taps


def a_weight(
    audio: Float[Tensor, "*batch time"], sample_rate_hz: int
) -> Float[Tensor, "*batch time"]:
    """Return the A-weighted audio, not delayed, as if silence came before and after it.

    Args:
        audio: Any real signal, [*batch, time], full scale 1.
        sample_rate_hz: Its rate.

    Returns:
        The filtered signal, [*batch, time].
    """
    return _Symmetric.apply(audio, sample_rate_hz)


class _Symmetric(torch.autograd.Function):
    """The filter as a matrix is symmetric, so the gradient is filtered as the signal was."""

    @staticmethod
    def forward(ctx: Any, audio: Tensor, sample_rate_hz: int) -> Tensor:
        ctx.sample_rate_hz = sample_rate_hz
        time_samples = audio.shape[-1]
        fft_samples = fast_length(time_samples + TAPS)
        response = _response(sample_rate_hz, fft_samples).to(audio)
        spectrum = torch.fft.rfft(audio, fft_samples) * response
        return torch.fft.irfft(spectrum, fft_samples)[..., :time_samples]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return a_weight(gradients[0], ctx.sample_rate_hz), None


@lru_cache(maxsize=8)
def _response(sample_rate_hz: int, fft_samples: int) -> Float[Tensor, " bin"]:
    """Return the filter's real frequency response on the bins of a real FFT."""
    centred = np.zeros(fft_samples)
    centred[:TAPS] = a_weighting_taps(sample_rate_hz)
    return torch.from_numpy(np.fft.rfft(np.roll(centred, -(TAPS // 2))).real.copy())
