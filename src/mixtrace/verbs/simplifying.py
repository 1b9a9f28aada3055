"""`simplify`: a result of what only a search can turn as one of processors that people turn."""

import math
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from mixtrace.descent import SongWindows
from mixtrace.errors import MixtraceError
from mixtrace.methods import Inversion
from mixtrace.metrics import LOSS_RATE_HZ, Measures
from mixtrace.progress import OnProgress, Steps, ignored, steps_of
from mixtrace.session import Session, read_session
from mixtrace.simplifying import simplified
from mixtrace.store import FITS, JSON, Simplification, StoredGraph, session_fingerprint
from mixtrace.verbs.evidence import loss_increases
from mixtrace.verbs.inverting import Found
from mixtrace.verbs.outputs import named, result_folder
from mixtrace.verbs.result_song import ResultSong, check_apart, result_song
from mixtrace.verbs.results import measure_result, publish_result, store_result
from mixtrace.verbs.runs import claimed, write_whole
from mixtrace.verbs.sources import source_of
from mixtrace.wording import counted, percent

__all__ = ["Simple", "simplify"]

MOST_LOSS = 0.05
"""Of L_a: a twentieth is about what two runs of one search differ by."""


@dataclass(frozen=True, eq=False)
class Simple:
    """A simplified result.

    Attributes:
        stored: the graph with its settings and tracks, as `graph.json` holds it.
        simplification: what was done, and L_a before and after.
        processors: how many there were before.
        measures: how well it matches the mix.
        folder: where it lies.
        lacking: why the page could not be made, in a sentence; empty where it was.
        notes: what of a song that was named is not as it was, in sentences.
    """

    stored: StoredGraph
    simplification: Simplification
    processors: int
    measures: Measures
    folder: Path
    lacking: str = ""
    notes: tuple[str, ...] = ()


def simplify(
    result: Path | str,
    output: Path | str,
    *,
    song: Path | str | None = None,
    mix: Path | str | None = None,
    most_loss: float = MOST_LOSS,
    fresh: bool = False,
    audio: bool = True,
    page: bool = True,
    on_progress: OnProgress = ignored,
) -> Simple:
    """Write a result whose free curves, one-pole dynamics and other searched processors are dials.

    Args:
        result: the output folder of a fit; it stays as it is.
        output: the folder for the simplified result.
        song: the song; None for where the result says that it lies.
        mix: the mix of a song that is named, where names do not tell it.
        most_loss: the share of L_a by which it may rise: as long as it rises by more, the processor
            that costs most is taken back.
        fresh: whether to replace another result in the folder.
        audio: whether to write audio: the estimate, and what the page plays.
        page: whether to make the page, and to measure what it tells.
        on_progress: called often.

    Raises:
        MixtraceError: a result, a song, a share or a folder that cannot be used.
        OSError: the folder cannot be made.
    """
    if not (math.isfinite(most_loss) and most_loss >= 0.0):
        raise MixtraceError(
            f"Expected a share of L_a of 0 % or more; got {100.0 * most_loss:g} %. Try 5."
        )
    report = steps_of(on_progress)
    check_apart(named(result), named(output))
    task = _read(result_song(named(result), song, mix), report)
    of = task.of
    folder = result_folder(output, of.whole.paths, FITS)
    chosen = task.chosen | {"most_loss": most_loss}
    fingerprint = session_fingerprint(task.session, chosen)
    with claimed(folder, fingerprint, FITS, fresh=fresh):
        found, done, windows = _simplified(task, most_loss, report)
        increases = _increases(found, windows, report) if page else None
        rendered = measure_result(of.song, found.stored, of.unseen, report, page=page)
        done = replace(done, after=rendered.measures.published.l_a)
        found = replace(found, inversion=_concluded(found.inversion, done, rendered.measures))
        source = source_of(of.path, of.mix, of.whole, folder)
        facts = {"config": chosen, "fingerprint": fingerprint, "source": source}

        def store() -> None:
            store_result(folder, found, rendered, facts, audio=audio)

        def publish() -> None:
            if increases is not None:
                publish_result(folder, found.stored, rendered, increases, report, audio=audio)

        lacking = write_whole(folder, store, publish)
    before = len(of.stored.graph.processors)
    return Simple(found.stored, done, before, rendered.measures, folder, lacking, of.notes)


@dataclass(frozen=True, eq=False)
class _Task:
    """A result with its song, and the session at the rate of L_a.

    Attributes:
        of: the result and its song.
        session: the tracks that are used, and the mix.
        chosen: what tells the simplified result from others.
    """

    of: ResultSong
    session: Session
    chosen: dict[str, JSON]


def _read(of: ResultSong, report: Steps) -> _Task:
    session = read_session(
        of.song, sample_rate_hz=LOSS_RATE_HZ, alignments=of.alignments, progress=report
    )
    return _Task(of, session, {"simplified": of.digest, **of.kept_choices})


def _simplified(
    task: _Task, most_loss: float, report: Steps
) -> tuple[Found, Simplification, SongWindows]:
    """Return what was found, what was done, and the windows on which it was judged."""
    begun, of, stored = time.monotonic(), task.of, task.of.stored
    before = measure_result(of.song, stored, of.unseen, report).measures
    length, apart = task.session.mix.shape[-1], of.unseen
    windows = SongWindows(
        task.session, held_out=apart.ranges(length, LOSS_RATE_HZ) if apart else []
    )
    simple = simplified(stored.graph, stored.settings, task.session, windows, most_loss, report)
    known = of.facts.get("losses", {})
    losses = {"sum": known["sum"]} if "sum" in known else {}
    inversion = Inversion(
        simple.graph,
        simple.settings,
        simple.graph,
        losses | {"unsimplified": _both(before)},
        recipe={"most_loss": most_loss},
        ended=of.facts.get("ended", "finished"),
        seconds=time.monotonic() - begun,
    )
    turned = replace(stored, graph=simple.graph, settings=simple.settings)
    l_a = before.published.l_a
    done = Simplification(l_a, l_a, most_loss, simple.changes)
    notes = (*of.facts.get("notes", ()), *of.notes)
    return Found(turned, inversion, notes), done, windows


def _concluded(inversion: Inversion, done: Simplification, after: Measures) -> Inversion:
    """Return an inversion with its losses, and in words why it ended."""
    changed = sum(change.made for change in done.changes)
    why = (
        f"Another result was simplified in {counted(changed, 'place')}: L_a went from "
        f"{done.before:.4f} to {done.after:.4f}, and was allowed to rise by {percent(done.most)}."
    )
    return replace(
        inversion,
        losses={**inversion.losses, "final": _both(after)},
        evidence={"simplified": done.document()},
        why=why,
    )


def _both(measures: Measures) -> dict[str, float]:
    return {"published": measures.published.l_a, "eq4": measures.eq4.l_a}


def _increases(
    found: Found, windows: SongWindows, report: Steps
) -> Float32[np.ndarray, " processor"]:
    return loss_increases(
        found.stored.graph,
        found.stored.settings,
        windows,
        lambda done, total: report("weighing what is left", done, total),
    )
