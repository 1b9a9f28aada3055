"""The search: a console is fitted, then pruned round by round, from start to a sparse graph.

Everything that decides the outcome is in `_State`, which can be stored at any step: a run that was
killed and resumed ends with the same result, bit for bit, as one that was not.
"""

import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor

from mixtrace.errors import MixtraceError
from mixtrace.fit import (
    RECIPES,
    Descent,
    Recipe,
    SongWindows,
    Variables,
    least_squares_start,
    song_loss,
)
from mixtrace.graph import (
    CONSOLES,
    ConsolePreset,
    Graph,
    build_console,
    graph_from_json,
    graph_to_json,
    remove_nodes,
)
from mixtrace.processors import Settings
from mixtrace.prune.policies import Round, brute_force, dry_wet
from mixtrace.prune.trials import Trials, surviving_rows
from mixtrace.session import Session

__all__ = ["Keeper", "Progress", "SearchConfig", "SearchResult", "search"]

_SAVE_EVERY_S = 20.0
_PUBLISHED_STEPS_BEFORE_PRUNING = 6_000
_BRUTE_FORCE_EVERY = 4


@dataclass(frozen=True)
class SearchConfig:
    """What a user chooses.

    Attributes:
        recipe: a key of `RECIPES`.
        preset: a key of `CONSOLES`; the published recipe is defined for `paper`.
        policy: how processors are removed; `none` keeps the console.
        tolerance: how far the result's L_a may lie above the console's.
        seed: of everything random.
        console_steps, rounds, round_steps: override the recipe's numbers where given.
    """

    recipe: Literal["default", "published"] = "default"
    preset: str = "studio"
    policy: Literal["hybrid", "brute-force", "dry-wet", "none"] = "hybrid"
    tolerance: float = 0.01
    seed: int = 0
    console_steps: int | None = None
    rounds: int | None = None
    round_steps: int | None = None

    def resolve(self) -> Recipe:
        """Return the recipe with this configuration's numbers.

        Raises:
            MixtraceError: when a name is unknown or a number out of range.
        """
        for name, value, known in (
            ("recipe", self.recipe, RECIPES),
            ("preset", self.preset, CONSOLES),
            ("policy", self.policy, ("hybrid", "brute-force", "dry-wet", "none")),
        ):
            if value not in known:
                raise MixtraceError(
                    f"Expected a {name} among {', '.join(known)}; got '{value}'. Choose one."
                )
        if not (math.isfinite(self.tolerance) and self.tolerance >= 0.0):
            raise MixtraceError(
                f"Expected a tolerance of at least 0; got {self.tolerance}. Try 0.01."
            )
        recipe = RECIPES[self.recipe]
        if self.policy == "none":
            recipe = replace(recipe, rounds=0)
        elif self.recipe == "published":
            recipe = replace(recipe, console_steps=_PUBLISHED_STEPS_BEFORE_PRUNING)
        own = {"console_steps": self.console_steps, "round_steps": self.round_steps}
        if self.policy != "none":
            own["rounds"] = self.rounds
        return replace(recipe, **{key: value for key, value in own.items() if value is not None})


