"""`refine`: the settings of a result moved until a chain of real plug-ins matches the mix."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32

from mixtrace.descent import SongWindows
from mixtrace.errors import MixtraceError
from mixtrace.exporting import Project
from mixtrace.methods import Inversion, Work
from mixtrace.metrics import LOSS_RATE_HZ, Measures, at_loss_rate, audio_loss
from mixtrace.processors import Settings
from mixtrace.progress import OnProgress, Steps, ignored, steps_of
from mixtrace.refining import (
    ChainPrice,
    Engine,
    Knobs,
    Refined,
    engine_class,
    refined,
    search_class,
    searched_windows,
)
from mixtrace.rendering import check_work
from mixtrace.session import Session, read_session
from mixtrace.session.scratch import scratch_folder
from mixtrace.store import (
    FITS,
    JSON,
    ChainLoss,
    Checkpoint,
    Refinement,
    StoredGraph,
    session_fingerprint,
)
from mixtrace.verbs.evidence import loss_increases
from mixtrace.verbs.inverting import Found
from mixtrace.verbs.outputs import named, result_folder
from mixtrace.verbs.result_song import ResultSong, check_apart, result_song
from mixtrace.verbs.results import Rendered, measure_result, publish_result, store_result
from mixtrace.verbs.runs import claimed, warnings_of, write_whole
from mixtrace.verbs.sources import source_of
from mixtrace.wording import counted

__all__ = ["Refinement", "Turned", "refine"]

_WINDOWS = 4
"""Of a song, to be listened to each time: more cost as much more time."""

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
    engine_class(engine)
    search_class(search)
    if evaluations < _LEAST_EVALUATIONS:
        raise MixtraceError(
            f"Expected {_LEAST_EVALUATIONS} evaluations or more; got {evaluations}. Try 300."
        )
    report = steps_of(on_progress)
    check_apart(named(result), named(output))
    of = result_song(named(result), song, mix)
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
        turned, done = _searched(of, before, chosen, work)
        stored = replace(of.stored, settings=turned.settings)
        increases = _increases(of, stored, turned, report) if page else None
        rendered = measure_result(of.song, stored, of.unseen, report, page=page)
        inversion = _inversion(of, before, turned, done, rendered, chosen)
        warnings = warnings_of(keeper)
        found = Found(stored, inversion, (*of.facts.get("notes", ()), _hint(done), *warnings))
        source = source_of(of.path, of.mix, of.whole.paths, folder)
        facts = {"config": chosen, "fingerprint": fingerprint, "source": source}

        def store() -> None:
            store_result(folder, found, rendered, facts, audio=audio)
            if turned.ended == "finished" and isinstance(keeper, Checkpoint):
                keeper.forget_previous()

        def publish() -> None:
            if increases is not None:
                publish_result(folder, stored, rendered, increases, report, audio=audio)

        lacking = write_whole(folder, store, publish)
    measures = rendered.measures
    return Turned(stored, done, measures, turned.ended, folder, lacking, warnings)


def _searched(
    of: ResultSong, before: Rendered, chosen: Mapping[str, JSON], work: Work
) -> tuple[Refined, Refinement]:
    """Carry a result to the plug-ins, and refine it there."""
    session, report = before.session, steps_of(work.on_progress)
    rate_hz, stored = session.sample_rate_hz, of.stored
    check_work(stored.graph, stored.settings, tuple(map(len, session.audio)), rate_hz, ())
    project = Project(
        stored.song, rate_hz, stored.graph, stored.settings, session.audio, mix=session.mix
    )
    with tempfile.TemporaryDirectory(prefix="mixtrace-", dir=scratch_folder()) as scratch:
        engine = engine_class(chosen["engine"])(project, Path(scratch), report)
        report("carrying over", 0, 1)
        knobs = Knobs.heard(stored.settings, engine.told)
        starts = _windows(of, session)
        price = ChainPrice(engine, session.mix, rate_hz, starts)
        found = refined(
            knobs,
            price,
            search_class(chosen["search"]),
            chosen["evaluations"],
            chosen["seed"],
            chosen,
            work,
        )

        def chain_loss(settings: Settings) -> ChainLoss:
            report("playing the whole song", 0, 1)
            return _loss(session, _whole(engine, session, settings), starts)

        losses = (
            _loss(session, before.estimate, starts),
            chain_loss(stored.settings),
            chain_loss(found.settings),
        )
    done = Refinement(
        chosen["engine"],
        chosen["search"],
        len(knobs.places),
        len(starts),
        len(found.prices),
        *losses,
    )
    return found, done


def _windows(of: ResultSong, session: Session) -> list[int]:
    """Return the windows to listen to, of what was not held out of the result."""
    length = at_loss_rate(session.mix, session.sample_rate_hz).shape[-1]
    held_out = of.unseen.ranges(length, LOSS_RATE_HZ) if of.unseen else []
    return searched_windows(length, held_out, _WINDOWS)


def _whole(engine: Engine, session: Session, settings: Settings) -> Float32[np.ndarray, "2 time"]:
    (audio,) = engine.render(settings, [(0, session.mix.shape[-1])])
    return audio


def _loss(session: Session, estimate: Float[np.ndarray, "2 time"], starts: list[int]) -> ChainLoss:
    target, heard = (
        at_loss_rate(np.asarray(audio, np.float32), session.sample_rate_hz)
        for audio in (session.mix, estimate)
    )
    windows = audio_loss(target=target, estimate=heard, starts=starts)
    song = audio_loss(target=target, estimate=heard)
    return ChainLoss(windows["published"].l_a, song["published"].l_a)


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
    return (
        f"The settings are refined for the plug-ins of {done.engine}: mix.wav and the measures are "
        "of mixtrace's own processors with them. Export the result to hear the plug-ins."
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
