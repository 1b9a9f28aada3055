"""A result carried to plug-ins: its song, played by them, as what a search asks for prices of."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32

from mixtrace.exporting import Project
from mixtrace.methods import Work
from mixtrace.metrics import LOSS_RATE_HZ, at_loss_rate, audio_loss
from mixtrace.processors import Settings
from mixtrace.progress import steps_of
from mixtrace.refining import (
    ChainPrice,
    Engine,
    Knobs,
    Refined,
    engine_named,
    refined,
    search_named,
    searched_windows,
)
from mixtrace.rendering import check_work
from mixtrace.session import Session
from mixtrace.session.scratch import scratch_folder
from mixtrace.store import JSON, ChainLoss, Refinement
from mixtrace.verbs.result_song import ResultSong
from mixtrace.verbs.results import Rendered

__all__ = ["searched"]

_WINDOWS = 4
"""Of a song, to be listened to each time: more cost as much more time."""


def searched(
    of: ResultSong, before: Rendered, chosen: Mapping[str, JSON], work: Work
) -> tuple[Refined, Refinement]:
    """Carry a result to the plug-ins, and refine it there.

    Args:
        of: the result and its song.
        before: the result as we render it.
        chosen: engine, search, evaluations and seed.
        work: who stores, and who is told.

    Returns:
        What was found, and what it came to.

    Raises:
        MixtraceError: plug-ins or the search are not installed, or nothing can be moved.
    """
    session, report = before.session, steps_of(work.on_progress)
    rate_hz, stored = session.sample_rate_hz, of.stored
    channels = tuple(len(track) for track in session.audio)
    check_work(stored.graph, stored.settings, channels, rate_hz, ())
    project = Project(
        stored.song, rate_hz, stored.graph, stored.settings, session.audio, mix=session.mix
    )
    with tempfile.TemporaryDirectory(prefix="mixtrace-", dir=scratch_folder()) as scratch:
        engine = engine_named(chosen["engine"])(project, Path(scratch), report)
        report("carrying over", 0, 1)
        knobs = Knobs.heard(stored.settings, engine.told)
        starts = _windows(of, session)
        price = ChainPrice(engine, session.mix, rate_hz, starts)
        found = refined(
            knobs,
            price,
            search_named(chosen["search"]),
            chosen["evaluations"],
            chosen["seed"],
            chosen,
            work,
        )

        def chain_loss(settings: Settings) -> ChainLoss:
            report("playing the whole song", 0, 1)
            return _loss(session, _whole(engine, session, settings), starts)

        plug_ins = engine.plug_ins(found.settings)
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
        plug_ins,
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