@dataclass(frozen=True)
class Progress:
    """Where a search stands: steps or trials done in a stage, the latest loss, time left in all."""

    stage: str
    done: int
    total: int
    loss: float | None
    seconds_left: float | None


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    Attributes:
        graph, settings: the result.
        console: the graph it began with.
        losses: L_a in both conventions: of the plain `sum` of the tracks, at the `start` of the
            descent, of the full `console` and of the `final` graph.
        history: one entry a step: `loss` (match on the step's window) and `seconds`.
        removed: processors in the order of their rounds, with the song's loss after the round.
        seconds: spent, over all resumed parts.
        interrupted: whether the user stopped it before its end.
    """

    graph: Graph
    settings: Settings
    console: Graph
    losses: dict[str, dict[str, float]]
    history: dict[str, list[float]]
    removed: list[dict[str, Any]]
    seconds: float
    interrupted: bool


@runtime_checkable
class Keeper(Protocol):
    """Where a search stores itself."""

    def load(self) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """Return what was saved last, or None."""

    def save(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        """Store tensors and JSON facts as one."""


@dataclass
class _State:
    """A search at one step; `round` 0 is the console."""

    descent: Descent
    round: int = 0
    step: int = 0
    lowest: float = math.inf
    seconds: float = 0.0
    best: tuple[Graph, Variables, dict[str, float]] | None = None
    losses: dict[str, dict[str, float]] = field(default_factory=dict)
    removed: list[dict[str, Any]] = field(default_factory=list)
    history: dict[str, list[float]] = field(default_factory=lambda: {"loss": [], "seconds": []})


def search(
    session: Session,
    config: SearchConfig,
    *,
    device: str = "cpu",
    keeper: Keeper | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> SearchResult:
    """Find the graph of a mix.

    Args:
        session: tracks and mix at the rate of the search (30 kHz as published).
        config: what the user chose.
        device: where to compute.
        keeper: stores the search as it goes, and gives back one to resume.
        on_progress: called after each step and trial.

    Returns:
        The sparsest graph whose L_a on the whole song is within the tolerance of the console's; on
        Ctrl-C, the best so far.

    Raises:
        MixtraceError: when the configuration is not valid.
    """
    run = _Run(session, config, device, keeper, on_progress)
    try:
        run.descend_console()
        for number in range(1, run.recipe.rounds + 1):
            run.prune_and_descend(number)
        interrupted = False
    except KeyboardInterrupt:
        interrupted = True
    return run.result(interrupted)


class _Run:
    def __init__(
        self,
        session: Session,
        config: SearchConfig,
        device: str,
        keeper: Keeper | None,
        on_progress: Callable[[Progress], None],
    ) -> None:
        self.recipe = config.resolve()
        self._config = config
        self._keeper = keeper
        self._on_progress = on_progress
        self._windows = SongWindows(session, device)
        names = [(track.name, track.group) for track in session.tracks]
        self._console = build_console(names, CONSOLES[config.preset])
        self._clock = time.monotonic()
        self._saved = time.monotonic()
        stored = keeper.load() if keeper is not None else None
        self._state = self._begin(session) if stored is None else self._restore(*stored)

    def descend_console(self) -> None:
        """Fit the full console, and take its loss as the mark to hold."""
        state, steps = self._state, self.recipe.console_steps
        while state.round == 0 and state.step < steps:
            phase = state.step / max(1, steps)
            end = self.recipe.console_end
            rate = end + (1.0 - end) * 0.5 * (1.0 + math.cos(math.pi * phase))
            self._step("console", steps, rate * min(1.0, (state.step + 1) / 20), 0.0)
        if "console" not in state.losses:
            loss = self._song_loss()
            state.losses["console"] = loss
            state.lowest = loss["published"]
            state.best = (state.descent.graph, state.descent.variables.requires_grad(), loss)
            self._save(now=True)

    def prune_and_descend(self, number: int) -> None:
        """Remove what a round removes, then descend on the rest."""
        state, recipe = self._state, self.recipe
        if state.round >= number and not (
            state.round == number and state.step < recipe.round_steps
        ):
            return
        if state.round < number:
            self._prune(number)
            state.round, state.step = number, 0
            self._save(now=True)
        last = number == recipe.rounds
        ramp = recipe.sparsity_ramp_steps
        while state.step < recipe.round_steps:
            fall = (
                1.0 - state.step / recipe.round_steps if last and recipe.round_rate < 1.0 else 1.0
            )
            taken = (number - 1) * recipe.round_steps + state.step
            weight = 1.0 if not ramp else min(1.0, (taken + 1) / ramp)
            self._step(f"round {number}", recipe.round_steps, recipe.round_rate * fall, weight)
        self._consider()
        self._save(now=True)

    def result(self, interrupted: bool) -> SearchResult:
        """Return the best graph that keeps the tolerance, or what there is when interrupted."""
        state = self._state
        if state.best is None:
            state.best = (state.descent.graph, state.descent.variables, self._song_loss())
        graph, variables, loss = state.best
        with torch.no_grad():
            settings = variables.settings().map(lambda value: value.detach().cpu())
        return SearchResult(
            graph,
            settings,
            self._console,
            {**state.losses, "final": loss},
            state.history,
            [entry for entry in state.removed if entry["round"] <= self._best_round()],
            self._elapsed(),
            interrupted,
        )

    def _best_round(self) -> int:
        assert self._state.best is not None
        kept = len(self._state.best[0].processors)
        total = len(self._console.processors)
        count, rounds = 0, 0
        for entry in self._state.removed:
            if total - count > kept:
                count, rounds = count + 1, entry["round"]
        return rounds

    def _prune(self, number: int) -> None:
        state, config = self._state, self._config
        rng = np.random.default_rng((config.seed, number))
        count = self._windows.count
        chosen = min(self.recipe.trial_windows or count, count)
        numbers = sorted(rng.choice(count, size=chosen, replace=False).tolist())
        graph, settings = state.descent.graph, state.descent.settings
        trials = Trials(graph, settings, self._windows, numbers)
        whole = self._song_loss()["published"]
        # A subset's loss is read as the song's by what the unpruned graph scores on both.
        offset = whole - trials.loss(())
        current = Round(
            graph,
            settings,
            lambda removed: trials.loss(removed) + offset,
            config.tolerance,
            min(state.lowest, whole),
            lambda loss: self._report(f"pruning {number}", trials.count, loss),
        )
        by_force = config.policy == "brute-force" or (
            config.policy == "hybrid" and number % _BRUTE_FORCE_EVERY == 0
        )
        removed = (brute_force if by_force else dry_wet)(current, rng)
        removed = self._confirm(removed, settings, state.lowest + config.tolerance, chosen < count)
        smaller, _ = remove_nodes(graph, removed)
        state.descent = state.descent.keep(smaller, surviving_rows(graph, removed))
        state.lowest = min(state.lowest, whole)
        loss = self._song_loss()["published"] if removed else whole
        for i in removed:
            node = graph.nodes[i]
            state.removed.append(
                {"kind": node.kind, "name": node.name, "round": number, "loss": loss}
            )

    def _confirm(
        self, removed: list[int], settings: Settings, bar: float, needed: bool
    ) -> list[int]:
        """Return the longest prefix, by bisection, that keeps the whole song under the bar."""
        graph = self._state.descent.graph

        def holds(count: int) -> bool:
            smaller, _ = remove_nodes(graph, removed[:count])
            kept = settings.keep(surviving_rows(graph, removed[:count]))
            return song_loss(smaller, kept, self._windows)["published"] <= bar

        if not needed or not removed or holds(len(removed)):
            return removed
        low, high = 0, len(removed)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if holds(middle) else (low, middle)
        return removed[:low]

    def _consider(self) -> None:
        """Keep the graph as the result if it is within the tolerance of the console."""
        state = self._state
        loss = self._song_loss()
        assert state.best is not None
        bar = state.losses["console"]["published"] + self._config.tolerance
        smaller = len(state.descent.graph.processors) <= len(state.best[0].processors)
        if smaller and loss["published"] <= bar:
            state.best = (state.descent.graph, state.descent.variables.requires_grad(), loss)

    def _step(self, stage: str, total: int, rate: float, sparsity: float) -> None:
        state, recipe = self._state, self.recipe
        if recipe.reset_steps and state.step % recipe.reset_steps == 0:
            state.descent.forget()
        taken = len(state.history["loss"])
        dry, features = self._draw(taken)
        loss = state.descent.step(dry, features, recipe.objective, rate=rate, sparsity=sparsity)
        state.step += 1
        state.history["loss"].append(loss)
        state.history["seconds"].append(self._elapsed())
        self._report(stage, state.step, float(np.mean(state.history["loss"][-20:])), total)
        self._save()

    def _draw(self, taken: int):
        """Return the windows of a step; which ones depends on the seed and the step alone."""
        windows, seed = self._windows, self._config.seed
        if self.recipe.windows == "uniform":
            rng = np.random.default_rng((seed, 1, taken))
            return windows.at([int(rng.integers(max(1, windows.length - windows.time)))])
        epoch, place = divmod(taken, windows.count)
        rng = np.random.default_rng((seed, 2, epoch))
        return windows.window(int(rng.permutation(windows.count)[place]))

    def _song_loss(self) -> dict[str, float]:
        descent = self._state.descent
        return song_loss(descent.graph, descent.settings, self._windows)

    def _begin(self, session: Session) -> _State:
        if self.recipe.start == "random":
            generator = torch.Generator().manual_seed(self._config.seed)
            variables = Variables.random(self._console, generator)
        else:
            start = least_squares_start(self._console, session)
            variables = Variables.from_settings(start)
        descent = Descent(self._console, variables, self._windows, self.recipe.learning_rates)
        state = _State(descent)
        bare = build_console([(t.name, t.group) for t in session.tracks], ConsolePreset((), ()))
        state.losses["sum"] = song_loss(bare, Settings({}, {}), self._windows)
        state.losses["start"] = song_loss(self._console, descent.settings, self._windows)
        return state

    def _elapsed(self) -> float:
        return self._state.seconds + time.monotonic() - self._clock

    def _report(self, stage: str, done: int, loss: float, total: int = 0) -> None:
        recipe, taken = self.recipe, len(self._state.history["loss"])
        all_steps = recipe.console_steps + recipe.rounds * recipe.round_steps
        left = None
        if taken >= 10:
            left = self._elapsed() / taken * max(0, all_steps - taken)
        self._on_progress(Progress(stage, done, total, loss, left))

    def _save(self, now: bool = False) -> None:
        if self._keeper is None or (not now and time.monotonic() - self._saved < _SAVE_EVERY_S):
            return
        state = self._state
        tensors = {f"now/{name}": value for name, value in state.descent.memory().items()}
        facts: dict[str, Any] = {
            "config": asdict(self._config),
            "graph": graph_to_json(state.descent.graph),
            "round": state.round,
            "step": state.step,
            "lowest": state.lowest if math.isfinite(state.lowest) else None,
            "seconds": self._elapsed(),
            "losses": state.losses,
            "removed": state.removed,
            "history": state.history,
        }
        if state.best is not None:
            graph, variables, loss = state.best
            facts["best"] = {"graph": graph_to_json(graph), "loss": loss}
            for (kind, name), value in variables.values.items():
                tensors[f"best/{kind}/{name}/value"] = value.detach().clone()
        self._keeper.save(tensors, facts)
        self._saved = time.monotonic()

    def _restore(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> _State:
        parts: dict[str, dict[str, Tensor]] = {"now": {}, "best": {}}
        for path, value in tensors.items():
            part, name = path.split("/", 1)
            parts[part][name] = value
        graph = graph_from_json(facts["graph"])
        rates = self.recipe.learning_rates
        descent = Descent.from_memory(graph, parts["now"], self._windows, rates)
        lowest = math.inf if facts["lowest"] is None else facts["lowest"]
        state = _State(descent, facts["round"], facts["step"], lowest, facts["seconds"])
        state.losses, state.removed = facts["losses"], facts["removed"]
        state.history = facts["history"]
        if "best" in facts:
            best = graph_from_json(facts["best"]["graph"])
            kept = Descent.from_memory(best, parts["best"], self._windows, rates)
            state.best = (best, kept.variables, facts["best"]["loss"])
        return state
