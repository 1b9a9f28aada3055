"""Pruning policies: which processors a round removes.

A trial passes while its loss is at most the lowest loss seen so far plus the tolerance.

Source: Lee et al. 2025, arXiv 2509.15948, section on pruning, and its reference implementation.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import numpy as np

from mixtrace.graph import Graph
from mixtrace.processors import Settings

__all__ = ["Round", "brute_force", "dry_wet"]

_FIRST_SHARE = 0.1


@dataclass
class Round:
    """One pruning round: the graph it cuts, the bar a trial must stay under, and what happened.

    Attributes:
        graph: the graph before the round.
        settings: its settings.
        loss: gives the loss with some processors removed.
        tolerance: how far above the lowest loss a trial may lie.
        lowest: the lowest loss seen, over all rounds.
        on_trial: called after every trial.
    """

    graph: Graph
    settings: Settings
    loss: Callable[[Collection[int]], float]
    tolerance: float
    lowest: float
    on_trial: Callable[[float], None] = lambda loss: None
    _known: dict[frozenset[int], float] = field(default_factory=dict, repr=False)

    def passes(self, removed: Collection[int]) -> bool:
        """Try a removal, remember its loss, and say whether it stays within the tolerance."""
        key = frozenset(removed)
        if key not in self._known:
            self._known[key] = self.loss(key)
            self.on_trial(self._known[key])
        passed = self._known[key] <= self.lowest + self.tolerance
        if passed:
            self.lowest = min(self.lowest, self._known[key])
        return passed


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
