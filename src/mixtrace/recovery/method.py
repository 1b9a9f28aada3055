"""The recovery of a mix: capture, interpret, refine, confirm, weigh.

1. *Capture*: responses and gains of all tracks by least squares (`captured`).
2. *Interpret*: the fewest processors with dials that say what was captured (`interpret`). Where
   the capture leaves more than a twentieth unexplained, free EQ curves, widths and a master chain
   are offered as well, and spectra alone are read in its place if they match better.
3. *Refine*: all dials descend together on L_a, also those of tracks that could not be read. On the
   way, compressors and gates enter that soft passages ask for (`additions`).
4. *Confirm*: what L_a hardly misses leaves, the rest settles, and idle bands leave.
5. *Weigh*: how sure each setting of the result is (`sureness`).

From the end of the second on everything that decides the outcome is in `State`, which is stored
between steps: a recovery that was killed and resumed ends with the same result.
"""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from torch import Tensor

from mixtrace.captured import Capture, capture_session
from mixtrace.descent import (
    Course,
    Descent,
    SongWindows,
    Variables,
    draw_batch,
    song_loss,
    static_responses,
)
from mixtrace.graph import Graph, remove_nodes
from mixtrace.interpret import Missed, Spectral, interpret, tidied
from mixtrace.methods import Inversion, Work
from mixtrace.processors import Settings
from mixtrace.progress import steps_of
from mixtrace.recovery.additions import with_additions
from mixtrace.recovery.config import RecoveryConfig
from mixtrace.recovery.confirm import dispensable
from mixtrace.recovery.state import State
from mixtrace.session import Session
from mixtrace.stopping import check
from mixtrace.sureness import how_sure
from mixtrace.unseen import Range

__all__ = ["Recovery"]

_WARM_UP_STEPS = 10
_END_RATE, _SETTLE_RATE = 0.1, 0.3
_ASKING = 2.0 / 3.0
"""After so many of the steps the dials are near enough for what is still amiss to be missing."""

_SHARED = 0.01
"""How much more L_a may be where tails are shared: tails of their own take in what was missed."""


@dataclass(frozen=True)
class Recovery:
    """Reads a mix, says it in processors, refines their dials and confirms them: a `Method`.

    Attributes:
        config: what the user chose.
    """

    config: RecoveryConfig = field(default_factory=RecoveryConfig)

    def choices(self) -> Mapping[str, Any]:
        """Return the configuration.

        Raises:
            MixtraceError: it is not valid.
        """
        self.config.resolve()
        return {"recipe": "recovery", **asdict(self.config)}

    @property
    def seed(self) -> int:
        """Of the order of windows."""
        return self.config.seed

    def reseeded(self, by: int) -> "Recovery":
        """Return the same recovery from a seed that is larger by so many."""
        return Recovery(replace(self.config, seed=self.config.seed + by))

    def price(self, found: Inversion) -> float:
        """Return L_a, and what its processors have to be worth."""
        worth = self.config.resolve().worth
        return found.losses["final"]["published"] + worth * len(found.graph.processors)

    def invert(
        self, session: Session, held_out: Sequence[Range] = (), work: Work | None = None
    ) -> Inversion:
        """Find the graph of a mix.

        Args:
            session: tracks and mix at the rate of L_a, 30 kHz.
            held_out: what of the mix nothing in the result may depend on.
            work: how to carry it out.

        Returns:
            The graph with its losses: of the plain `sum` of the tracks, at the `start` of the
            descent, of all that was interpreted (`console`), and of the `final` graph. The evidence
            is the `history` of the descent, what was `removed`, the tracks left `unread` and, where
            nobody stopped it, the `sureness` of the settings, as `sureness.json` holds it.

        Raises:
            MixtraceError: the configuration is not valid, or what the keeper gives back is not of
                this recovery.
        """
        run = _Run(session, self.config, held_out, work or Work())
        return run.result(run.course.stopped_in(run.refine, run.confirm, run.settle, run.conclude))


