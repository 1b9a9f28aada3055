"""Foresight: trials whose outcome first-order changes leave in no doubt are not judged."""

from collections.abc import Collection, Mapping

import numpy as np

from mixtrace.prune.policies import Judge

__all__ = ["Foresight"]

_DEARER = 3.0
_DOUBT = 1.5
_SCALES = 1.0, 4.0


class Foresight:
    """A judge that asks another one only where expected costs leave the outcome in doubt.

    Costs may be off by a factor of two. Those of removals that passed unjudged add up, and with
    them the doubt, until the other judge is asked about them all.

    Attributes:
        scale: how much more what was judged did cost than was expected, half of it forgotten with
            every trial.
    """

    def __init__(self, judge: Judge, before: float, costs: Mapping[int, float]) -> None:
        """Take the other judge, the loss with nothing removed, and what each removal may cost."""
        self.scale = 1.0
        self._judge = judge
        self._costs = costs
        self._judged: frozenset[int] = frozenset()
        self._loss = before

    def race(self, removed: Collection[int], bar: float) -> tuple[bool, float]:
        """Say whether the loss is at most the bar, and give it as far as it is known."""
        expected = _DEARER * sum(self._costs[i] for i in frozenset(removed) - self._judged)
        cost, room = self.scale * expected, bar - self._loss
        if not room / _DOUBT < cost < room * _DOUBT:
            return cost <= room, self._loss + cost
        passed, loss = self._judge.race(removed, bar)
        own = float(np.clip((loss - self._loss) / expected, *_SCALES))
        self.scale = (self.scale * own) ** 0.5
        if passed:
            self._judged, self._loss = frozenset(removed), loss
        return passed, loss

    def keep(self, removed: Collection[int]) -> None:
        """Take removals for granted in the trials that follow."""
        self._judge.keep(removed)
