"""`refine`: the settings of a result moved until a chain of real plug-ins matches the mix."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float32

from mixtrace.descent import SongWindows
from mixtrace.errors import MixtraceError
from mixtrace.methods import Inversion, Work
from mixtrace.metrics import LOSS_RATE_HZ, Measures
from mixtrace.progress import OnProgress, Steps, ignored, steps_of
from mixtrace.refining import Refined, engine_named, search_named
from mixtrace.session import read_session
from mixtrace.store import FITS, JSON, Refinement, StoredGraph, session_fingerprint
from mixtrace.verbs.evidence import loss_increases
from mixtrace.verbs.inverting import Found
from mixtrace.verbs.outputs import named, result_folder
from mixtrace.verbs.plug_ins import searched
from mixtrace.verbs.result_song import ResultSong, check_apart, result_song
from mixtrace.verbs.results import Rendered, measure_result, publish_result, write_result
from mixtrace.verbs.runs import claimed, warnings_of
from mixtrace.verbs.sources import source_of
from mixtrace.wording import counted

__all__ = ["Turned", "refine"]

_LEAST_EVALUATIONS = 4
"""The start and one turn of SPSA."""


@dataclass(frozen=True, eq=False)
class Turned:
    """A result that was refined for plug-ins.

    Attributes:
        stored: the graph with its settings and tracks, as `graph.json` holds it.
        refinement: what was done, and L_a of the plug-ins before and after.
        measures: how well our own rendering of the refined settings matches the mix.
        ended: `finished`, or `stopped` by the user before its end.
        folder: where it lies.
        lacking: why the page could not be made, in a sentence; empty where it was.
        warnings: what went wrong on the way and was mended, a sentence each.
    """

    stored: StoredGraph
    refinement: Refinement
    measures: Measures
    ended: str
    folder: Path
    lacking: str = ""
    warnings: tuple[str, ...] = ()


def refine(
    result: Path | str,
    output: Path | str,
    *,
    engine: str = "pedalboard",
    search: str = "spsa",
    evaluations: int = 300,
    seed: int = 0,
    song: Path | str | None = None,
    mix: Path | str | None = None,
    fresh: bool = False,
    audio: bool = True,
    page: bool = True,
    on_progress: OnProgress = ignored,
) -> Turned:
    """Write a result whose settings are such that real plug-ins match the mix as well as they can.

    The settings stay those of mixtrace: exported to the plug-ins, they become what was searched
    for. Ctrl-C ends the search with the best so far; what was stopped or killed goes on when it is
    called again with the same arguments.

    Args:
        result: the output folder of a fit; it stays as it is.
        output: the folder for the refined result.
        engine: whose plug-ins.
        search: `spsa` or `cma`.
        evaluations: how often the plug-ins are asked for the windows that are listened to.
        seed: what the search draws from.
        song: the song; None for where the result says that it lies.
        mix: the mix of a song that is named, where names do not tell it.
        fresh: whether to start anew and to replace another result in the folder.
        audio: whether to write audio: our own rendering, and what the page plays.
        page: whether to make the page, and to measure what it tells.
        on_progress: called often.

    Raises:
        MixtraceError: a result, a song, a choice or a folder that cannot be used, or plug-ins or a
            search that are not installed.
        OSError: the folder cannot be made.
    """
    engine_named(engine)
    search_named(search)
    if evaluations < _LEAST_EVALUATIONS:
        raise MixtraceError(
            f"Expected {_LEAST_EVALUATIONS} evaluations or more; got {evaluations}. Try 300."
        )
    if seed < 0:
        raise MixtraceError(f"Expected a seed of 0 or more; got {seed}. Choose another number.")
    report = steps_of(on_progress)
    check_apart(named(result), named(output))
    of = result_song(named(result), song, mix)
    if of.facts.get("config", {}).get("recipe") == "transfer":
        raise MixtraceError(
            f"Expected a result that matches its song's own mix; {result} was mixed like another "
            "song, and refining would take it back to its own. Give the result of a fit."
        )
    folder = result_folder(output, of.whole.paths, FITS)
    before = measure_result(of.song, of.stored, of.unseen, report)
    chosen: dict[str, JSON] = {
        "refined": of.digest,
        "engine": engine,
        "search": search,
        "evaluations": evaluations,
        "seed": seed,
        **of.kept_choices,
    }
    fingerprint = session_fingerprint(before.session, chosen)
    with claimed(folder, fingerprint, FITS, fresh=fresh) as keeper:
        work = Work(keeper=keeper, on_progress=on_progress)
        turned, done = searched(of, before, chosen, work)
        stored = replace(of.stored, settings=turned.settings)
        increases = _increases(of, stored, turned, report) if page else None
        rendered = measure_result(of.song, stored, of.unseen, report, page=page)
        inversion = _inversion(of, before, turned, done, rendered, chosen)
        warnings = warnings_of(keeper)
        told = (*of.facts.get("notes", ()), _hint(done), *of.notes, *warnings)
        found = Found(stored, inversion, told)
        source = source_of(of.path, of.mix, of.whole, folder)
        facts = {"config": chosen, "fingerprint": fingerprint, "source": source}

        def publish() -> None:
            if increases is not None:
                publish_result(folder, stored, rendered, increases, report, audio=audio)

        lacking = write_result(folder, found, rendered, facts, keeper, publish, audio=audio)
    measures = rendered.measures
    return Turned(stored, done, measures, turned.ended, folder, lacking, (*of.notes, *warnings))


def _inversion(
    of: ResultSong,
    before: Rendered,
    turned: Refined,
    done: Refinement,
    after: Rendered,
    chosen: Mapping[str, JSON],
) -> Inversion:
    """Return how the result came about."""
    known = of.facts.get("losses", {})
    losses = {"sum": known["sum"]} if "sum" in known else {}
    why = (
        f"Another result was refined for the plug-ins of {done.engine}: "
        f"{counted(done.evaluations, 'evaluation')} by {done.search}"
        f"{' until it was stopped' if turned.ended == 'stopped' else ''}."
    )
    return Inversion(
        of.stored.graph,
        turned.settings,
        of.stored.graph,
        losses | {"unrefined": _both(before.measures), "final": _both(after.measures)},
        {
            "refined": done.document(),
            "history": {"loss": list(turned.prices), "seconds": list(turned.at_s)},
        },
        {name: chosen[name] for name in ("engine", "search", "evaluations", "seed")},
        turned.ended,
        why,
        turned.seconds,
    )


def _hint(done: Refinement) -> str:
    """Return what the user has to know of the result's own audio."""
    how = (
        "No export is written for these plug-ins: refined.json has their dials."
        if done.plug_ins
        else "Export the result to hear the plug-ins."
    )
    return (
        f"The settings are refined for the plug-ins of {done.engine}: mix.wav and the measures are "
        f"of mixtrace's own processors with them. {how}"
    )


def _both(measures: Measures) -> dict[str, float]:
    return {"published": measures.published.l_a, "eq4": measures.eq4.l_a}


def _increases(
    of: ResultSong, stored: StoredGraph, turned: Refined, report: Steps
) -> Float32[np.ndarray, " processor"]:
    """Weigh each processor; nobody waits for it who stopped the search."""
    if turned.ended == "stopped":
        return np.full(len(stored.graph.processors), np.nan, np.float32)
    session = read_session(
        of.song, sample_rate_hz=LOSS_RATE_HZ, alignments=of.alignments, progress=report
    )
    length = session.mix.shape[-1]
    held_out = of.unseen.ranges(length, LOSS_RATE_HZ) if of.unseen else []
    return loss_increases(
        stored.graph,
        stored.settings,
        SongWindows(session, held_out=held_out),
        lambda done, total: report("weighing", done, total),
    )
