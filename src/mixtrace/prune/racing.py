"""Racing: deciding on the mean rise of the loss over windows before all of them were judged.

Source of `race_at_random`: Maron and Moore, Hoeffding races, NIPS 1993; here with a normal bound.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

__all__ = ["Outcome", "race_at_random", "race_in_order"]

_CERTAINTY = 3.0
_LEAST_WINDOWS = 12


@dataclass
class Outcome:
    """How a race ended: whether it was won, and the rises that were asked for."""

    won: bool = False
    rises: list[float] = field(default_factory=list)

    @property
    def mean(self) -> float:
        """The mean as far as known."""
        return float(np.mean(self.rises))


def race_in_order(
    rise: Callable[[int], float],
    numbers: Sequence[int],
    slack: float,
    *,
    early_wins: bool = True,
) -> Outcome:
    """Say whether the mean rise is at most `slack`, asking first where most is to be expected.

    The race is lost when what was seen is too much for all windows together, and won, from two
    windows on, when it is little enough even if every window to come rises like the last one.

    Args:
        rise: gives the rise of a window; not asked twice.
        numbers: the windows, the one with the largest expected rise first.
        slack: the highest mean that wins.
        early_wins: whether a race can be won, as it can be lost, before all windows were asked.
    """
    outcome = Outcome()
    for left, value in _asked(rise, numbers, outcome):
        total, most = sum(outcome.rises), slack * len(numbers)
        outcome.won = total + left * max(value, 0.0) <= most
        if total > most or (early_wins and outcome.won and len(outcome.rises) > 1):
            break
    return outcome


def race_at_random(rise: Callable[[int], float], numbers: Sequence[int], slack: float) -> Outcome:
    """Say whether the mean rise is at most `slack`, asking in an order that means nothing.

    From twelve windows on the race ends when the mean of those seen differs from the slack by three
    standard errors, corrected for the windows being few.

    Args:
        rise: gives the rise of a window; not asked twice.
        numbers: the windows in random order.
        slack: the highest mean that wins.
    """
    outcome = Outcome()
    for left, _ in _asked(rise, numbers, outcome):
        seen = len(outcome.rises)
        outcome.won = outcome.mean <= slack
        if seen >= _LEAST_WINDOWS and left:
            error = np.std(outcome.rises, ddof=1) * np.sqrt(left / (seen + left) / seen)
            if abs(outcome.mean - slack) > _CERTAINTY * error:
                break
    return outcome


def _asked(
    rise: Callable[[int], float], numbers: Sequence[int], outcome: Outcome
) -> Iterator[tuple[int, float]]:
    """Ask window after window; yield how many are left, and the rise."""
    for place, number in enumerate(numbers, 1):
        outcome.rises.append(rise(number))
        yield len(numbers) - place, outcome.rises[-1]
