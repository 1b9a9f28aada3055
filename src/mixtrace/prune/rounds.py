"""One pruning round: what it prunes, judged by whom, under which bar.

A published round prunes to its bar: the removals are confirmed on the whole song before the
descent. Rounds of our policy first prune carefully, so little at a time that the descent makes up
for it before the next one. When nothing more can be had that way they prune boldly, to above the
bar, and the search takes a round back whose descent did not return below it; those after it remove
single processors, each another one, until one of them is accepted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mixtrace.fit import Recipe, SongWindows, song_parts
from mixtrace.graph import Graph, remove_nodes
from mixtrace.losses import combine
from mixtrace.processors import Settings
from mixtrace.prune.levels import gather_levels
from mixtrace.prune.policies import Round, brute_force, dry_wet, ordered
from mixtrace.prune.racing import race_spread, spread
from mixtrace.prune.state import State
from mixtrace.prune.trials import Trials, surviving_rows
from mixtrace.render import KeptOperators

__all__ = ["Pruning", "prune_as_published", "prune_in_order"]

_BRUTE_FORCE_EVERY = 4
_CAREFUL = 0.5
_ALLOWANCES = (0.0, 0.5, 2.0)
_CERTAIN = 4
_RACED_AT_ONCE = 2
"""Windows a worker; a race asks for eight before it may end."""


@dataclass
class Pruning:
    """What the rounds of a search have in common.

    Attributes:
        state: the search; a round changes its descent and what it has removed.
        windows: the song.
        recipe: how many windows judge, and how.
        tolerance: of the search.
        on_trial: called with the windows judged and the loss after each trial.
    """

    state: State
    windows: SongWindows
    recipe: Recipe
    tolerance: float
    on_trial: Callable[[int, float], None]

    def trials(self, rng: np.random.Generator, whole: float) -> Trials:
        """Return who judges this round: some windows, which score `whole` before it."""
        count = self.windows.count
        chosen = min(self.recipe.trial_windows or count, count)
        numbers = spread(count, rng.random())[:chosen]
        descent, limit_s = self.state.descent, self.recipe.objective.fft_limit_s
        return Trials(
            descent.graph,
            descent.settings,
            self.windows,
            numbers,
            whole=whole,
            fft_limit_s=limit_s,
            early_wins=bool(self.recipe.trial_windows),
        )

    def race(
        self, graph: Graph, settings: Settings, bar: float, rng: np.random.Generator
    ) -> tuple[bool, float]:
        """Say whether the song's L_a (published convention) is at most a bar; give it as known.

        Windows are judged against what the console scores on them, first those on which it scores
        worst, then others spread over the song, until they tell; or all where the recipe judges
        trials on all.
        """
        state, windows = self.state, self.windows
        console, operators = state.losses["console"]["published"], KeptOperators(settings)

        def rises(numbers: Sequence[int]) -> list[float]:
            parts = song_parts(graph, settings, windows, numbers, operators=operators)
            before = [state.console_windows[window] for window in numbers]
            return np.subtract(combine(parts, "published").tolist(), before).tolist()

        by_loss = np.argsort(np.negative(state.console_windows), kind="stable")
        certain, others = by_loss[:_CERTAIN].tolist(), np.sort(by_loss[_CERTAIN:])
        outcome = race_spread(
            rises,
            certain,
            others[spread(len(others), rng.random())].tolist(),
            bar - console,
            at_once=_RACED_AT_ONCE * windows.at_once,
            whole=not self.recipe.trial_windows,
        )
        state.trial_windows += outcome.asked
        return outcome.won, console + outcome.mean

    def round(self, trials: Trials, bar: float, tolerance: float | None = None) -> Round:
        """Return a round under a bar."""
        settings = self.state.descent.settings
        return Round(
            trials.graph,
            settings,
            trials,
            self.state.loss,
            bar,
            tolerance,
            lambda loss: self.on_trial(trials.count, loss),
        )

    def remove(self, removed: list[int], trials: Trials) -> None:
        """Take processors out of the descent."""
        state, graph = self.state, self.state.descent.graph
        smaller, _ = remove_nodes(graph, removed)
        state.descent = state.descent.keep(smaller, surviving_rows(graph, removed))
        state.trial_windows += trials.count
        for i in removed:
            node = graph.nodes[i]
            state.removed.append({"kind": node.kind, "name": node.name, "round": state.round + 1})


def prune_as_published(
    pruning: Pruning, policy: str, number: int, rng: np.random.Generator
) -> None:
    """Prune by brute force, by dry/wet weights, or by the former in every fourth round."""
    state = pruning.state
    settings = state.descent.settings
    trials = pruning.trials(rng, state.loss)
    state.lowest = min(state.lowest, state.loss)
    bar = state.lowest + pruning.tolerance
    by_force = policy == "brute-force" or (policy == "hybrid" and number % _BRUTE_FORCE_EVERY == 0)
    current = pruning.round(trials, bar, pruning.tolerance)
    removed = (brute_force if by_force else dry_wet)(current, rng)
    if pruning.recipe.trial_windows:
        removed = _confirmed(pruning, removed, settings, bar, rng)
    pruning.remove(removed, trials)


def prune_in_order(pruning: Pruning, rng: np.random.Generator) -> None:
    """Prune carefully while that removes anything, then boldly until nothing is left to try."""
    state = pruning.state
    graph, settings = state.descent.graph, state.descent.settings
    state.descent.move_to(gather_levels(graph, settings, pruning.windows.heard(graph)))
    goal = state.losses["console"]["published"] + pruning.tolerance
    trials = pruning.trials(rng, state.loss)
    importance = {
        i: float(changes.mean())
        for i, changes in trials.changes.items()
        if [graph.nodes[i].kind, graph.nodes[i].name] not in state.refused
    }
    removed: list[int] = []
    while not removed and not state.finished:
        if state.allowance is None:
            bar = state.loss + _CAREFUL * (goal - state.loss)
        else:
            bar = goal + state.allowance * pruning.tolerance
        current = pruning.round(trials, bar)
        removed = ordered(current, importance, state.most)
        if removed:
            state.loss = current.loss(removed)
        else:
            _dare_more(state)
    pruning.remove(removed, trials)
    state.pruned = state.descent.copy()


def _dare_more(state: State) -> None:
    """Go over from careful rounds to such as prune up to the goal, to bold ones, to the end."""
    bolder = [a for a in _ALLOWANCES if state.allowance is None or a > state.allowance]
    state.finished = not bolder
    state.allowance = bolder[0] if bolder else state.allowance


def _confirmed(
    pruning: Pruning, removed: list[int], settings: Settings, bar: float, rng: np.random.Generator
) -> list[int]:
    """Return the longest prefix, by bisection, that keeps the whole song under the bar."""
    graph = pruning.state.descent.graph

    def holds(count: int) -> bool:
        smaller, _ = remove_nodes(graph, removed[:count])
        kept = settings.keep(surviving_rows(graph, removed[:count]))
        return pruning.race(smaller, kept, bar, rng)[0]

    if not removed or holds(len(removed)):
        return removed
    low, high = 0, len(removed)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return removed[:low]
