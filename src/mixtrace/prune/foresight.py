"""Foresight: trials whose outcome first-order changes leave in no doubt are not judged."""

from collections.abc import Collection, Mapping

import numpy as np

from mixtrace.prune.policies import Judge

__all__ = ["Foresight"]

_DEARER = 3.0
"""What a removal costs, by and large, in first-order changes of its processors."""
_DOUBT = 1.3
"""The outcome is in doubt where that is within this factor of the room there is."""
_SCALES = 1.0, 4.0


class Foresight:
    """A judge that asks another one only where expected costs leave the outcome in doubt.

    What removals that passed unjudged are expected to cost adds up, and with it the doubt, until
    the other judge is asked about them all. What was judged teaches what the others cost.
    """

    def __init__(self, judge: Judge, before: float, changes: Mapping[int, float]) -> None:
        """Take the other judge, the loss with nothing removed, and first-order changes of it."""
        self._judge = judge
        self._changes = changes
        self._scale = 1.0
        self._judged: frozenset[int] = frozenset()
        self._loss = before

    def race(self, removed: Collection[int], bar: float) -> tuple[bool, float]:
        """Say whether the loss is at most the bar, and give it as far as it is known."""
        expected = _DEARER * sum(self._changes[i] for i in frozenset(removed) - self._judged)
        cost, room = self._scale * expected, bar - self._loss
        if not room / _DOUBT < cost < room * _DOUBT:
            return cost <= room, self._loss + cost
        passed, loss = self._judge.race(removed, bar)
        own = float(np.clip((loss - self._loss) / expected, *_SCALES))
        self._scale = (self._scale * own) ** 0.5
        if passed:
            self._judged, self._loss = frozenset(removed), loss
        return passed, loss

    def keep(self, removed: Collection[int]) -> None:
        """Take removals for granted in the trials that follow."""
        self._judge.keep(removed)
