"""Pruning policies: which processors a round removes.

`brute_force` and `dry_wet` are published: a trial passes while its loss is at most the lowest loss
seen so far plus the tolerance. `ordered` is ours: the bar stands still, and candidates come in the
order of how much the loss depends on them, in batches.

Source: Lee et al. 2025, arXiv 2509.15948, section on pruning, and its reference implementation.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np

from mixtrace.graph import Graph
from mixtrace.processors import Settings

__all__ = ["Judge", "Round", "brute_force", "dry_wet", "ordered"]

_FIRST_SHARE = 0.1
_RISE = 3.0
"""How much more than its first-order change a batch is expected to cost."""


@runtime_checkable
class Judge(Protocol):
    """Who knows the loss of a graph with some processors removed; see `Trials`."""

    def race(self, removed: Collection[int], bar: float) -> tuple[bool, float]:
        """Say whether the loss is at most the bar, and give it as far as it is known."""
        ...

    def keep(self, removed: Collection[int]) -> None:
        """Take removals for granted in the trials that follow."""
        ...


@dataclass
class Round:
    """One pruning round: the graph it cuts, the bar a trial must stay under, and what happened.

    Attributes:
        graph: the graph before the round.
        settings: its settings.
        judge: gives the loss with some processors removed.
        before: the loss with all of them.
        bar: the highest loss that passes.
        tolerance: where given, the bar is never further than this above the lowest loss that
            passed.
        on_trial: called with the loss of every trial.
    """

    graph: Graph
    settings: Settings
    judge: Judge
    before: float
    bar: float
    tolerance: float | None = None
    on_trial: Callable[[float], None] = lambda loss: None
    _known: dict[frozenset[int], float] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Know the loss with nothing removed."""
        self._known[frozenset()] = self.before

    def passes(self, removed: Collection[int]) -> bool:
        """Try a removal, remember its loss, and say whether it stays under the bar."""
        key = frozenset(removed)
        if key not in self._known:
            passed, self._known[key] = self.judge.race(key, self.bar)
            self.on_trial(self._known[key])
        else:
            passed = self._known[key] <= self.bar
        if passed:
            self.judge.keep(key)
            if self.tolerance is not None:
                self.bar = min(self.bar, self._known[key] + self.tolerance)
        return passed

    def loss(self, removed: Collection[int]) -> float:
        """Return the loss, as far as known, of a removal that was tried, or of none."""
        return self._known[frozenset(removed)]


def brute_force(current: Round, rng: np.random.Generator) -> list[int]:
    """Try every processor once, in random order, on top of what was already removed."""
    removed: list[int] = []
    for i in rng.permutation(np.array(current.graph.processors, dtype=np.int64)):
        if current.passes([*removed, int(i)]):
            removed.append(int(i))
    return removed


def dry_wet(current: Round, rng: np.random.Generator) -> list[int]:
    """Try the smallest dry/wet weights of one kind after another, in batches that shrink.

    A batch is a tenth of a kind's nodes, halved whenever it fails; once it is a single node the
    kind is retired, whatever the outcome.
    """
    graph = current.graph
    ranked = {
        kind: [graph.of_kind(kind)[row] for row in current.settings.wet[kind].argsort().tolist()]
        for kind in graph.kinds()
    }
    share = dict.fromkeys(ranked, _FIRST_SHARE)
    taken = dict.fromkeys(ranked, 0.0)
    alive = list(ranked)

    def chosen(shares: dict[str, float]) -> list[int]:
        return [
            i for kind, nodes in ranked.items() for i in nodes[: round(len(nodes) * shares[kind])]
        ]

    while alive:
        kind = alive[int(rng.integers(len(alive)))]
        single = 1.0 / len(ranked[kind])
        step = max(share[kind], single)
        if share[kind] <= single:
            alive.remove(kind)
        if current.passes(chosen({**taken, kind: taken[kind] + step})):
            taken[kind] += step
            if taken[kind] >= 1.0 and kind in alive:
                alive.remove(kind)
        else:
            share[kind] /= 2.0
    return chosen(taken)


def ordered(
    current: Round, importance: Mapping[int, float], most: int | None = None, patience: int = 4
) -> list[int]:
    """Try processors from the least important on, as many at once as there seems to be room for.

    A batch takes the next processors while three times the sum of their importance fits under the
    bar, and at least twice as many as one before it that cost less than half of that. One that
    fails is tried again by half. A single processor that fails is left alone, and several of them
    in a row end the round.

    Args:
        current: the round.
        importance: of each processor that may be removed, the mean of `Trials.changes`.
        most: how many may be removed; None for all.
        patience: how many single processors may fail in a row.
    """
    order = sorted(importance, key=lambda i: importance[i])
    most = len(order) if most is None else most
    removed: list[int] = []
    place, least, size, failures = 0, 1, len(order), 0
    while place < len(order) and len(removed) < most and failures < patience:
        before = current.loss(removed)
        expected = _RISE * np.cumsum([importance[i] for i in order[place:]])
        fitting = int(np.searchsorted(expected, current.bar - before, side="right"))
        count = min(max(fitting, least), size, most - len(removed), len(expected))
        batch = order[place : place + count]
        if current.passes([*removed, *batch]):
            removed += batch
            cheap = current.loss(removed) - before < 0.5 * expected[count - 1]
            place, least, size, failures = place + count, 2 * count if cheap else 1, len(order), 0
        elif count > 1:
            least = size = count // 2
        else:
            place, failures = place + 1, failures + 1
    return removed
