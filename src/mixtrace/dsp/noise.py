"""Noise with a time-frequency envelope: the impulse response of a diffuse reverb."""

import numpy as np
import torch
from jaxtyping import Complex, Float
from torch import Tensor

__all__ = ["shaped_noise", "uniform_noise_stft"]


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
