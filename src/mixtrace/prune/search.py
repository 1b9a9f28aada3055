"""The search: a console is fitted, then pruned round by round, from start to a sparse graph.

Everything that decides the outcome is in `State`, which can be stored at any step: a run that was
killed and resumed ends with the same result, bit for bit, as one that was not. A signal is obeyed
between steps and after trials; what stands in the middle of a step, of a round of pruning or of
settling is never stored.
"""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch

from mixtrace.descent import (
    Descent,
    SongWindows,
    Variables,
    draw_batch,
    least_squares_start,
    song_loss,
    song_parts,
)
from mixtrace.graph import CONSOLES, ConsolePreset, build_console
from mixtrace.losses import combine
from mixtrace.methods import Inversion, Work
from mixtrace.processors import Settings
from mixtrace.progress import Progress
from mixtrace.prune.config import SearchConfig
from mixtrace.prune.levels import gather_levels
from mixtrace.prune.rounds import Pruning, prune_as_published, prune_in_order
from mixtrace.prune.sharing import share_shapes
from mixtrace.prune.state import State
from mixtrace.session import Session
from mixtrace.stopping import check, deferred
from mixtrace.unseen import Range

__all__ = ["ConsoleSearch"]

_SAVE_EVERY_S = 20.0
_FETCH_EVERY = 5


@dataclass(frozen=True)
class ConsoleSearch:
    """Descends on a full console and prunes it, round by round: a `Method`.

    Attributes:
        config: what the user chose.
    """

    config: SearchConfig = field(default_factory=SearchConfig)

    def choices(self) -> Mapping[str, Any]:
        """Return the configuration.

        Raises:
            MixtraceError: it is not valid.
        """
        self.config.resolve()
        return asdict(self.config)

    def invert(
        self, session: Session, held_out: Sequence[Range] = (), work: Work | None = None
    ) -> Inversion:
        """Find the graph of a mix.

        Args:
            session: tracks and mix at the rate of the search (30 kHz as published).
            held_out: what of the mix nothing in the result may depend on; losses are then those of
                the rest. See `mixtrace.unseen`.
            work: how to carry it out.

        Returns:
            The sparsest graph found whose L_a on the whole song is within the tolerance of the
            console's; when it is stopped, the best so far. Its losses are those of the plain `sum`
            of the tracks, at the `start` of the descent, of the full `console` and of the `final`
            graph. The evidence is the `history` (match and seconds of each step), what was
            `removed` in which round with the song's loss after it, and how many trials that took.

        Raises:
            MixtraceError: when the configuration is not valid, or what the keeper gives back is not
                this search.
        """
        run = _Run(session, self.config, held_out, work or Work())
        stopped = False
        try:
            with deferred():
                run.descend_console()
                for number in range(1, run.recipe.rounds + 1):
                    run.prune_and_descend(number)
        except KeyboardInterrupt:
            run.save_if_whole()
            stopped = True
        return run.result(stopped)


