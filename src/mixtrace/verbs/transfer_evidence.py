"""What the page of a transfer tells and plays, measured while the audio is at hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from mixtrace.progress import Steps
from mixtrace.reporting.listening_plan import ListeningPlan
from mixtrace.reporting.listening_writer import write_listening
from mixtrace.session import Session, Track
from mixtrace.store import EVIDENCE, StoredGraph, stage, write_evidence
from mixtrace.verbs.dry_tracks import DryTracks
from mixtrace.verbs.evidence import collect_evidence
from mixtrace.verbs.reporting import report as make_report
from mixtrace.verbs.results import Estimate

__all__ = ["Mixed", "publish_transfer"]


@dataclass(frozen=True, eq=False)
class Mixed(Estimate):
    """What a transfer makes of its tracks.

    Attributes:
        plan: what a page will let one hear; None for nothing.
        processed: for such a page what leaves some nodes.
    """

    plan: ListeningPlan | None
    processed: Mapping[int, Float[np.ndarray, "_channel span"]]


def publish_transfer(
    folder: Path,
    stored: StoredGraph,
    dry: DryTracks,
    mixed: Mixed,
    reference: Float[np.ndarray, "2 other_time"],
    report: Steps,
) -> None:
    """Write what the page tells of the tracks, the audio that it plays, and the page.

    Args:
        folder: where the result lies.
        stored: the result.
        dry: its tracks.
        mixed: what it makes of them.
        reference: the other song's mix, at the same rate.
        report: see `Steps`.

    Raises:
        MixtraceError: something cannot be written.
    """
    _measure(folder, stored, dry, mixed, report)
    if mixed.plan is not None:
        write_listening(
            folder,
            mixed.plan,
            target=_as_long(reference, mixed.estimate.shape[1]),
            estimate=mixed.estimate,
            tracks=dry.tracks,
            processed=mixed.processed,
            sample_rate_hz=dry.sample_rate_hz,
            report=lambda done, total: report("coding audio", done, total),
        )
    make_report(folder)


def _measure(
    folder: Path, stored: StoredGraph, dry: DryTracks, mixed: Mixed, report: Steps
) -> None:
    """Write what is told of the tracks. There is no target: the mix stands in its place."""
    tracks = tuple(
        Track(each.name, each.group, audio, each.alignment, False, None, 0)
        for each, audio in zip(stored.tracks, dry.tracks, strict=True)
    )
    own = Session(stored.song, dry.sample_rate_hz, mixed.estimate, tracks, ())
    unweighed = np.full(len(stored.graph.processors), np.nan, np.float32)
    evidence = collect_evidence(
        stored,
        own,
        mixed.estimate,
        unweighed,
        lambda done, total: report("measuring", done, total),
    )
    with stage(folder) as part_of:
        write_evidence(evidence, part_of(EVIDENCE))


def _as_long(audio: Float[np.ndarray, "2 time"], length: int) -> Float[np.ndarray, "2 {length}"]:
    """Return the middle of audio, or all of it with silence behind it."""
    first = max(0, (audio.shape[1] - length) // 2)
    cut = audio[:, first : first + length]
    return np.pad(cut, ((0, 0), (0, length - cut.shape[1])))
