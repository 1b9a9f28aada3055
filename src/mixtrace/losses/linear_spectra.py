"""The multi-resolution distance of linear magnitude spectra, A-weighted, of single channels.

For each of some FFT lengths, with T and E the magnitudes of target and estimate, no less than 1e-4,

    distance = ||T - E|| / ||T|| + mean |log T - log E|,

and the whole is the mean over lengths and channels.

Source: Yamamoto, Song, Kim, Parallel WaveGAN, ICASSP 2020, eqs. (4) to (6), with the A-weighting of
`losses.weighting`; auraloss 0.4 computes the same. Lengths of 128, 512 and 2048 with a hop of a
quarter are those of Yu et al. 2025, arXiv 2504.14735.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.losses.weighting import a_weight

__all__ = ["VOCAL_FFT_SAMPLES", "linear_spectral_distance"]

VOCAL_FFT_SAMPLES = (128, 512, 2048)

_POWER_FLOOR = 1e-8


def linear_spectral_distance(
    *,
    target: Float[Tensor, "channel time"],
    estimate: Float[Tensor, "channel time"],
    sample_rate_hz: int,
    fft_samples: Sequence[int] = VOCAL_FFT_SAMPLES,
) -> Float[Tensor, ""]:
    """Return the distance, the mean over the channels.

    Args:
        target: channels, more than half as long as the longest transform.
        estimate: the same channels.
        sample_rate_hz: of both.
        fft_samples: lengths of the transforms.
    """
    wanted, found = (a_weight(audio, sample_rate_hz) for audio in (target, estimate))
    each = [
        _distance(_magnitudes(wanted, samples), _magnitudes(found, samples))
        for samples in fft_samples
    ]
    return torch.stack(each).mean()


def _magnitudes(
    audio: Float[Tensor, "channel time"], samples: int
) -> Float[Tensor, "channel bin frame"]:
    window = torch.hann_window(samples, dtype=audio.dtype, device=audio.device)
    spectrum = torch.stft(audio, samples, samples // 4, window=window, return_complex=True)
    power = spectrum.real.square() + spectrum.imag.square()
    return power.clamp_min(_POWER_FLOOR).sqrt()


def _distance(target: Tensor, estimate: Tensor) -> Float[Tensor, ""]:
    error = torch.linalg.vector_norm(target - estimate, dim=(-2, -1))
    convergence = error / torch.linalg.vector_norm(target, dim=(-2, -1))
    return convergence.mean() + (target.log() - estimate.log()).abs().mean()
