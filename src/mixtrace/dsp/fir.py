"""Finite impulse responses: zero-phase design, convolution, change of rate."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.dsp.fft import fast_length

__all__ = ["convolve", "resample_taps", "resampled_grid", "unit_energy", "zero_phase_taps"]


def zero_phase_taps(
    log_magnitude: Float[Tensor, "*batch bins"],
) -> Float[Tensor, "*batch taps"]:
    """Return the Hann-windowed zero-phase response of log magnitudes on a linear frequency grid.

    Args:
        log_magnitude: natural logarithms of the magnitude at k rate / (2 bins - 1) Hz.

    Returns:
        2 bins - 1 taps, time zero in the middle. The window is periodic, as in the reference
        implementation, so it is symmetric about a point half a sample later: the taps are
        symmetric to within pi / taps of each.

    Source: Lee et al. 2025, arXiv 2509.15948, equalizer (inverse FFT, centred, Hann window).
    """
    taps = 2 * log_magnitude.shape[-1] - 1
    response = torch.fft.irfft(torch.exp(log_magnitude), n=taps)
    window = torch.hann_window(taps, dtype=response.dtype, device=response.device)
    return torch.roll(response, taps // 2, dims=-1) * window


def resampled_grid(
    values: Float[Tensor, "*batch bins"], design_rate_hz: float, sample_rate_hz: float
) -> Float[Tensor, "*batch newbins"]:
    """Return values of a linear frequency grid on the grid of another rate.

    The grid of n bins at a rate has its k-th point at k rate / (2 n - 1) Hz. The new grid keeps
    that spacing as nearly as whole bins allow; above the old grid the last value is held.
    """
    bins = values.shape[-1]
    if sample_rate_hz == design_rate_hz:
        return values
    new_bins = max(2, round((2 * bins - 1) * sample_rate_hz / design_rate_hz / 2 + 0.5))
    scale = (sample_rate_hz / (2 * new_bins - 1)) / (design_rate_hz / (2 * bins - 1))
    position = torch.arange(new_bins, dtype=torch.float64, device=values.device) * scale
    position = torch.clamp(position, max=bins - 1)
    lower = torch.clamp(position.floor().long(), max=bins - 2)
    fraction = (position - lower).to(values.dtype)
    return values[..., lower] * (1 - fraction) + values[..., lower + 1] * fraction


def resample_taps(
    taps: Float[Tensor, "*batch time"], design_rate_hz: float, sample_rate_hz: float
) -> Float[Tensor, "*batch newtime"]:
    """Return a causal impulse response at another rate, band-limited, of equal gain at every Hz.

    The taps therefore shrink by design rate / sample rate. The response is padded to twice its
    length, so that what rings before its start falls into the padding and is dropped.
    """
    if sample_rate_hz == design_rate_hz:
        return taps
    length = taps.shape[-1]
    new_length = round(length * sample_rate_hz / design_rate_hz)
    spectrum = torch.fft.rfft(taps, n=2 * length)
    kept = min(spectrum.shape[-1], new_length + 1)
    padded = spectrum.new_zeros((*spectrum.shape[:-1], new_length + 1))
    padded[..., :kept] = spectrum[..., :kept]
    return torch.fft.irfft(padded, n=2 * new_length)[..., :new_length]


def unit_energy(taps: Float[Tensor, "node channel time"]) -> Float[Tensor, "node channel time"]:
    """Return the responses scaled so that the mean of their channels' energies is one.

    Silence stays silence: 1e-12 is added to the energy.
    """
    return _UnitEnergy.apply(taps)


class _UnitEnergy(torch.autograd.Function):
    """y = x / s with s^2 = sum x^2 / C + 1e-12; the gradient is (g - y sum(g y) / C) / s."""

    @staticmethod
    def forward(ctx: Any, taps: Tensor) -> Tensor:
        flat = taps.flatten(1)
        energy = torch.linalg.vector_norm(flat, dim=1).square() / taps.shape[1]
        scale = torch.rsqrt(energy + 1e-12)[:, None, None]
        result = taps * scale
        ctx.save_for_backward(result, scale)
        return result

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor]:
        result, scale = ctx.saved_tensors
        along = (gradients[0] * result).sum((1, 2), keepdim=True) / result.shape[1]
        return (torch.addcmul(gradients[0], result, along, value=-1.0).mul_(scale),)


def convolve(
    audio: Float[Tensor, "*batch time"], taps: Float[Tensor, "*batch2 taps"], lead_samples: int
) -> Float[Tensor, "*batch3 time"]:
    """Return the linear convolution, cut to the length of the audio.

    Args:
        audio: the signal.
        taps: the impulse response.
        lead_samples: how many of the taps act before time zero.
    """
    time = audio.shape[-1]
    length = fast_length(time + taps.shape[-1] - 1)
    spectrum = torch.fft.rfft(audio, n=length) * torch.fft.rfft(taps, n=length)
    return torch.fft.irfft(spectrum, n=length)[..., lead_samples : lead_samples + time]
