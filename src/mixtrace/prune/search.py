"""The published search: a console is fitted, then pruned round by round to a sparse graph.

1. The full console starts from noise and descends, one window anywhere in the song a step.
2. A round removes processors whose absence leaves L_a of the whole song within the tolerance of the
   lowest seen; a policy says which are tried, and in which order.
3. The rest descends some steps more, its dry/wet weights drawn towards zero.
4. The result is the last graph within the tolerance of the console.

Everything that decides the outcome is in `State`, which can be stored at any step: a run that was
killed and resumed ends with the same result, bit for bit, as one that was not. A signal is obeyed
between steps and after trials; what stands in the middle of a step, of a round of pruning or of
settling is never stored.

Source: Lee et al. 2025, arXiv 2509.15948, and its reference implementation.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mixtrace.descent import Course, Descent, SongWindows, Variables, draw_batch, song_loss
from mixtrace.graph import CONSOLES, ConsolePreset, build_console, remove_nodes
from mixtrace.methods import Inversion, Work
from mixtrace.processors import Settings
from mixtrace.prune.config import SearchConfig
from mixtrace.prune.policies import Round, brute_force, dry_wet
from mixtrace.prune.state import State
from mixtrace.session import Session
from mixtrace.stopping import check
from mixtrace.trials import Look, Trials, look_at
from mixtrace.unseen import Range

__all__ = ["PublishedSearch"]

_WARM_UP_STEPS = 20
_BRUTE_FORCE_EVERY = 4
"""Rounds of policy `hybrid`, the others of which go by dry/wet weights."""


@dataclass(frozen=True)
class PublishedSearch:
    """Descends on a full console and prunes it, round by round, as published: a `Method`.

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
        return {"recipe": "published", **asdict(self.config)}

    @property
    def seed(self) -> int:
        """Of everything random."""
        return self.config.seed

    def reseeded(self, by: int) -> "PublishedSearch":
        """Return the same search from a seed that is larger by so many."""
        return PublishedSearch(replace(self.config, seed=self.config.seed + by))

    def price(self, found: Inversion) -> float:
        """Return L_a: how many processors may leave for how much of it, the tolerance has said."""
        return found.losses["final"]["published"]

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
            The last graph found whose L_a on the whole song is within the tolerance of the
            console's; when it is stopped, the best so far. Its losses are those of the plain `sum`
            of the tracks, at the `start` of the descent, of the full `console` and of the `final`
            graph. The evidence is the `history` (match and seconds of each step), what was
            `removed` in which round with the song's loss after it, and how many trials that took.

        Raises:
            MixtraceError: when the configuration is not valid, or what the keeper gives back is not
                this search.
        """
        run = _Run(session, self.config, held_out, work or Work())
        return run.result(run.course.stopped_in(run.descend_console, run.prune))


class _Run:
    def __init__(
        self, session: Session, config: SearchConfig, held_out: Sequence[Range], work: Work
    ) -> None:
        began = time.monotonic()
        self.recipe = recipe = config.resolve()
        self._config = config
        self._windows = SongWindows(session, work.device, held_out, work.memory_bytes)
        self._names = [(track.name, track.group) for track in session.tracks]
        self._console = build_console(self._names, CONSOLES[config.preset])
        stored = work.stored()
        if stored is None:
            self._state = self._begin()
        else:
            self._state = State.unpack(*stored, self._console, self._windows, recipe)
        steps = recipe.console_steps + recipe.rounds * recipe.round_steps
        self.course = Course(self._state, asdict(config), work, steps, began)

    def descend_console(self) -> None:
        """Fit the full console, and take its loss as the mark to hold."""
        state, steps = self._state, self.recipe.console_steps
        while state.round == 0 and state.step < steps:
            rate = min(1.0, (state.step + 1) / _WARM_UP_STEPS)
            self.course.step("console", steps, partial(self._descend, rate=rate))
        if "console" not in state.losses:
            with self.course.as_one():
                loss = song_loss(state.descent.graph, state.descent.settings, self._windows)
                state.losses["console"], state.lowest = loss, loss["published"]
                self._accept(loss)
            self.course.save(now=True)

    def prune(self) -> None:
        """Do all rounds that are left."""
        for number in range(1, self.recipe.rounds + 1):
            self._prune_and_descend(number)

    def _prune_and_descend(self, number: int) -> None:
        """Remove what a round removes, then descend on the rest."""
        state, steps = self._state, self.recipe.round_steps
        if state.settled >= number or (state.round < number and not state.descent.graph.processors):
            return
        if state.round < number:
            with self._trying():
                self._prune(number)
            self.course.save(now=True)
        while state.step < steps:
            taken, ramp = (number - 1) * steps + state.step, self.recipe.sparsity_ramp_steps
            sparsity = min(1.0, (taken + 1) / ramp)
            self.course.step(f"round {number}", steps, partial(self._descend, sparsity=sparsity))
        with self._trying():
            self._settle(number)
        self.course.save(now=True)

    def result(self, stopped: bool) -> Inversion:
        """Return the best graph that keeps the tolerance, or what there is when stopped."""
        self.course.fetch()
        state = self._state
        descent = state.best or state.descent
        final = state.losses.get("final")
        if final is None:
            final = song_loss(descent.graph, descent.settings, self._windows)
        return Inversion(
            descent.graph,
            descent.settings.map(lambda value: value.cpu()),
            self._console,
            {**state.losses, "final": final},
            {
                "history": state.history,
                "removed": [e for e in state.removed if e["node"] not in descent.graph.nodes],
                "trials": state.trials,
                "trial_windows": state.trial_windows,
                "trial_seconds": state.trial_seconds,
            },
            asdict(self.recipe),
            "stopped" if stopped else "finished",
            self._why(stopped),
            self.course.seconds,
        )

    def _why(self, stopped: bool) -> str:
        """Return in a sentence why the search ended."""
        state = self._state
        if stopped:
            return f"The user stopped it in round {state.round} of {self.recipe.rounds}."
        if not state.descent.graph.processors:
            return "Nothing was left to remove."
        return f"All {self.recipe.rounds} rounds are done."

    def _begin(self) -> State:
        generator = torch.Generator().manual_seed(self._config.seed)
        variables = Variables.random(self._console, generator)
        descent = Descent(self._console, variables, self._windows, self.recipe.descent)
        bare = build_console(self._names, ConsolePreset((), ()))
        return State(
            descent,
            losses={
                "sum": song_loss(bare, Settings(), self._windows),
                "start": song_loss(self._console, descent.settings, self._windows),
            },
        )

    def _descend(self, rate: float = 1.0, sparsity: float = 0.0) -> tuple[int, Tensor]:
        """Take a step; return how many the round has taken, and the match before this one."""
        state, recipe = self._state, self.recipe.descent
        if state.step % self.recipe.reset_steps == 0:
            state.descent.forget()
        batch = draw_batch(self._windows, recipe, self._config.seed, self.course.taken)
        match = state.descent.step(batch, recipe.objective, rate=rate, sparsity=sparsity)
        state.step += 1
        return state.step, match

    @contextmanager
    def _trying(self) -> Iterator[None]:
        """Judge graphs and change the state by what comes out, as one; the time counts."""
        with self.course.as_one():
            began = time.monotonic()
            yield
            self._state.trial_seconds += time.monotonic() - began

    def _prune(self, number: int) -> None:
        """Remove what the policy finds, under the bar of the lowest loss of the song so far."""
        state, config, descent = self._state, self._config, self._state.descent
        if state.look is None:
            look = self._look()
            if self._holds(look):
                self._accept(look.means)
        else:
            look = state.look
        graph, settings = descent.graph, descent.settings
        trials = Trials(graph, settings, self._windows, look.numbers, look.means["published"])
        state.lowest = min(state.lowest, look.means["published"])
        bar = state.lowest + config.tolerance

        def tried(loss: float) -> None:
            state.trials += 1
            self.course.tell(f"pruning {number}", trials.count, loss=loss)
            check()

        current = Round(graph, settings, trials, bar, config.tolerance, tried)
        every = config.policy == "hybrid" and number % _BRUTE_FORCE_EVERY == 0
        policy = brute_force if every or config.policy == "brute-force" else dry_wet
        removed = policy(current, np.random.default_rng((config.seed, number)))
        state.trial_windows += trials.count
        state.descent = descent.keep(remove_nodes(graph, removed))
        for i in removed:
            told = {"node": i, "kind": graph.nodes[i].kind, "name": graph.name(i)}
            state.removed.append({**told, "round": number})
        state.round, state.step = number, 0

    def _settle(self, number: int) -> None:
        """Look at what a round has come to, and take it for the result if it holds."""
        state, look = self._state, self._look()
        state.settled = number
        for entry in state.removed:
            if entry["round"] == number:
                entry["loss"] = look.means["published"]
        if self._holds(look):
            self._accept(look.means)

    def _look(self) -> Look:
        """Look at the graph as it stands, on the whole song."""
        descent, windows = self._state.descent, self._windows
        look = look_at(descent.graph, descent.settings, windows, range(windows.count))
        self._state.look = look
        self._state.trial_windows += windows.count
        return look

    def _holds(self, look: Look) -> bool:
        """Say whether L_a is within the tolerance of the console's."""
        mark = self._state.losses["console"]["published"]
        return look.means["published"] <= mark + self._config.tolerance

    def _accept(self, loss: dict[str, float]) -> None:
        """Take the graph as it stands for the result so far."""
        self._state.best, self._state.losses["final"] = self._state.descent.copy(), loss
