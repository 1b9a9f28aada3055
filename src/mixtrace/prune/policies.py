"""Pruning policies: which processors a round removes.

A trial passes while its loss is at most the lowest loss seen so far plus the tolerance.

Source: Lee et al. 2025, arXiv 2509.15948, section on pruning, and its reference implementation.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np

from mixtrace.graph import Graph
from mixtrace.processors import Settings

__all__ = ["Judge", "Round", "brute_force", "dry_wet"]

_FIRST_SHARE = 0.1


@runtime_checkable
class Judge(Protocol):
    """Who knows the loss of a graph with some processors removed; see `Trials`."""

    def loss(self, removed: Collection[int]) -> float:
        """Return the loss."""
        ...

    def keep(self, removed: Collection[int]) -> None:
        """Take removals for granted in the trials that follow."""
        ...


@dataclass
class Round:
    """One pruning round: the graph it cuts, and the bar a trial must stay under.

    Attributes:
        graph: the graph before the round.
        settings: its settings.
        judge: gives the loss with some processors removed.
        bar: the highest loss that passes.
        tolerance: the bar is never further than this above the lowest loss that passed.
        on_trial: called with the loss of every trial.
    """

    graph: Graph
    settings: Settings
    judge: Judge
    bar: float
    tolerance: float
    on_trial: Callable[[float], None] = lambda loss: None
    _known: dict[frozenset[int], float] = field(default_factory=dict, repr=False)

    def passes(self, removed: Collection[int]) -> bool:
        """Try a removal, remember its loss, and say whether it stays under the bar."""
        gone = frozenset(removed)
        if gone not in self._known:
            self._known[gone] = self.judge.loss(gone)
            self.on_trial(self._known[gone])
        loss = self._known[gone]
        if loss > self.bar:
            return False
        self.judge.keep(gone)
        self.bar = min(self.bar, loss + self.tolerance)
        return True


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
