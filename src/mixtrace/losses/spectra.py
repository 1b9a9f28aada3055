"""Mel magnitude spectra of left, right, mid and side, with a gradient written by hand.

The transform is linear, so only left and right are transformed and mid = left + right and
side = left - right follow from their spectra. Automatic differentiation of the same lines takes
three times as long: it keeps every intermediate spectrum and its backward pass of overlapping
frames adds sample by sample.
"""

from typing import Any

import torch
from jaxtyping import Complex, Float
from torch import Tensor
from torch.nn import functional

from mixtrace.losses.mel import MelBank

__all__ = ["POWER_FLOOR", "Resolution", "mel_magnitudes"]

POWER_FLOOR = 1e-4
"""The least power of a bin; magnitudes are never below its root, so logarithms are finite."""

_OVERLAP = 4


class Resolution:
    """The window and the mel filters of one FFT length; hop a quarter, periodic Hann window."""

    def __init__(
        self,
        sample_rate_hz: int,
        fft_samples: int,
        *,
        device: torch.device | str,
        dtype: torch.dtype,
    ) -> None:
        """Compute window and filters for audio at `sample_rate_hz`."""
        self.fft_samples = fft_samples
        self.hop_samples = fft_samples // _OVERLAP
        self.window = torch.hann_window(fft_samples, device=device, dtype=dtype)
        self.bank = MelBank(sample_rate_hz, fft_samples, device=device, dtype=dtype)


def mel_magnitudes(
    stereo: Float[Tensor, "batch 2 time"], resolution: Resolution
) -> Float[Tensor, "batch 4 frame band"]:
    """Return the mel magnitude spectra of left, right, mid and side.

    Frames are centred on multiples of the hop and the signal is mirrored at both ends
    (torch.stft's defaults), so `time` must exceed half an FFT length.

    Args:
        stereo: Left and right, [batch, 2, time], full scale 1.
        resolution: Window and mel filters.

    Returns:
        sqrt(max(|X|², 1e-4)) through the mel filters, [batch, 4, frame, band].
    """
    return _MelMagnitudes.apply(stereo, resolution)


class _MelMagnitudes(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, stereo: Tensor, resolution: Resolution) -> Tensor:
        half = resolution.fft_samples // 2
        padded = functional.pad(stereo, (half, half), mode="reflect")
        frames = padded.unfold(-1, resolution.fft_samples, resolution.hop_samples)
        left, right = torch.fft.rfft(frames * resolution.window).unbind(1)
        magnitudes = left.real.new_empty(len(left), 4, *left.shape[1:])
        for index, spectrum in enumerate((left, right, left + right, left - right)):
            torch.mul(spectrum.real, spectrum.real, out=magnitudes[:, index])
            magnitudes[:, index].addcmul_(spectrum.imag, spectrum.imag)
        magnitudes.clamp_(min=POWER_FLOOR).sqrt_()
        ctx.save_for_backward(left, right, magnitudes)
        ctx.resolution, ctx.time_samples = resolution, stereo.shape[-1]
        return resolution.bank.bands(magnitudes)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        left, right, magnitudes = ctx.saved_tensors
        # d|X| = Re(conj(X) dX) / |X|, and zero where the power was clamped.
        divisor = functional.threshold(magnitudes, POWER_FLOOR**0.5, torch.inf)
        slope = ctx.resolution.bank.transposed(gradients[0]).div_(divisor)
        own_left, own_right, mid, side = slope.unbind(1)
        both, cross = mid + side, mid - side
        spectrum = left.new_empty(len(left), 2, *left.shape[1:])
        torch.add((own_left + both) * left, cross * right, out=spectrum[:, 0])
        torch.add((own_right + both) * right, cross * left, out=spectrum[:, 1])
        return _adjoint_stft(spectrum, ctx.resolution, ctx.time_samples), None


def _adjoint_stft(
    spectrum: Complex[Tensor, "batch 2 frame bin"], resolution: Resolution, time_samples: int
) -> Float[Tensor, "batch 2 time"]:
    """Return the gradient of a signal from the gradient of its mirrored, centred STFT."""
    fft_samples, hop = resolution.fft_samples, resolution.hop_samples
    half, count = fft_samples // 2, spectrum.shape[-2]
    # The inverse real FFT counts every bin twice but the first and the last, which no band weighs.
    frames = torch.fft.irfft(spectrum, fft_samples, norm="forward") * (0.5 * resolution.window)
    padded = frames.new_zeros(*frames.shape[:-2], time_samples + fft_samples)
    for part in range(_OVERLAP):
        start = part * hop
        overlapped = padded[..., start : start + count * hop].unflatten(-1, (count, hop))
        overlapped += frames[..., start : start + hop]
    signal = padded[..., half : half + time_samples]
    signal[..., 1 : half + 1] += padded[..., :half].flip(-1)
    signal[..., -half - 1 : -1] += padded[..., half + time_samples :].flip(-1)
    return signal
