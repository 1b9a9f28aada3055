"""The distance L_a between two stereo mixes: multi-resolution, mel, A-weighted.

For each of left, right, mid = left + right, side = left - right and each FFT length N in 512, 1024,
4096, with T and E the mel magnitude spectra of target and estimate,

    log distance = mean |log T - log E|,    convergence = ||T - E|| / ||T|| or ||T - E|| / ||E||,

and L_a = mean over the four channels of the mean over N of (log distance + convergence).

Source: S. Lee et al., arXiv 2509.15948, eq. (4). There the convergence is divided by the norm of
the target (`eq4`); the published numbers were computed with the norm of the estimate (`published`).
"""

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.errors import AudioError
from mixtrace.losses.distances import distances
from mixtrace.losses.spectra import Resolution, mel_magnitudes
from mixtrace.losses.weighting import a_weight

__all__ = [
    "CHANNELS",
    "FFT_SIZES_SAMPLES",
    "Convention",
    "LossFeatures",
    "LossParts",
    "MixLoss",
    "combine",
    "combine_channels",
    "mix_loss",
]

CHANNELS = ("left", "right", "mid", "side")
"""The order of the four channels in features and parts."""

FFT_SIZES_SAMPLES = (512, 1024, 4096)

Convention = Literal["published", "eq4"]


@dataclass(frozen=True)
class LossFeatures:
    """What the loss needs of a target, one tensor a resolution; index it by window as a tensor.

    Attributes:
        mel: Mel magnitudes, [*batch, 4, frame, band].
        norm: Their Frobenius norms, [*batch, 4].
    """

    mel: tuple[Tensor, ...]
    norm: tuple[Tensor, ...]

    def __getitem__(self, index: int | slice | list[int] | Tensor) -> "LossFeatures":
        """Return the features of the chosen windows, as a tensor is indexed."""
        return LossFeatures(
            tuple(tensor[index] for tensor in self.mel),
            tuple(tensor[index] for tensor in self.norm),
        )


@dataclass(frozen=True)
class LossParts:
    """The terms of the loss before any mean over channels or resolutions.

    Attributes:
        log_distance: Mean |log T - log E| in nepers, [*batch, 4, 3].
        convergence_eq4: ||T - E|| / ||T||, [*batch, 4, 3].
        convergence_published: ||T - E|| / ||E||, [*batch, 4, 3].
    """

    log_distance: Float[Tensor, "*batch 4 3"]
    convergence_eq4: Float[Tensor, "*batch 4 3"]
    convergence_published: Float[Tensor, "*batch 4 3"]


class MixLoss:
    """L_a for audio at one sample rate: precomputed filters, never changed after construction."""

    def __init__(
        self,
        sample_rate_hz: int,
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> None:
        """Compute windows and mel filters.

        Args:
            sample_rate_hz: The rate of every target and estimate.
            device: Where targets and estimates lie.
            dtype: Their type.
        """
        self._sample_rate_hz = sample_rate_hz
        self._resolutions = tuple(
            Resolution(sample_rate_hz, fft_samples, device=device, dtype=dtype)
            for fft_samples in FFT_SIZES_SAMPLES
        )

    @torch.no_grad()
    def features(self, target: Float[Tensor, "*batch 2 time"]) -> LossFeatures:
        """Return everything about `target` that needs no estimate.

        Args:
            target: The mix to match, [*batch, 2, time], full scale 1.

        Returns:
            Its features; memory is two and a half times that of the audio.

        Raises:
            AudioError: The target is shorter than 2049 samples.
        """
        mel = self._mel(target)
        return LossFeatures(mel, tuple(_norm(tensor) for tensor in mel))

    def parts(self, estimate: Float[Tensor, "*batch 2 time"], features: LossFeatures) -> LossParts:
        """Return the terms of the loss between `estimate` and the target of `features`.

        Gradients are finite everywhere: magnitudes have a floor, so no norm is zero, and an
        estimate equal to its target has gradient zero.

        Args:
            estimate: What was rendered, as long as the target, [*batch, 2, time].
            features: `features(target)` for the same batch.

        Returns:
            The parts, each [*batch, 4, 3].

        Raises:
            AudioError: The estimate is not as long as the target.
        """
        mel = self._mel(estimate)
        if mel[0].shape[-2] != features.mel[0].shape[-2]:
            raise AudioError(
                f"Expected an estimate as long as the target; its frames are {mel[0].shape[-2]}, "
                f"the target's {features.mel[0].shape[-2]}. Pad or cut the estimate."
            )
        found = [distances(*of_resolution) for of_resolution in zip(mel, features.mel, strict=True)]
        log_distance, error, own_norm = (
            torch.stack(column, -1) for column in zip(*found, strict=True)
        )
        return LossParts(
            log_distance,
            error / torch.stack(features.norm, -1),
            error / own_norm,
        )

    def _mel(self, stereo: Float[Tensor, "*batch 2 time"]) -> tuple[Tensor, ...]:
        """Return A-weighted mel magnitudes, one tensor [*batch, 4, frame, band] a resolution."""
        shortest_samples = FFT_SIZES_SAMPLES[-1] // 2 + 1
        if stereo.shape[-1] < shortest_samples:
            raise AudioError(
                f"Expected audio of at least {shortest_samples} samples, the longest transform "
                f"needs them; got {stereo.shape[-1]}. Pad it with silence."
            )
        batch = stereo.shape[:-2]
        weighted = a_weight(stereo.reshape(-1, *stereo.shape[-2:]), self._sample_rate_hz)
        mel = (mel_magnitudes(weighted, resolution) for resolution in self._resolutions)
        return tuple(tensor.reshape(*batch, *tensor.shape[1:]) for tensor in mel)


def combine_channels(parts: LossParts, convention: Convention) -> Float[Tensor, "*batch 4"]:
    """Return the loss of left, right, mid and side: the mean over the three resolutions."""
    convergence = {
        "published": parts.convergence_published,
        "eq4": parts.convergence_eq4,
    }[convention]
    return (parts.log_distance + convergence).mean(-1)


def combine(parts: LossParts, convention: Convention) -> Float[Tensor, "*batch"]:
    """Return L_a = 0.25 (left + right + mid + side) of every window.

    Args:
        parts: The terms of the loss, each [*batch, 4, 3].
        convention: `eq4` divides the convergence by the target's norm, `published` by the
            estimate's.

    Returns:
        L_a, [*batch].
    """
    return combine_channels(parts, convention).mean(-1)


def mix_loss(
    *,
    target: Float[Tensor, "*batch 2 time"],
    estimate: Float[Tensor, "*batch 2 time"],
    sample_rate_hz: int,
    convention: Convention = "published",
) -> Float[Tensor, "*batch"]:
    """Return L_a of every window; in a loop hold a `MixLoss` and the target's features instead.

    Args:
        target: The mix to match, [*batch, 2, time], full scale 1.
        estimate: What was rendered, [*batch, 2, time].
        sample_rate_hz: The rate of both.
        convention: As in `combine`.

    Returns:
        L_a, [*batch].
    """
    loss = MixLoss(sample_rate_hz, device=target.device, dtype=target.dtype)
    return combine(loss.parts(estimate, loss.features(target)), convention)


def _norm(spectra: Float[Tensor, "*batch frame band"]) -> Float[Tensor, "*batch"]:
    return torch.linalg.vector_norm(spectra, dim=(-2, -1))
