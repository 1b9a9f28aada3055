"""The two distances that EAMI and its predecessors were compared by: MAE and MRSD.

Source: H. Zhou, F. Yu, X. Wu, "Audio Mixing Inversion via Embodied Self-supervised Learning",
Machine Intelligence Research 21(1), 2024, doi 10.1007/s11633-023-1441-9. We have not seen its
equations: what follows is our reading of the two names. The sizes fit (two plain sums of MedleyDB
tracks measure .10 and .22, 7.1 and 11.5 here; the published means are .226 and 7.577), but rate,
scaling and transform lengths may differ, so compare our figures with one another only. They are
told to normalise loudness with pyloudnorm; to which level we do not know, and bring the estimate to
the target's own.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from mixtrace.units import ratio_from_db

__all__ = [
    "Distances",
    "loudness_matched_distances",
    "mean_absolute_error",
    "multi_resolution_spectral_distance",
]

FFT_SIZES_SAMPLES = (2048, 1024, 512, 256, 128, 64)

_MAGNITUDE_FLOOR = 1e-5
_BLOCK_VALUES = 1 << 22
"""Values of one block of frames: bounds the memory for a song of any length."""


@dataclass(frozen=True)
class Distances:
    """Both distances of one match.

    Attributes:
        mae: Mean absolute error of the samples.
        mrsd: Multi-resolution spectral distance.
    """

    mae: float
    mrsd: float


def loudness_matched_distances(
    *,
    target: Float[Tensor, "channel time"],
    estimate: Float[Tensor, "channel time"],
    loudness_difference_lu: float,
) -> Distances:
    """Return both distances of an estimate that one gain has made as loud as the target.

    Args:
        target: [channel, time], full scale 1.
        estimate: The same shape.
        loudness_difference_lu: Loudness of the estimate less that of the target, both in LUFS.
    """
    both = {"target": target, "estimate": ratio_from_db(-loudness_difference_lu) * estimate}
    return Distances(mean_absolute_error(**both), multi_resolution_spectral_distance(**both))


def mean_absolute_error(
    *, target: Float[Tensor, "*batch time"], estimate: Float[Tensor, "*batch time"]
) -> float:
    """Return the mean of |target - estimate| over all samples of all channels.

    Args:
        target: Full scale 1, [*batch, time].
        estimate: The same shape.

    Returns:
        The mean, 0 for equal signals. Polarity and delays of a sample count in full.
    """
    return (target - estimate).abs().mean(dtype=torch.float64).item()


@torch.no_grad()
def multi_resolution_spectral_distance(
    *, target: Float[Tensor, "channel time"], estimate: Float[Tensor, "channel time"]
) -> float:
    """Return the sum over FFT lengths of linear and logarithmic magnitude differences.

        MRSD = sum over N of (mean | |T| - |E| | + mean | log |T| - log |E| |)

    with N = 2048, 1024, ..., 64, periodic Hann windows, hop N / 4, transforms not normalised,
    natural logarithms of magnitudes of at least 1e-5, means over channels, frames and bins. The
    first frame starts at the first sample, the last one is zero-padded.

    The form is the multi-scale spectral loss of J. Engel et al., "DDSP", ICLR 2020, eq. (4) with
    alpha = 1; that EAMI's MRSD has this form, these lengths and this weight is an assumption.

    Args:
        target: [channel, time], full scale 1.
        estimate: The same shape.

    Returns:
        The distance, 0 for equal magnitudes.
    """
    signals = torch.stack((target, estimate))
    return sum(_spectral_distance(signals, fft_samples) for fft_samples in FFT_SIZES_SAMPLES)


def _spectral_distance(signals: Float[Tensor, "2 channel time"], fft_samples: int) -> float:
    """Return the term of one FFT length for a target and an estimate stacked."""
    window = torch.hann_window(fft_samples, dtype=signals.dtype, device=signals.device)
    hop_samples = fft_samples // 4
    steps = -(-max(signals.shape[-1] - fft_samples, 0) // hop_samples)
    padding = steps * hop_samples + fft_samples - signals.shape[-1]
    frames = functional.pad(signals, (0, padding)).unfold(-1, fft_samples, hop_samples)
    block_frames = _BLOCK_VALUES // (fft_samples * signals.shape[0] * signals.shape[1])
    total = 0.0
    for block in frames.split(block_frames, dim=-2):
        spectra = torch.view_as_real(torch.fft.rfft(block * window))
        target, estimate = spectra.square().sum(-1).sqrt()  # .abs() takes three times as long
        difference = (target - estimate).abs()
        target, estimate = target.clamp(_MAGNITUDE_FLOOR), estimate.clamp(_MAGNITUDE_FLOOR)
        total += (difference + (target / estimate).log().abs()).sum(dtype=torch.float64).item()
    return total / (signals.shape[1] * frames.shape[-2] * (fft_samples // 2 + 1))