class _Run:
    def __init__(
        self, session: Session, config: RecoveryConfig, held_out: Sequence[Range], work: Work
    ) -> None:
        began = time.monotonic()
        self.recipe = recipe = config.resolve()
        self._config = config
        self._windows = SongWindows(session, work.device, held_out, work.memory_bytes)
        stored = work.stored()
        if stored is None or "graph" not in stored[1]:
            self._state = self._first(session, held_out, work)
        else:
            self._state = State.unpack(*stored, self._windows, recipe, len(session.tracks))
        steps = recipe.steps + recipe.settle_steps
        self.course = Course(self._state, asdict(config), work, steps, began)
        self._session = session
        self._sureness: dict[str, Any] = {}
        self._final: tuple[Graph, Settings] | None = None
        self.course.save(now=True)

    def refine(self) -> None:
        """Descend on all dials that were interpreted."""
        state = self._state
        while state.phase == "refine" and state.step < self.recipe.steps:
            if not state.asked and state.step >= _ASKING * self.recipe.steps:
                self._add()
            phase = state.step / self.recipe.steps
            rate = _END_RATE + (1.0 - _END_RATE) * 0.5 * (1.0 + math.cos(math.pi * phase))
            self._step("refining", self.recipe.steps, rate)
        if "console" not in state.losses:
            state.losses["console"] = self._loss()
            self.course.save(now=True)

    def _add(self) -> None:
        """Add what the graph still lacks."""
        state = self._state
        graph, settings = state.descent.graph, state.descent.settings
        tried = partial(self._tried, "asking what is missing")
        found = with_additions(
            graph, settings, self._session, self._windows, self.recipe.worth, tried
        )
        with self.course.as_one():
            state.asked = True
            if found is not None:
                state.interpreted, settings = found
                variables = Variables.from_settings(settings)
                recipe = self.recipe.descent
                state.descent = Descent(state.interpreted, variables, self._windows, recipe)
                state.since = state.step
        self.course.save(now=True)

    def confirm(self) -> None:
        """Remove what L_a hardly misses."""
        state = self._state
        if state.phase != "refine":
            return
        graph, settings = state.descent.graph, state.descent.settings
        whole = state.losses["console"]["published"]
        tried = partial(self._tried, "confirming")
        gone = dispensable(graph, settings, self._windows, self.recipe.worth, tried)
        with self.course.as_one():
            state.removed = [_removal(graph, i, whole + rise) for i, rise in gone]
            if gone:
                state.descent = state.descent.keep(remove_nodes(graph, {i for i, _ in gone}))
            state.phase, state.step, state.since = "settle", 0, 0
        self.course.save(now=True)

    def settle(self) -> None:
        """Descend once more on what is left."""
        state, steps = self._state, self.recipe.settle_steps
        while state.step < steps and state.descent.graph.processors:
            self._step("settling", steps, _SETTLE_RATE * (1.0 - state.step / steps))

    def conclude(self) -> None:
        """Write the graph in its canonical form, and find out how sure its settings are.

        Nothing else depends on it, and nothing of it is stored.
        """
        audio = {track.name: track.audio for track in self._session.tracks}
        rate = self._session.sample_rate_hz
        settled = self._settled.map(lambda value: value.detach().cpu())
        graph, device = self._state.descent.graph, self._windows.device

        def loss(settings: Settings) -> float:
            self._tried("tidying", 0, 1)
            there = settings.map(lambda value: value.to(device))
            return song_loss(graph, there, self._windows)["published"]

        missed = Missed(loss, self.recipe.worth, loss(settled))
        graph, settings = tidied(graph, settled, audio, rate, missed)
        self._final = graph, settings
        sure = how_sure(
            graph,
            settings.map(lambda value: value.to(device)),
            self._session,
            self._windows,
            self.recipe.worth,
            partial(self._tried, "weighing how sure"),
        )
        self._sureness = {"sureness": sure.document()}

    def result(self, stopped: bool) -> Inversion:
        """Return the graph as it stands."""
        self.course.fetch()
        state = self._state
        graph, settings = self._final or (state.descent.graph, self._settled)
        on_device = settings.map(lambda value: value.to(self._windows.device))
        loss = song_loss(graph, on_device, self._windows)
        return Inversion(
            graph,
            settings.map(lambda value: value.cpu()),
            state.interpreted,
            {**state.losses, "console": state.losses.get("console", loss), "final": loss},
            {
                "history": state.history,
                "removed": state.removed + self._idle(graph, loss),
                "unread": state.unread,
                **self._sureness,
            },
            asdict(self.recipe),
            "stopped" if stopped else "finished",
            "The user stopped it." if stopped else "Refined, confirmed and settled.",
            self.course.seconds,
        )

    @property
    def _settled(self) -> Settings:
        return self._state.descent.settings

    def _idle(self, graph: Graph, loss: Mapping[str, float]) -> list[dict[str, Any]]:
        """Return what left when the graph was tidied."""
        before = self._state.descent.graph
        return [
            _removal(before, i, loss["published"])
            for i in before.processors
            if i not in graph.nodes
        ]

    def _first(self, session: Session, held_out: Sequence[Range], work: Work) -> State:
        """Return the state before the first step, in which no seed has a part: found once."""
        common = None if work.common is None else work.common.load()
        if common is not None:
            return State.unpack(*common, self._windows, self.recipe, len(session.tracks))
        state = self._begin(session, held_out, work)
        if work.common is not None:
            work.common.save(*state.pack())
        return state

    def _begin(self, session: Session, held_out: Sequence[Range], work: Work) -> State:
        """Capture and interpret the song."""
        report = steps_of(work.on_progress)
        keepers = iter([work.keeper])  # what is captured once more is not stored

        def captured(song: Session) -> Capture:
            capture = capture_session(song, held_out, report, next(keepers, None))
            report("interpreting", 0, 1)
            return capture

        ways = interpret(session, captured, _spectral(session, held_out), held_out)
        losses = [song_loss(found.graph, found.settings, self._windows) for found in ways]
        worth = self.recipe.worth

        def price(number: int) -> float:
            graph = ways[number].graph
            shares = any(strip.role == "return" for strip in graph.strips.values())
            loss = losses[number]["published"] - (_SHARED if shares else 0.0)
            return loss + worth * len(graph.processors)

        best = min(range(len(ways)), key=price)
        found, start = ways[best], losses[best]
        report("interpreting", 1, 1)
        variables = Variables.from_settings(found.settings)
        descent = Descent(found.graph, variables, self._windows, self.recipe.descent)
        state = State(descent, found.graph, unread=list(found.unread))
        state.losses["sum"] = song_loss(_bare(found.graph), Settings(), self._windows)
        state.losses["start"] = start
        return state

    def _step(self, phase: str, total: int, rate: float) -> None:
        self.course.step(phase, total, partial(self._descend, rate))

    def _descend(self, rate: float) -> tuple[int, Tensor]:
        """Take a step; return how many the phase has taken, and the match before this one."""
        state, recipe = self._state, self.recipe.descent
        batch = draw_batch(self._windows, recipe, self._config.seed, self.course.taken)
        rate *= min(1.0, (state.step - state.since + 1) / _WARM_UP_STEPS)
        match = state.descent.step(batch, recipe.objective, rate=rate)
        state.step += 1
        return state.step, match

    def _loss(self) -> dict[str, float]:
        descent = self._state.descent
        return song_loss(descent.graph, descent.settings, self._windows)

    def _tried(self, stage: str, done: int, total: int) -> None:
        check()
        self.course.tell(stage, done, total)


def _removal(graph: Graph, node: int, loss: float) -> dict[str, Any]:
    """Return what is told of a processor that left, and L_a without it."""
    kind, name = graph.nodes[node].kind, graph.name(node)
    return {"node": node, "kind": kind, "name": name, "round": 1, "loss": loss}


def _spectral(session: Session, held_out: Sequence[Range]) -> dict[str, Spectral]:
    """Return how loud each track reaches the mix, the larger of what both fits say."""
    static = static_responses(session, held_out)
    gains_db = np.maximum(static.power_db, static.coherent_db)
    return {
        track.name: Spectral(static.frequency_hz, gains_db[k], static.energy[k])
        for k, track in enumerate(session.tracks)
    }


def _bare(graph: Graph) -> Graph:
    """Return the graph without a processor: the sum of its tracks."""
    return remove_nodes(graph, set(graph.processors))
