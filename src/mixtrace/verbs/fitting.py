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
from mixtrace.report.listening_plan import ListeningPlan, plan_listening
from mixtrace.report.listening_writer import listening_files, write_listening
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
from mixtrace.stopping import deferred
from mixtrace.store import (
    EVIDENCE,
    FIT,
    FIT_SCHEMA,
    GRAPH,
    METRICS,
    METRICS_SCHEMA,
    MIX_AUDIO,
    PARAMS,
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
from mixtrace.verbs.outputs import result_folder
from mixtrace.verbs.reporting import own_page, page_failure
from mixtrace.verbs.reporting import report as make_report

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
        notes: what was assumed of the song, and the warnings.
        folder: where all this lies on disk, or None.
        lacking: why the page could not be made, in a sentence; empty where it was.
        warnings: what went wrong on the way and was mended, a sentence each.
    """

    stored: StoredGraph
    search: SearchResult
    mix: Float[np.ndarray, "2 time"]
    sample_rate_hz: int
    measures: Measures
    notes: tuple[str, ...]
    folder: Path | None
    lacking: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class _Rendered:
    """Result and song at the mix's own rate; plan and processed audio where they are stored."""

    session: Session
    mix: Float[np.ndarray, "2 time"]
    plan: ListeningPlan | None
    processed: dict[int, Float[np.ndarray, "_channel span"]]


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

    Ctrl-C ends the search early with what was reached, and all else at once; a fit that was
    stopped or killed goes on from its checkpoint when it is called again with the same arguments.

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
        OSError: the folder cannot be made.
    """
    config = config or SearchConfig()
    config.resolve()
    apart = None if unseen is None else Unseen.parse(unseen)
    _check_device(device)
    song = song if isinstance(song, Song) else find_song(song, mix=mix)
    folder = None if output is None else result_folder(output, song)

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
        warnings = (keeper.warning,) if keeper is not None and keeper.warning else ()
        stored, notes = _stored(session, found, unused), (*session.notes, *warnings)
        increases = None if folder is None else _increases(session, found, held_out, report)
        del session  # makes room for the song at its own rate
        give_back()
        rendered = _rendered(song, stored, report, planned=folder is not None)
        rate, estimate = rendered.session.sample_rate_hz, rendered.mix
        report("measuring", 0, 1)
        measures = measure(
            target=rendered.session.mix, estimate=estimate, sample_rate_hz=rate, unseen=apart
        )
        report("measuring", 1, 1)
        result = Fit(stored, found, estimate, rate, measures, notes, folder, warnings=warnings)
        if keeper is not None and increases is not None:
            with deferred():
                facts = {"config": choices, "fingerprint": fingerprint}
                result = _stored_result(result, rendered, increases, facts, report)
                if not found.interrupted:
                    keeper.forget_previous()
    return result


def _stored_result(
    result: Fit,
    rendered: _Rendered,
    increases: Float32[np.ndarray, " processor"],
    facts: dict[str, Any],
    report: Callable[[str, int, int], None],
) -> Fit:
    """Write a result that has a folder, then its page, and tell what its page lacks."""
    folder, stored = result.folder, result.stored
    assert folder is not None
    _write(folder, result, facts)
    lacking = page_failure(folder, lambda: _write_page(folder, stored, rendered, increases, report))
    return replace(result, lacking=lacking)


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
    song: Song, stored: StoredGraph, report: Callable[[str, int, int], None], *, planned: bool
) -> _Rendered:
    """Render the whole song at the mix's own rate; its chains too where a page is planned."""
    alignments = {track.name: track.alignment for track in stored.tracks}
    song = replace(song, tracks=tuple(t for t in song.tracks if t.name in alignments))
    session = read_session(song, alignments=alignments, progress=report)
    rate = session.sample_rate_hz
    plan = plan_listening(stored.graph, session.audio, rate) if planned else None
    mix, processed = render_taps(
        stored.graph,
        stored.settings,
        Looks(torch.from_numpy, session.audio),
        rate,
        [strip.end for strip in plan.strips] if plan else [],
        span=plan.span if plan else None,
        progress=lambda done, total: report("rendering", done, total),
    )
    heard = {i: audio.numpy() for i, audio in processed.items()}
    return _Rendered(session, mix.numpy(), plan, heard)


def _write_page(
    folder: Path,
    stored: StoredGraph,
    rendered: _Rendered,
    increases: Float32[np.ndarray, " processor"],
    report: Callable[[str, int, int], None],
) -> None:
    """Write what the page tells of the audio, the audio itself, and the page."""
    session, mix, plan = rendered.session, rendered.mix, rendered.plan
    evidence = collect_evidence(
        stored, session, mix, increases, lambda done, total: report("listening", done, total)
    )
    with stage(folder) as part_of:
        write_evidence(evidence, part_of(EVIDENCE))
    if plan is not None:
        write_listening(
            folder,
            plan,
            target=session.mix,
            estimate=mix,
            tracks=session.audio,
            processed=rendered.processed,
            sample_rate_hz=session.sample_rate_hz,
            report=lambda done, total: report("coding audio", done, total),
        )
    make_report(folder)


def _write(folder: Path, result: Fit, facts: dict[str, Any]) -> None:
    """Write the result's files as one; what was told of an older result goes with it."""
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
    outdated = {EVIDENCE} | own_page(folder) | listening_files(folder)
    with stage(folder, outdated) as part_of:
        write_audio(part_of(MIX_AUDIO), result.mix, result.sample_rate_hz)
        write_graph(result.stored, part_of(GRAPH), part_of(PARAMS))
        write_document(part_of(METRICS), METRICS_SCHEMA, rate | asdict(result.measures))
        write_document(part_of(FIT), FIT_SCHEMA, _finite(report))


def _finite(value: Any) -> Any:
    """Return JSON values with None for each number that is not finite: a loss that diverged."""
    if isinstance(value, dict):
        return {key: _finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
