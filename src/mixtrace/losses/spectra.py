"""Mel magnitude spectra of left, right, mid and side, with a gradient written by hand.

The transform is linear, so only left and right are transformed and mid = left + right and
side = left - right follow from their spectra. Automatic differentiation of the same lines takes
several times as long: it keeps every intermediate spectrum and its backward pass of overlapping
frames adds sample by sample. From the spectra to the bands compiled loops go row by row;
`mel_magnitudes_reference` does it with tensor operations, on any device.
"""

from typing import Any

import torch
from jaxtyping import Complex, Float
from torch import Tensor
from torch.nn import functional

from mixtrace.loops import over_rows
from mixtrace.losses import spectra_kernels as kernels
from mixtrace.losses.mel import MelBank

__all__ = ["POWER_FLOOR", "Resolution", "mel_magnitudes", "mel_magnitudes_reference"]

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
    spectrum = _Stft.apply(stereo, resolution)
    if spectrum.device.type != "cpu":
        return mel_magnitudes_reference(spectrum, resolution.bank)
    return _MelMagnitudes.apply(spectrum, resolution.bank)


def mel_magnitudes_reference(
    spectrum: Complex[Tensor, "batch 2 frame bin"], bank: MelBank
) -> Float[Tensor, "batch 4 frame band"]:
    """Compute what the compiled loops compute with tensor operations alone, on any device."""
    left, right = spectrum.unbind(1)
    channels = torch.stack([left, right, left + right, left - right], 1)
    power = torch.view_as_real(channels).square().sum(-1)
    return bank.bands(power.clamp(min=POWER_FLOOR).sqrt())


class _Stft(torch.autograd.Function):
    """The mirrored, centred STFT, [batch, 2, frame, bin]."""

    @staticmethod
    def forward(ctx: Any, stereo: Tensor, resolution: Resolution) -> Tensor:
        half = resolution.fft_samples // 2
        padded = functional.pad(stereo, (half, half), mode="reflect")
        frames = padded.unfold(-1, resolution.fft_samples, resolution.hop_samples)
        ctx.resolution, ctx.time_samples = resolution, stereo.shape[-1]
        return torch.fft.rfft(frames * resolution.window)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return _adjoint_stft(gradients[0], ctx.resolution, ctx.time_samples), None


class _MelMagnitudes(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, spectrum: Tensor, bank: MelBank) -> Tensor:
        mel = spectrum.real.new_empty(len(spectrum), 4, spectrum.shape[2], len(bank.extents))
        over_rows(
            kernels.forward_kernel,
            mel[:, 0, :, 0].numel(),
            spectrum.numpy(),
            bank.extents,
            bank.weights,
            bank.weights.dtype.type(POWER_FLOOR),
            mel.numpy(),
        )
        ctx.save_for_backward(spectrum)
        ctx.bank = bank
        return mel

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (spectrum,), bank = ctx.saved_tensors, ctx.bank
        of_spectrum = torch.empty_like(spectrum)
        over_rows(
            kernels.backward_kernel,
            spectrum[:, 0, :, 0].numel(),
            spectrum.numpy(),
            bank.extents,
            bank.weights,
            bank.weights.dtype.type(POWER_FLOOR),
            gradients[0].contiguous().numpy(),
            of_spectrum.numpy(),
        )
        return of_spectrum, None


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
