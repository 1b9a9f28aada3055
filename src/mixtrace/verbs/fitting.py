"""`fit`: from a song on disk to a graph, its mix and its measures."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32

from mixtrace.errors import MixtraceError
from mixtrace.fit import SongWindows
from mixtrace.metrics import LOSS_RATE_HZ, Measures, measure
from mixtrace.prune import Progress, SearchConfig, SearchResult, search
from mixtrace.render import render_taps
from mixtrace.report.listening_plan import plan_listening
from mixtrace.report.listening_writer import write_listening
from mixtrace.runtime import give_back
from mixtrace.session import (
    Looks,
    Session,
    Song,
    Track,
    find_song,
    read_session,
    used_session,
)
from mixtrace.store import (
    EVIDENCE,
    FIT,
    FIT_SCHEMA,
    GRAPH,
    METRICS,
    METRICS_SCHEMA,
    MIX_AUDIO,
    PARAMS,
    Evidence,
    StoredGraph,
    StoredTrack,
    claimed_folder,
    mixtrace_version,
    session_fingerprint,
    stage,
    write_document,
    write_evidence,
    write_graph,
)
from mixtrace.unseen import Range, Unseen
from mixtrace.verbs.audio_files import write_audio
from mixtrace.verbs.evidence import collect_evidence, loss_increases
from mixtrace.verbs.outputs import apart_from
from mixtrace.verbs.reporting import write_report

__all__ = ["Fit", "fit"]

_DEVICES = ("cpu", "cuda")


@dataclass(frozen=True, eq=False)
class Fit:
    """What a fit found.

    Attributes:
        stored: the graph with its settings and tracks, as `graph.json` holds it.
        search: how it was found.
        mix: the estimate at the mix's own rate, [2, time].
        sample_rate_hz: that rate.
        measures: how well the estimate matches the mix.
        notes: what was assumed of the song.
        folder: where all this lies on disk, or None.
    """

    stored: StoredGraph
    search: SearchResult
    mix: Float[np.ndarray, "2 time"]
    sample_rate_hz: int
    measures: Measures
    notes: tuple[str, ...]
    folder: Path | None


def fit(
    song: Song | Path | str,
    output: Path | str | None = None,
    *,
    mix: Path | str | None = None,
    config: SearchConfig | None = None,
    align: bool = True,
    unseen: str | None = None,
    device: str = "cpu",
    fresh: bool = False,
    force: bool = False,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Fit:
    """Find the graph that made a mix from its tracks.

    Ctrl-C ends the search early with what was reached; a killed fit goes on from its checkpoint
    when it is called again with the same arguments.

    Args:
        song: a folder, a manifest or a found song.
        output: the folder for the result; None to write nothing.
        mix: the mix's file, where names do not tell it.
        config: how to search; by default our recipe on the console `studio`.
        align: whether to measure how each track lies in the mix.
        unseen: what to hold out of the search, such as `end:40` or `blocks:40`, a percentage of the
            song: L_a is then measured on both parts. The alignment alone reads all of the mix.
        device: where to search, `cpu` or `cuda`.
        fresh: whether to start anew and to replace another fit's result.
        force: whether to use all tracks, also those that are not heard in the mix.
        on_progress: called often, also while files are read and written.

    Raises:
        MixtraceError: a song, a choice or a folder that cannot be used.
        OSError: the folder cannot be written to.
    """
    config = config or SearchConfig()
    config.resolve()
    apart = None if unseen is None else Unseen.parse(unseen)
    _check_device(device)
    song = song if isinstance(song, Song) else find_song(song, mix=mix)
    folder = None if output is None else apart_from(Path(output), song)

    def report(stage: str, done: int, total: int) -> None:
        on_progress(Progress(stage, done, total, None, None))

    whole = read_session(song, sample_rate_hz=LOSS_RATE_HZ, align=align, progress=report)
    session = used_session(whole, force=force)
    unused = tuple(_stored_track(t) for t in whole.tracks if t not in session.tracks)
    del whole
    held_out = apart.ranges(session.mix.shape[-1], LOSS_RATE_HZ) if apart else []
    choices = asdict(config) | ({"unseen": str(apart)} if apart else {})
    with ExitStack() as stack:
        fingerprint = session_fingerprint(session, choices)
        keeper = None
        if folder is not None:
            keeper = stack.enter_context(claimed_folder(folder, fingerprint, fresh=fresh))
        found = search(
            session,
            config,
            held_out=held_out,
            device=device,
            keeper=keeper,
            on_progress=on_progress,
        )
        stored, notes = _stored(session, found, unused), session.notes
        increases = None if folder is None else _increases(session, found, held_out, report)
        del session  # makes room for the song at its own rate
        give_back()
        result, evidence = _rendered(song, stored, found, notes, apart, folder, increases, report)
        if folder is not None and evidence is not None:
            facts = {"config": choices, "fingerprint": fingerprint}
            _write(folder, result, evidence, facts)
            write_report(folder)
    return result


def _check_device(device: str) -> None:
    try:
        if torch.device(device).type not in _DEVICES:
            raise RuntimeError(f"{device} is none of {_DEVICES}")
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise MixtraceError(
            f"Expected a device that this machine has; '{device}' cannot be used. "
            "Pass --device cpu, or cuda where there is a GPU."
        ) from error


def _stored(session: Session, found: SearchResult, unused: tuple[StoredTrack, ...]) -> StoredGraph:
    tracks = tuple(_stored_track(track) for track in session.tracks)
    return StoredGraph(session.name, tracks, found.graph, found.settings, unused)


def _stored_track(track: Track) -> StoredTrack:
    return StoredTrack(track.name, track.group, track.alignment)


def _increases(
    session: Session,
    found: SearchResult,
    held_out: Sequence[Range],
    report: Callable[[str, int, int], None],
) -> Float32[np.ndarray, " processor"]:
    """Weigh each processor; nobody waits for it who stopped the search."""
    if found.interrupted:
        return np.full(len(found.graph.processors), np.nan, np.float32)
    return loss_increases(
        found.graph,
        found.settings,
        SongWindows(session, held_out=held_out),
        lambda done, total: report("weighing", done, total),
    )


def _rendered(
    song: Song,
    stored: StoredGraph,
    found: SearchResult,
    notes: tuple[str, ...],
    apart: Unseen | None,
    folder: Path | None,
    increases: Float32[np.ndarray, " processor"] | None,
    report: Callable[[str, int, int], None],
) -> tuple[Fit, Evidence | None]:
    """Render and measure the whole song at the mix's own rate; in detail where it is stored."""
    alignments = {track.name: track.alignment for track in stored.tracks}
    song = replace(song, tracks=tuple(t for t in song.tracks if t.name in alignments))
    session = read_session(song, alignments=alignments, progress=report)
    plan = folder and plan_listening(stored.graph, session.audio, session.sample_rate_hz)
    rendered, processed = render_taps(
        stored.graph,
        stored.settings,
        Looks(torch.from_numpy, session.audio),
        session.sample_rate_hz,
        [strip.end for strip in plan.strips] if plan else [],
        span=plan.span if plan else None,
        progress=lambda done, total: report("rendering", done, total),
    )
    mix = rendered.numpy()
    report("measuring", 0, 1)
    measures = measure(
        target=session.mix, estimate=mix, sample_rate_hz=session.sample_rate_hz, unseen=apart
    )
    report("measuring", 1, 1)
    evidence = None
    if increases is not None:
        evidence = collect_evidence(
            stored, session, mix, increases, lambda done, total: report("listening", done, total)
        )
    if folder and plan:
        write_listening(
            folder,
            plan,
            target=session.mix,
            estimate=mix,
            tracks=session.audio,
            processed={i: audio.numpy() for i, audio in processed.items()},
            sample_rate_hz=session.sample_rate_hz,
            report=lambda done, total: report("coding audio", done, total),
        )
    return Fit(stored, found, mix, session.sample_rate_hz, measures, notes, folder), evidence


def _write(folder: Path, result: Fit, evidence: Evidence, facts: dict[str, Any]) -> None:
    """Write the result's files as one; the fit's own, which names it, comes last."""
    found = result.search
    report = {
        "mixtrace": mixtrace_version(),
        "song": result.stored.song,
        **facts,
        "interrupted": found.interrupted,
        "seconds": found.seconds,
        "processors": {
            "console": len(found.console.processors),
            "kept": len(found.graph.processors),
        },
        "losses": found.losses,
        "notes": list(result.notes),
        "removed": found.removed,
        "history": found.history,
    }
    rate = {"sample_rate_hz": result.sample_rate_hz}
    with stage(folder) as part_of:
        write_audio(part_of(MIX_AUDIO), result.mix, result.sample_rate_hz)
        write_graph(result.stored, part_of(GRAPH), part_of(PARAMS))
        write_document(part_of(METRICS), METRICS_SCHEMA, rate | asdict(result.measures))
        write_evidence(evidence, part_of(EVIDENCE))
        write_document(part_of(FIT), FIT_SCHEMA, _finite(report))


def _finite(value: Any) -> Any:
    """Return JSON values with None for each number that is not finite: a loss that diverged."""
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
