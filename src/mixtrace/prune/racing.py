"""Racing: deciding on the mean rise of the loss over windows before all of them were judged.

Source of `race_at_random`: Maron and Moore, Hoeffding races, NIPS 1993; here with a normal bound.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

__all__ = ["Outcome", "race_at_random", "race_in_order"]

Rises = Callable[[Sequence[int]], Sequence[float]]

_CERTAINTY = 3.0
_LEAST_WINDOWS = 8


@dataclass
class Outcome:
    """How a race ended: if it was won, the rises that decided it, and how many were asked for."""

    won: bool = False
    asked: int = 0
    rises: list[float] = field(default_factory=list)

    @property
    def mean(self) -> float:
        """The mean as far as known."""
        return float(np.mean(self.rises))


def race_in_order(
    rises: Rises,
    numbers: Sequence[int],
    slack: float,
    *,
    at_once: int = 1,
    early_wins: bool = True,
) -> Outcome:
    """Say whether the mean rise is at most `slack`, asking first where most is to be expected.

    The race is lost when what was seen is too much for all windows together, and won, from two
    windows on, when it is little enough even if every window to come rises like the last one.

    Args:
        rises: gives the rises of some windows; not asked twice for one.
        numbers: the windows, the one with the largest expected rise first.
        slack: the highest mean that wins.
        at_once: how many windows are asked for together.
        early_wins: whether a race can be won, as it can be lost, before all windows were asked.
    """
    outcome = Outcome()
    for left, value in _asked(rises, numbers, at_once, outcome):
        total, most = sum(outcome.rises), slack * len(numbers)
        outcome.won = total + left * max(value, 0.0) <= most
        if total > most or (early_wins and outcome.won and len(outcome.rises) > 1):
            break
    return outcome


def race_at_random(
    rises: Rises,
    numbers: Sequence[int],
    slack: float,
    *,
    at_once: int = 1,
    whole: bool = False,
) -> Outcome:
    """Say whether the mean rise is at most `slack`, asking in an order that means nothing.

    From eight windows on the race ends when the mean of those seen differs from the slack by three
    standard errors, corrected for the windows being few.

    Args:
        rises: gives the rises of some windows; not asked twice for one.
        numbers: the windows in random order.
        slack: the highest mean that wins.
        at_once: how many windows are asked for together.
        whole: whether to judge all windows whatever they say.
    """
    outcome = Outcome()
    for left, _ in _asked(rises, numbers, at_once, outcome):
        seen = len(outcome.rises)
        outcome.won = outcome.mean <= slack
        if seen >= _LEAST_WINDOWS and left and not whole:
            error = np.std(outcome.rises, ddof=1) * np.sqrt(left / (seen + left) / seen)
            if abs(outcome.mean - slack) > _CERTAINTY * error:
                break
    return outcome


def _asked(
    rises: Rises, numbers: Sequence[int], at_once: int, outcome: Outcome
) -> Iterator[tuple[int, float]]:
    """Ask window after window; yield how many are left, and the rise."""
    for place, number in enumerate(numbers):
        if place == outcome.asked:
            known = dict(zip(ahead := numbers[place : place + at_once], rises(ahead), strict=True))
            outcome.asked += len(ahead)
        outcome.rises.append(known[number])
        yield len(numbers) - place - 1, outcome.rises[-1]
