"""Pruning policies: which processors a round removes.

`brute_force` and `dry_wet` are published: a trial passes while its loss is at most the lowest loss
seen so far plus the tolerance. `ordered` is ours: the bar stands still, and candidates come in the
order of how much the loss depends on them, in batches.

Source: Lee et al. 2025, arXiv 2509.15948, section on pruning, and its reference implementation.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np

from mixtrace.graph import Graph
from mixtrace.processors import Settings

__all__ = ["Judge", "Round", "brute_force", "dry_wet", "ordered"]

_FIRST_SHARE = 0.1
_SCALES = 0.5, 3.0
_LEFT = 0.2
_PATIENCE = 4, 2
_LEAST_COST = 1e-9


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

    @property
    def tried(self) -> list[tuple[frozenset[int], float]]:
        """What was tried, in turn, and the loss without it."""
        return list(self._known.items())[1:]

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
        kind: [
            stack.nodes[row]
            for stack in current.settings.of_kind(kind)
            for row in stack.wet.argsort().tolist()
        ]
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


def ordered(current: Round, costs: dict[int, float], most: int | None = None) -> list[int]:
    """Try processors from the cheapest on, as many at once as there seems to be room for.

    A batch takes the next processors while what they are expected to cost fits under the bar,
    scaled by what those removed so far did cost; while these were free, as many again. One that
    fails is tried again by as much as would have fitted at its own cost. A single processor that
    fails is left alone, and its cost set to what it was. The round ends when a fifth of the room is
    left, when no more is expected to fit, or when several single processors in a row failed: two,
    or four while nothing was removed.

    Args:
        current: the round.
        costs: by how much the loss is expected to rise without each processor that may be removed.
        most: how many may be removed; None for all.
    """
    expected = {i: max(cost, _LEAST_COST) for i, cost in costs.items()}
    order = sorted(costs, key=lambda i: costs[i])
    most = len(order) if most is None else most
    removed: list[int] = []
    place, size, failures, scale = 0, len(order), 0, 1.0
    while place < len(order) and len(removed) < most and failures < _PATIENCE[bool(removed)]:
        before = current.loss(removed)
        room = current.bar - before
        ahead = np.cumsum([expected[i] for i in order[place:]])
        fitting = _fitting(scale * ahead, room)
        if before <= current.before:
            fitting = max(fitting, len(removed) + 1)
        if not fitting or room < _LEFT * (current.bar - current.before):
            break
        count = min(fitting, size, most - len(removed), len(ahead))
        tried = [*removed, *order[place : place + count]]
        if current.passes(tried):
            removed, place, size, failures = tried, place + count, len(order), 0
            cost = current.loss(removed) - current.before
            scale = float(np.clip(cost / sum(expected[i] for i in removed), *_SCALES))
        elif count > 1:
            own = (current.loss(tried) - before) / ahead[count - 1]
            size = max(min(_fitting(own * ahead, room), count - 1), count // 4, 1)
        else:
            costs[order[place]] = current.loss(tried) - before
            place, failures = place + 1, failures + 1
    return removed


def _fitting(costs: np.ndarray, room: float) -> int:
    return int(np.searchsorted(costs, room, side="right"))