class _Run:
    def __init__(
        self,
        session: Session,
        config: SearchConfig,
        held_out: Sequence[Range],
        work: Work,
    ) -> None:
        self.recipe = config.resolve()
        self._config = config
        self._keeper = keeper = work.keeper
        self._on_progress = work.on_progress
        self._windows = SongWindows(session, work.device, held_out, work.memory_bytes)
        names = [(track.name, track.group) for track in session.tracks]
        self._console = build_console(names, CONSOLES[config.preset])
        self._clock = time.monotonic()
        self._saved = time.monotonic()
        stored = keeper.load() if keeper is not None else None
        if stored is None:
            self._state = self._begin(session, held_out)
        else:
            self._state = State.unpack(*stored, self._console, self._windows, self.recipe)
        self._before = self._state.seconds
        self._pending: list[torch.Tensor] = []
        self._whole = True

    def descend_console(self) -> None:
        """Fit the full console, and take its loss as the mark to hold."""
        state, steps = self._state, self.recipe.console_steps
        while state.round == 0 and state.step < steps:
            phase = state.step / max(1, steps)
            end = self.recipe.console_end
            rate = end + (1.0 - end) * 0.5 * (1.0 + math.cos(math.pi * phase))
            self._step("console", steps, rate * min(1.0, (state.step + 1) / 20), 0.0)
        if "console" not in state.losses:
            with self._as_one():
                self._mark_console()
            self.save(now=True)

    def prune_and_descend(self, number: int) -> None:
        """Remove what a round removes, then descend on the rest."""
        state, recipe = self._state, self.recipe
        if state.round < number and not state.descent.graph.processors:
            state.finished = True
        if state.finished or state.settled >= number:
            return
        if state.round < number:
            with self._as_one():
                began = time.monotonic()
                self._prune(number)
                state.trial_seconds += time.monotonic() - began
                state.round, state.step = number, 0
            self.save(now=True)
        if state.finished:
            return
        steps = recipe.round_steps
        while state.settled < number:
            while state.step < steps:
                fall = 1.0 - state.step / steps if recipe.round_rate < 1.0 else 1.0
                taken, ramp = (number - 1) * steps + state.step, recipe.sparsity_ramp_steps
                weight = 1.0 if not ramp else min(1.0, (taken + 1) / ramp)
                rate = state.calm * recipe.round_rate * fall
                self._step(f"round {number}", steps, rate, weight)
            with self._as_one():
                began = time.monotonic()
                self._settle(number)
                state.trial_seconds += time.monotonic() - began
            self.save(now=True)

    def result(self, stopped: bool) -> Inversion:
        """Return the best graph that keeps the tolerance, or what there is when stopped."""
        self._fetch()
        state = self._state
        began = time.monotonic()
        descent, loss = self._last_that_holds()
        state.trial_seconds += time.monotonic() - began
        graph = descent.graph
        return Inversion(
            graph,
            descent.settings.map(lambda value: value.cpu()),
            self._console,
            {**state.losses, "final": loss},
            {
                "history": state.history,
                "removed": [e for e in state.removed if e["node"] not in graph.nodes],
                "trials": state.trials,
                "trial_windows": state.trial_windows,
                "trial_seconds": state.trial_seconds,
            },
            asdict(self.recipe),
            "stopped" if stopped else "finished",
            self._why(stopped),
            self._elapsed(),
        )

    def _why(self, stopped: bool) -> str:
        """Return in a sentence why the search ended."""
        state = self._state
        if stopped:
            return f"The user stopped it in round {state.round} of {self.recipe.rounds}."
        if not state.descent.graph.processors:
            return "Nothing was left to remove."
        if state.finished:
            return f"Nothing more could be removed within the tolerance after round {state.round}."
        return f"All {self.recipe.rounds} rounds are done."

    def save(self, now: bool = False) -> None:
        """Store the search, if it is time to."""
        if self._keeper is None or (not now and time.monotonic() - self._saved < _SAVE_EVERY_S):
            return
        self._fetch()
        self._state.seconds = self._elapsed()
        self._before, self._clock = self._state.seconds, time.monotonic()
        tensors, facts = self._state.pack()
        self._keeper.save(tensors, {"config": asdict(self._config), **facts})
        self._saved = time.monotonic()

    def save_if_whole(self) -> None:
        """Store a search that was stopped; in the middle of something, what was stored stands."""
        if self._whole:
            self.save(now=True)

    @contextmanager
    def _as_one(self) -> Iterator[None]:
        """Do something after which alone the state is whole again."""
        self._whole = False
        yield
        self._whole = True

    def _prune(self, number: int) -> None:
        if number == 1:
            self._look(0)
            self._accept()
        config, pruning = self._config, self._pruning(number)
        rng = np.random.default_rng((config.seed, number))
        if config.policy == "ordered":
            prune_in_order(pruning)
        else:
            prune_as_published(pruning, config.policy, number, rng)

    def _pruning(self, number: int) -> Pruning:
        return Pruning(
            self._state,
            self._windows,
            self.recipe,
            self._config.tolerance,
            self._config.policy == "ordered",
            self.recipe.judge_whole or number == self.recipe.rounds,
            lambda count, loss: self._tried(number, count, loss),
        )

    def _tried(self, number: int, count: int, loss: float) -> None:
        self._state.trials += 1
        self._report(f"pruning {number}", count, loss)
        check()

    def _share_shapes(self) -> None:
        descent = self._state.descent
        heard = self._windows.heard(descent.graph)
        descent.move_to(share_shapes(descent.graph, descent.settings, heard))

    def _mark_console(self) -> None:
        state = self._state
        parts = song_parts(state.descent.graph, state.descent.settings, self._windows)
        by_window = {name: combine(parts, name).double() for name in ("published", "eq4")}
        loss = {name: float(values.mean()) for name, values in by_window.items()}
        state.console_windows = by_window["published"].tolist()
        state.losses["console"], state.lowest = loss, loss["published"]
        state.loss = loss["published"]
        self._accept()

    def _goal(self) -> float:
        return self._state.losses["console"]["published"] + self._config.tolerance

    def _accept(self) -> None:
        state = self._state
        state.accepted.append((state.descent.copy(), state.loss, state.look))

    def _last_that_holds(self) -> tuple[Descent, dict[str, float]]:
        """Return the last accepted graph whose whole-song loss keeps the tolerance, and that loss.

        Before the console is done there is none, and the graph as it stands is returned.
        """
        state, pruning = self._state, self._pruning(self.recipe.rounds)
        for descent, _, look in reversed(state.accepted[1:]):
            loss = pruning.confirm(descent.graph, descent.settings, self._goal(), look)
            if loss is not None:
                return descent, loss
        if state.accepted:
            return state.accepted[0][0], state.losses["console"]
        descent = state.descent
        return descent, song_loss(descent.graph, descent.settings, self._windows)

    def _settle(self, number: int) -> None:
        """Take the graph for the result if it holds; go back to the result if it does not.

        A descent of our policy that did too much harm is undone, and those after it are calmer. One
        that made good half of what is too much is followed by another.
        """
        state, pruned, predicted = self._state, self._state.pruned, self._state.loss
        holds = self._look(number)
        state.pruned = None
        if pruned is not None and not holds:
            if state.loss > predicted:
                holds = self._undo_harm(pruned, number)
            elif 2.0 * state.loss < predicted + self._goal():
                state.step = 0
                return
        state.settled = number
        for entry in state.removed:
            if entry["round"] == number:
                entry["loss"] = state.loss
        left = len(state.descent.graph.processors)
        smaller = left <= len(state.accepted[-1][0].graph.processors)
        if holds and smaller:
            self._accept()
            state.most, state.refused = None, None
        elif self._config.policy == "ordered":
            self._take_back(number)

    def _undo_harm(self, pruned: Descent, number: int) -> bool:
        """Go back to before the descent if that is better on the same windows; say if it holds."""
        state = self._state
        descended = state.descent, state.loss, state.look
        state.descent = pruned
        before_holds = self._look(number)
        if state.loss >= descended[1]:
            state.descent, state.loss, state.look = descended
            return False
        state.calm *= 0.5
        return before_holds

    def _look(self, number: int) -> bool:
        """Look at the graph as it stands: say whether it reaches the goal, and keep the look."""
        state, descent = self._state, self._state.descent
        if self._config.policy == "ordered":
            heard = self._windows.heard(descent.graph)
            descent.move_to(gather_levels(descent.graph, descent.settings, heard))
        rng = np.random.default_rng((self._config.seed, 3, number))
        race = self._pruning(number).race
        holds, state.loss, state.look = race(descent.graph, descent.settings, self._goal(), rng)
        return holds

    def _take_back(self, number: int) -> None:
        """Go back to what was accepted last; the second time in a row is the end."""
        state = self._state
        accepted, state.loss, state.look = state.accepted[-1]
        state.descent = accepted.copy()
        removed = [entry for entry in state.removed if entry["round"] == number]
        state.removed = [entry for entry in state.removed if entry["round"] != number]
        state.finished = state.most is not None
        state.most = 1
        state.refused = removed[0]["node"] if len(removed) == 1 else None

    def _step(self, stage: str, total: int, rate: float, sparsity: float) -> None:
        check()
        state = self._state
        with self._as_one():
            self._descend(total, rate, sparsity)
            told = len(self._pending) >= _FETCH_EVERY or state.step == total
            if told:
                self._fetch()
        if told:
            self._report(stage, state.step, float(np.mean(state.history["loss"][-20:])), total)
        self.save()

    def _descend(self, total: int, rate: float, sparsity: float) -> None:
        state, recipe = self._state, self.recipe
        if state.round == 0 and state.step == round(recipe.share_at * total):
            self._share_shapes()
        if recipe.reset_steps and state.step % recipe.reset_steps == 0:
            state.descent.forget()
        taken = len(state.history["seconds"])
        batch = draw_batch(self._windows, recipe, self._config.seed, taken)
        loss = state.descent.step(batch, recipe.objective, rate=rate, sparsity=sparsity)
        state.step += 1
        self._pending.append(loss)
        state.history["seconds"].append(self._elapsed())

    def _fetch(self) -> None:
        """Bring the losses of the latest steps from where they were computed."""
        if self._pending:
            self._state.history["loss"] += torch.stack(self._pending).tolist()
            self._pending.clear()

    def _begin(self, session: Session, held_out: Sequence[Range]) -> State:
        if self.recipe.start == "random":
            generator = torch.Generator().manual_seed(self._config.seed)
            variables = Variables.random(self._console, generator)
        else:
            start = least_squares_start(self._console, session, held_out)
            variables = Variables.from_settings(start)
        state = State(Descent(self._console, variables, self._windows, self.recipe))
        bare = build_console([(t.name, t.group) for t in session.tracks], ConsolePreset((), ()))
        state.losses["sum"] = song_loss(bare, Settings(), self._windows)
        state.losses["start"] = song_loss(self._console, state.descent.settings, self._windows)
        return state

    def _elapsed(self) -> float:
        return self._before + time.monotonic() - self._clock

    def _report(self, stage: str, done: int, loss: float, total: int = 0) -> None:
        recipe, taken = self.recipe, len(self._state.history["seconds"])
        all_steps = recipe.console_steps + recipe.rounds * recipe.round_steps
        left = None
        if taken >= 10:
            left = self._elapsed() / taken * max(0, all_steps - taken)
        self._on_progress(Progress(stage, done, total, loss, left))
