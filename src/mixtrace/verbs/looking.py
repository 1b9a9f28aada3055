"""`show`: what a result or a song is like."""

from collections.abc import Callable
from pathlib import Path

from mixtrace.errors import StoreError
from mixtrace.metrics import LOSS_RATE_HZ
from mixtrace.progress import Progress, steps_of
from mixtrace.reporting import (
    Outline,
    agreement_beside,
    evidence_beside,
    held_out_sentence,
    noting_losses,
    outline_capture,
    outline_graph,
    outline_session,
    refined_beside,
    refined_sentence,
    simplified_beside,
    simplified_sentence,
    sureness_beside,
)
from mixtrace.session import doubtful, find_song, read_session
from mixtrace.store import (
    CAPTURE,
    FIT,
    JSON,
    METRICS,
    find_graph,
    read_capture,
    read_fit,
    read_gains_db,
    read_graph,
    read_metrics,
)
from mixtrace.verbs.outputs import named

__all__ = ["show"]


def show(
    path: Path | str,
    *,
    mix: Path | str | None = None,
    align: bool = True,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Outline:
    """Tell in words what a graph does, what a capture read, or what was found in a song.

    Args:
        path: a `graph.json` or the output folder of a fit or a capture; else a song, read as a fit
            reads it.
        mix: the song's mix, where names do not tell it.
        align: whether to measure how the song's tracks lie in its mix.
        on_progress: called while a song is read.

    Returns:
        An outline; print it for plain text.

    Raises:
        MixtraceError: neither, or one that cannot be used.
    """
    path = named(path)
    graph = find_graph(path)
    if graph is not None or (path / CAPTURE).is_file():
        _check_choices(path, mix, align)
    if graph is not None:
        stored = read_graph(graph)
        measures = _measures(graph.parent)
        evidence, tolerance = evidence_beside(graph, stored)
        told = (
            simplified_sentence(simplified_beside(graph)),
            refined_sentence(refined_beside(graph)),
            held_out_sentence(measures),
            *_doubts(graph.parent),
        )
        remark = " ".join(sentence for sentence in told if sentence)
        sureness, agreement = sureness_beside(graph, stored), agreement_beside(graph, stored)
        return outline_graph(stored, evidence, tolerance, remark, sureness, agreement)
    if (path / CAPTURE).is_file():
        return _captured(path)
    report = steps_of(on_progress)
    song = find_song(path, mix=mix)
    session = read_session(song, sample_rate_hz=LOSS_RATE_HZ, align=align, progress=report)
    return outline_session(session)


def _doubts(folder: Path) -> list[str]:
    """Return what was noted of a result's song by which the result may mean little."""
    notes = read_fit(folder)["notes"] if (folder / FIT).is_file() else []
    return [f"{note[0].upper()}{note[1:]}." for note in doubtful(notes)]


def _check_choices(path: Path, mix: Path | str | None, align: bool) -> None:
    """Refuse choices that a song has and a result has not."""
    for chosen, option in ((mix is not None, "--mix"), (not align, "--no-align")):
        if chosen:
            raise StoreError(
                f"Expected {option} with a song alone; {path} is a result, which is shown as it is "
                f"stored. Leave {option} out."
            )


def _captured(folder: Path) -> Outline:
    """Return the outline of a capture's folder."""
    stored = noting_losses(folder, read_capture(folder))
    gains_db = read_gains_db(folder, stored)
    return outline_capture(stored, gains_db, held_out_sentence(_measures(folder)))


def _measures(folder: Path) -> dict[str, JSON]:
    """Return how well a result matches, empty where nobody measured it."""
    return read_metrics(folder) if (folder / METRICS).is_file() else {}
