"""All measures of one match at once: what a result stores, and what `mixtrace evaluate` adds."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import soxr
import torch
from jaxtyping import Float32
from torch import Tensor

from mixtrace.errors import AudioError
from mixtrace.metrics.compared import Compared, compared_parts
from mixtrace.metrics.distances import (
    Distances,
    loudness_matched_distances,
    mean_absolute_error,
    multi_resolution_spectral_distance,
)
from mixtrace.metrics.features import Features, mix_features
from mixtrace.metrics.levels import Levels, levels
from mixtrace.metrics.perceptual import Perceptual, perceptual_scores
from mixtrace.metrics.si_sdr import si_sdr_db
from mixtrace.metrics.song_loss import LOSS_RATE_HZ, SongLoss, audio_loss
from mixtrace.unseen import Unseen, divided_windows

__all__ = [
    "Evaluation",
    "HeldOut",
    "Measures",
    "PartLoss",
    "at_loss_rate",
    "evaluate_match",
    "measure",
]


@dataclass(frozen=True)
class PartLoss:
    """L_a of a part of a song.

    Attributes:
        windows: How many windows it is the mean of: those that are counted in this part alone.
        published, eq4: As in `Measures`.
    """

    windows: int
    published: SongLoss
    eq4: SongLoss


@dataclass(frozen=True)
class HeldOut:
    """L_a apart for what a search saw of a song and for what was held out of it.

    Attributes:
        choice: What was held out, as `Unseen.parse` reads it.
        ranges_s: The same as start and end in seconds.
        seen: Of what the search saw.
        unseen: Of what was held out.
    """

    choice: str
    ranges_s: tuple[tuple[float, float], ...]
    seen: PartLoss
    unseen: PartLoss


@dataclass(frozen=True)
class Measures:
    """How well an estimate matches its target; plain numbers, so `asdict` gives valid JSON.

    Attributes:
        published: L_a and its parts, spectral convergence over the estimate's norm.
        eq4: The same over the target's norm.
        mae: Mean absolute error of the samples.
        mrsd: Multi-resolution spectral distance.
        loudness_difference_lu: Loudness of the estimate less that of the target; None where one
            of them has none.
        target: Levels of the target.
        estimate: Levels of the estimate.
        held_out: L_a of both parts where a part of the song was held out of the search, else None.
        matched: MAE and MRSD of the estimate brought to the loudness of the target; None where one
            of them has none.
    """

    published: SongLoss
    eq4: SongLoss
    mae: float
    mrsd: float
    loudness_difference_lu: float | None
    target: Levels
    estimate: Levels
    held_out: HeldOut | None = None
    matched: Distances | None = None


@dataclass(frozen=True)
class Evaluation(Measures):
    """All that can be said of a match: what a result stores of it, and more.

    Attributes:
        si_sdr_db: Scale-invariant signal-to-distortion ratio; None where one is silent.
        features: The features by which automatic mixes are compared; None for a silent target.
        perceptual: What models of hearing say; None where they were not asked.
        compared: What of both is compared, and what is left out.
    """

    si_sdr_db: float | None = None
    features: Features | None = None
    perceptual: Perceptual | None = None
    compared: Compared = field(kw_only=True)


def evaluate_match(
    *,
    target: np.ndarray | Tensor,
    estimate: np.ndarray | Tensor,
    sample_rate_hz: int,
    unseen: Unseen | None = None,
    perceptual: bool = False,
) -> Evaluation:
    """Return everything about a match between two stereo files.

    Args:
        target: The mix to match, [2, time], full scale 1.
        estimate: What was rendered, [2, time].
        sample_rate_hz: The rate of both.
        unseen: What was held out when the estimate was found.
        perceptual: Whether to ask models of hearing, which takes seconds to a minute.

    Returns:
        What `measure` returns, and more.

    Raises:
        AudioError: See `measure`; or models of hearing are wanted and none is installed.
        MixtraceError: The song is too short for two parts.
    """
    as_given = {"target": _stereo("target", target), "estimate": _stereo("estimate", estimate)}
    stored = measure(target=target, estimate=estimate, sample_rate_hz=sample_rate_hz, unseen=unseen)
    target, estimate = _pair(target, estimate)
    both: dict[str, Any] = {"target": target, "estimate": estimate}
    features = mix_features(**both, sample_rate_hz=sample_rate_hz)
    return Evaluation(
        **{each.name: getattr(stored, each.name) for each in fields(stored)},
        si_sdr_db=si_sdr_db(**both),
        features=features,
        perceptual=(
            perceptual_scores(**both, sample_rate_hz=sample_rate_hz) if perceptual else None
        ),
        compared=compared_parts(
            **as_given,
            sample_rate_hz=sample_rate_hz,
            features_s=None if features is None else features.range_s,
        ),
    )


def measure(
    *,
    target: np.ndarray | Tensor,
    estimate: np.ndarray | Tensor,
    sample_rate_hz: int,
    unseen: Unseen | None = None,
) -> Measures:
    """Return every measure of a match between two stereo files.

    L_a is computed at 30 kHz: both are resampled (soxr, high quality) where the rate is another.
    Everything else is computed at the given rate. If lengths differ, the shorter one is padded
    with silence at its end, so the missing part counts as an error. Nothing is aligned.

    Args:
        target: The mix to match, [2, time], full scale 1.
        estimate: What was rendered, [2, time].
        sample_rate_hz: The rate of both.
        unseen: What was held out when the estimate was found.

    Returns:
        The measures.

    Raises:
        AudioError: One is not stereo, holds NaN or infinite samples, or both end within a second.
        MixtraceError: The song is too short for two parts.
    """
    target, estimate = _pair(target, estimate)
    compared_target = at_loss_rate(target, sample_rate_hz)
    compared_estimate = at_loss_rate(estimate, sample_rate_hz)
    losses = audio_loss(target=compared_target, estimate=compared_estimate)
    held_out = None
    if unseen is not None:
        held_out = _held_out(target=compared_target, estimate=compared_estimate, unseen=unseen)
    both = {"target": torch.from_numpy(target), "estimate": torch.from_numpy(estimate)}
    of_target, of_estimate = levels(target, sample_rate_hz), levels(estimate, sample_rate_hz)
    louder_lu = _difference(of_estimate.loudness_lufs, of_target.loudness_lufs)
    matched = None
    if louder_lu is not None:
        matched = loudness_matched_distances(**both, loudness_difference_lu=louder_lu)
    return Measures(
        published=losses["published"],
        eq4=losses["eq4"],
        mae=mean_absolute_error(**both),
        mrsd=multi_resolution_spectral_distance(**both),
        loudness_difference_lu=louder_lu,
        target=of_target,
        estimate=of_estimate,
        held_out=held_out,
        matched=matched,
    )


def _held_out(
    *,
    target: Float32[Tensor, "2 time_at_30_khz"],
    estimate: Float32[Tensor, "2 time_at_30_khz"],
    unseen: Unseen,
) -> HeldOut:
    length_samples = target.shape[-1]
    ranges = unseen.ranges(length_samples, LOSS_RATE_HZ)

    def part(starts: Sequence[int]) -> PartLoss:
        losses = audio_loss(target=target, estimate=estimate, starts=starts)
        return PartLoss(len(starts), losses["published"], losses["eq4"])

    windows_seen, windows_unseen = divided_windows(length_samples, LOSS_RATE_HZ, ranges)
    ranges_s = tuple((start / LOSS_RATE_HZ, stop / LOSS_RATE_HZ) for start, stop in ranges)
    return HeldOut(str(unseen), ranges_s, part(windows_seen), part(windows_unseen))


def _pair(
    target: np.ndarray | Tensor, estimate: np.ndarray | Tensor
) -> tuple[Float32[np.ndarray, "2 time"], Float32[np.ndarray, "2 time"]]:
    """Return both as arrays of one length."""
    target, estimate = _stereo("target", target), _stereo("estimate", estimate)
    length_samples = max(target.shape[-1], estimate.shape[-1])
    return _padded(target, length_samples), _padded(estimate, length_samples)


def _stereo(name: str, audio: np.ndarray | Tensor) -> Float32[np.ndarray, "2 time"]:
    """Return the audio as an array of single precision, or say what is wrong with it."""
    array = np.asarray(audio.detach().cpu() if isinstance(audio, Tensor) else audio, np.float32)
    if array.ndim != 2 or len(array) != 2:
        raise AudioError(
            f"Expected a stereo {name} [2, time], got {list(array.shape)}. "
            "Copy a mono file to both channels."
        )
    if not np.isfinite(array).all():
        raise AudioError(
            f"Expected finite samples, but the {name} holds NaN or infinities. Export it again."
        )
    return array


def _padded(
    audio: Float32[np.ndarray, "2 time"], length_samples: int
) -> Float32[np.ndarray, "2 {length_samples}"]:
    return np.pad(audio, ((0, 0), (0, length_samples - audio.shape[-1])))


def at_loss_rate(
    audio: Float32[np.ndarray, "2 time"], sample_rate_hz: int
) -> Float32[Tensor, "2 time_at_30_khz"]:
    """Return stereo audio at the rate of L_a, resampled by soxr where it has another."""
    if sample_rate_hz != LOSS_RATE_HZ:
        audio = soxr.resample(audio.T, sample_rate_hz, LOSS_RATE_HZ).T
    return torch.from_numpy(np.ascontiguousarray(audio))


def _difference(level_db: float | None, reference_db: float | None) -> float | None:
    return None if level_db is None or reference_db is None else level_db - reference_db
