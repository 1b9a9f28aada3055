"""One pruning round: what it prunes, judged by whom, under which bar.

A published round prunes to its bar; what it removes is judged as a whole before the descent, for
trials whose outcome is foreseen are not judged. Rounds of our policy first prune carefully, so
little at a time that the descent makes up for it before the next one. When nothing more can be had
that way they prune boldly, to above the bar, and the search takes a round back whose descent did
not return below it. The next one then removes a single processor, another one; where that is taken
back too, the search ends.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mixtrace.descent import Recipe, SongWindows, song_parts
from mixtrace.graph import Graph, remove_nodes
from mixtrace.losses import combine
from mixtrace.processors import Settings
from mixtrace.prune.foresight import Foresight
from mixtrace.prune.looks import CONVENTIONS, Look, Looking
from mixtrace.prune.policies import Judge, Round, brute_force, dry_wet, ordered
from mixtrace.prune.racing import EVERYTHING, Effort, race_spread, spread
from mixtrace.prune.state import State
from mixtrace.prune.trials import Trials

__all__ = ["Pruning", "prune_as_published", "prune_in_order"]

_BRUTE_FORCE_EVERY = 4
_CAREFUL = 0.8
_KEPT = 0.7
_RATES = 1.0, 5.0
_ALLOWANCES = (0.0, 0.5, 2.0)
_CERTAIN = 4
_CERTAINTY = 3.0
_LEAST, _MOST = 8, 12
_RACED_AT_ONCE = 2
"""Windows a worker; a race asks for eight before it may end."""
_PLAIN = 2.0
"""Standard errors by which a result is above the bar; the one before it is nearly as good."""
_CONFIRMED_AT_ONCE = 8
_MIDDLE = 0.5
"""Where the order of the windows begins that were not looked at: of the song, 0 to 1."""


@dataclass
class Pruning:
    """What the rounds of a search have in common.

    Attributes:
        state: the search; a round changes its descent and what it has removed.
        windows: the song.
        recipe: how many windows judge, and how.
        tolerance: of the search.
        taken_back: whether rounds are that do not hold. Where none is, in the published policies,
            fewer windows settle it: all that is confirmed is the result.
        losses_only: whether nothing will ask what the processors are worth: after the last round,
            and where every trial is judged on all windows.
        on_trial: called with the windows judged and the loss after each trial.
    """

    state: State
    windows: SongWindows
    recipe: Recipe
    tolerance: float
    taken_back: bool
    losses_only: bool
    on_trial: Callable[[int, float], None]

    def trials(self) -> Trials:
        """Return who judges this round: the windows last looked at."""
        descent = self.state.descent
        return Trials(
            descent.graph,
            descent.settings,
            self.windows,
            self.state.look,
            whole=self.state.loss,
            exactly=self.recipe.judge_whole,
        )

    def race(
        self, graph: Graph, settings: Settings, bar: float, rng: np.random.Generator
    ) -> tuple[bool, float, Look]:
        """Say whether the song's L_a (published convention) is at most a bar; give it and the look.

        Windows are looked at and judged against what the console scores on them, first those on
        which it scores worst, then others spread over the song, until they tell; or all where the
        recipe judges on all.
        """
        state, console = self.state, self.state.losses["console"]["published"]
        by_loss = np.argsort(np.negative(state.console_windows), kind="stable")
        certain, others = by_loss[:_CERTAIN].tolist(), np.sort(by_loss[_CERTAIN:])
        looking = Looking(graph, settings, self.windows, losses_only=self.losses_only)
        outcome = race_spread(
            lambda numbers: np.subtract(
                looking.at(numbers), [state.console_windows[window] for window in numbers]
            ).tolist(),
            certain,
            others[spread(len(others), rng.random())].tolist(),
            len(others) / self.windows.count,
            bar - console,
            self._effort(),
            at_once=_RACED_AT_ONCE * self.windows.at_once,
        )
        state.trial_windows += outcome.asked
        return outcome.won, console + outcome.mean, looking.look(certain)

    def confirm(
        self, graph: Graph, settings: Settings, bar: float, look: Look
    ) -> dict[str, float] | None:
        """Return the song's loss by convention, from all its windows; None if it is above a bar.

        Windows that were not looked at are judged in an order that is spread over the song, until
        it is plain that the loss is above the bar, or below it: then all others are judged as well.
        """
        state, seen = self.state, look.by_window
        rest = [number for number in range(self.windows.count) if number not in seen]

        def rises(numbers: Sequence[int]) -> list[float]:
            seen.update(self._losses(graph, settings, [n for n in numbers if n not in seen]))
            return [seen[number][0] - state.console_windows[number] for number in numbers]

        outcome = race_spread(
            rises,
            look.certain,
            [*look.others, *(rest[place] for place in spread(len(rest), _MIDDLE))],
            look.share,
            bar - state.losses["console"]["published"],
            Effort(least=len(look.numbers) + 1, most=np.inf, certainty=_PLAIN),
            at_once=_CONFIRMED_AT_ONCE,
        )
        if not outcome.won:
            return None
        seen.update(self._losses(graph, settings, [n for n in rest if n not in seen]))
        means = np.mean(list(seen.values()), axis=0).tolist()
        return dict(zip(CONVENTIONS, means, strict=True)) if means[0] <= bar else None

    def _effort(self) -> Effort:
        """Return how many windows settle a round."""
        if self.recipe.judge_whole:
            return EVERYTHING
        return Effort(_LEAST, _MOST if self.taken_back else _LEAST, _CERTAINTY)

    def _losses(
        self, graph: Graph, settings: Settings, numbers: Sequence[int]
    ) -> dict[int, tuple[float, ...]]:
        """Return L_a of some windows, in the order of `CONVENTIONS`, and count them as asked."""
        if not numbers:
            return {}
        parts = song_parts(graph, settings, self.windows, numbers)
        losses = [combine(parts, convention).tolist() for convention in CONVENTIONS]
        self.state.trial_windows += len(numbers)
        return dict(zip(numbers, zip(*losses, strict=True), strict=True))

    def round(
        self,
        trials: Trials,
        bar: float,
        *,
        judge: Judge | None = None,
        tolerance: float | None = None,
    ) -> Round:
        """Return a round under a bar, judged by the trials or by one who asks them."""
        return Round(
            trials.graph,
            self.state.descent.settings,
            judge or trials,
            self.state.loss,
            bar,
            tolerance,
            lambda loss: self.on_trial(trials.count, loss),
        )

    def remove(self, removed: list[int], trials: Trials) -> None:
        """Take processors out of the descent."""
        state, graph = self.state, self.state.descent.graph
        state.descent = state.descent.keep(remove_nodes(graph, removed))
        state.trial_windows += trials.count
        for i in removed:
            told = {"node": i, "kind": graph.nodes[i].kind, "name": graph.name(i)}
            state.removed.append({**told, "round": state.round + 1})


def prune_as_published(
    pruning: Pruning, policy: str, number: int, rng: np.random.Generator
) -> None:
    """Prune by brute force, by dry/wet weights, or by the former in every fourth round."""
    state = pruning.state
    trials = pruning.trials()
    state.lowest = min(state.lowest, state.loss)
    bar = state.lowest + pruning.tolerance
    by_force = policy == "brute-force" or (policy == "hybrid" and number % _BRUTE_FORCE_EVERY == 0)
    judge = trials if pruning.recipe.judge_whole else Foresight(trials, state.loss, state.changes())
    current = pruning.round(trials, bar, judge=judge, tolerance=pruning.tolerance)
    removed = (brute_force if by_force else dry_wet)(current, rng)
    pruning.remove(_confirmed(trials, removed, bar), trials)


def prune_in_order(pruning: Pruning) -> None:
    """Prune carefully while that removes anything, then boldly until nothing is left to try."""
    state = pruning.state
    goal = state.losses["console"]["published"] + pruning.tolerance
    trials = pruning.trials()
    changes = state.changes()
    costs = _expected_costs(state, changes)
    known = dict(costs)
    removed: list[int] = []
    while not removed and not state.finished:
        if state.allowance is None:
            bar = state.loss + _CAREFUL * (goal - state.loss)
        else:
            bar = goal + state.allowance * pruning.tolerance
        current = pruning.round(trials, bar)
        removed = ordered(current, costs, state.most)
        if current.tried:
            first, loss = current.tried[0]
            rate = (loss - state.loss) / max(sum(changes[i] for i in first), 1e-9)
            state.rate = 0.5 * (state.rate + float(np.clip(rate, *_RATES)))
        if removed:
            state.loss = current.loss(removed)
        else:
            _dare_more(state)
    _remember(state, {i: cost for i, cost in costs.items() if cost != known[i]})
    pruning.remove(removed, trials)
    state.pruned = state.descent.copy()


def _expected_costs(state: State, changes: Mapping[int, float]) -> dict[int, float]:
    """Return what each processor that may be removed is expected to cost.

    That is its first-order change, times how much more the last round's removals cost than theirs;
    at least what it did cost when it was last tried alone, of which a part is forgotten each round.
    """
    return {
        i: max(state.rate * change, state.dear.get(str(i), 0.0))
        for i, change in changes.items()
        if i != state.refused
    }


def _remember(state: State, costs: Mapping[int, float]) -> None:
    """Keep what processors did cost that failed alone."""
    state.dear = {node: _KEPT * cost for node, cost in state.dear.items()}
    state.dear |= {str(i): cost for i, cost in costs.items()}


def _dare_more(state: State) -> None:
    """Go over from careful rounds to such as prune up to the goal, to bold ones, to the end."""
    bolder = [a for a in _ALLOWANCES if state.allowance is None or a > state.allowance]
    state.finished = not bolder
    state.allowance = bolder[0] if bolder else state.allowance


def _confirmed(trials: Trials, removed: list[int], bar: float) -> list[int]:
    """Return the longest prefix, by bisection, that keeps the loss under the bar."""
    if trials.race(removed, bar)[0]:
        return removed
    low, high = 0, len(removed)
    while high - low > 1:
        middle = (low + high) // 2
        holds, _ = trials.race(removed[:middle], bar)
        low, high = (middle, high) if holds else (low, middle)
    return removed[:low]
