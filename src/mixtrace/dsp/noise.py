"""Noise with a time-frequency envelope: the impulse response of a diffuse reverb.

The STFT N of a noise is multiplied by exp(initial + frame decay) in every bin b and transformed
back; with g the gradient of that product, d initial = sum over frames of Re(conj(N) g) exp(..) and
d decay the same weighed by the frame's number.
"""

from functools import cache
from typing import Any

import numpy as np
import torch
from jaxtyping import Complex, Float
from torch import Tensor

from mixtrace.dsp import noise_kernels as kernels
from mixtrace.loops import over_rows

__all__ = ["decaying_noise", "shaped_noise", "uniform_noise_stft"]


def uniform_noise_stft(
    *, channels: int, length: int, window_length: int, seed: int
) -> Complex[Tensor, "channel bin frame"]:
    """Return the STFT (periodic Hann, hop of half a window, centred) of uniform noise in [-1, 1).

    Args:
        channels: independent noises.
        length: samples of noise.
        window_length: even window and transform length in samples.
        seed: the same seed gives the same noise everywhere.
    """
    noise = np.random.default_rng(seed).uniform(-1.0, 1.0, size=(channels, length))
    return torch.stft(
        torch.from_numpy(noise.astype(np.float32)),
        n_fft=window_length,
        hop_length=window_length // 2,
        window=torch.hann_window(window_length),
        return_complex=True,
    )


def decaying_noise(
    noise_stft: Complex[Tensor, "channel bin frame"],
    initial: Float[Tensor, "node channel bin"],
    decay: Float[Tensor, "node channel bin"],
    length: int,
) -> Float[Tensor, "node channel time"]:
    """Return noise that starts and decays differently in every bin.

    Args:
        noise_stft: as `uniform_noise_stft` gives it.
        initial: level of the first frame in nepers.
        decay: change of level from frame to frame in nepers.
        length: samples to return.
    """
    if initial.device.type != "cpu":
        frame = torch.arange(noise_stft.shape[-1], dtype=initial.dtype, device=initial.device)
        mask = torch.exp(initial[..., None] + decay[..., None] * frame)
        return shaped_noise(noise_stft, mask, length)
    spectra = _Decay.apply(noise_stft, initial, decay)
    window_length = 2 * (noise_stft.shape[-2] - 1)
    return _Overlap.apply(torch.fft.irfft(spectra, n=window_length), length)


def shaped_noise(
    noise_stft: Complex[Tensor, "channel bin frame"],
    mask: Float[Tensor, "node channel bin frame"],
    length: int,
) -> Float[Tensor, "node channel time"]:
    """Return noise whose STFT was multiplied by a mask: the inverse STFT, hop of half a window.

    Args:
        noise_stft: as `uniform_noise_stft` gives it.
        mask: gain of each bin and frame.
        length: samples to return.
    """
    window_length = 2 * (noise_stft.shape[-2] - 1)
    hop = window_length // 2
    window = torch.hann_window(window_length, dtype=mask.dtype, device=mask.device)
    spectrum = (noise_stft * mask).transpose(-1, -2)
    frames = torch.fft.irfft(spectrum, n=window_length) * window
    early, late = frames[..., :hop], frames[..., hop:]
    weight = window[:hop].square() + window[hop:].square()
    overlapped = (late[..., :-1, :] + early[..., 1:, :]) / weight
    time = overlapped.flatten(-2)
    missing = length - time.shape[-1]
    if missing > 0:
        tail = late[..., -1, :missing] / window[hop : hop + missing].square().clamp_min(1e-11)
        time = torch.cat([time, tail], -1)
    return time[..., :length]


class _Decay(torch.autograd.Function):
    """The spectra of the frames, [node, channel, frame, bin]."""

    @staticmethod
    def forward(ctx: Any, noise_stft: Tensor, initial: Tensor, decay: Tensor) -> Tensor:
        noise = noise_stft.transpose(-1, -2).contiguous()
        initial, decay = initial.contiguous(), decay.contiguous()
        complex_type = torch.complex64 if initial.dtype == torch.float32 else torch.complex128
        spectra = noise.new_empty((len(initial), *noise.shape), dtype=complex_type)
        over_rows(
            kernels.decay_forward,
            initial[..., 0].numel(),
            noise.numpy(),
            initial.numpy(),
            decay.numpy(),
            spectra.numpy(),
        )
        ctx.save_for_backward(noise, initial, decay)
        return spectra

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, Tensor, Tensor]:
        noise, initial, decay = ctx.saved_tensors
        of_initial, of_decay = torch.zeros_like(initial), torch.zeros_like(decay)
        over_rows(
            kernels.decay_backward,
            initial[..., 0].numel(),
            noise.numpy(),
            initial.numpy(),
            decay.numpy(),
            gradients[0].resolve_conj().contiguous().numpy(),
            of_initial.numpy(),
            of_decay.numpy(),
        )
        return None, of_initial, of_decay


class _Overlap(torch.autograd.Function):
    """Frames [.., frame, time] under a Hann window, overlapping by half, divided by its square."""

    @staticmethod
    def forward(ctx: Any, frames: Tensor, length: int) -> Tensor:
        frames = frames.contiguous()
        ctx.shape = frames.shape
        signal = frames.new_zeros((*frames.shape[:-2], length))
        over_rows(
            kernels.overlap_forward,
            signal[..., 0].numel(),
            frames.flatten(0, -3).numpy(),
            *_halves(frames.shape[-1], frames.dtype),
            signal.flatten(0, -2).numpy(),
        )
        return signal

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        frames = gradients[0].new_empty(ctx.shape)
        over_rows(
            kernels.overlap_backward,
            frames[..., 0, 0].numel(),
            gradients[0].contiguous().flatten(0, -2).numpy(),
            *_halves(frames.shape[-1], frames.dtype),
            frames.flatten(0, -3).numpy(),
        )
        return frames, None


@cache
def _halves(window_length: int, dtype: torch.dtype) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return what weighs a frame's early and late half, and the late half of the last frame.

    Overlapping halves are divided by the sum of their squared windows, a half alone by its own.
    """
    window = torch.hann_window(window_length, dtype=dtype).numpy()
    early, late = window[: window_length // 2], window[window_length // 2 :]
    weight = early**2 + late**2
    return early / weight, late / weight, late / np.maximum(late**2, late.dtype.type(1e-11))
