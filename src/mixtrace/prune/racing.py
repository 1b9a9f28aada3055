"""Racing: deciding on a mean before all of it is known.

Source: Maron and Moore, Hoeffding races, NIPS 1993; here with a normal bound.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["Outcome", "race"]

_CERTAINTY = 2.0
_LEAST_SPREAD = 0.5


@dataclass(frozen=True)
class Outcome:
    """How a race ended: whether it was won, the mean as far as known, and how many were asked."""

    won: bool
    mean: float
    asked: int


def race(
    rise: Callable[[int], float],
    numbers: Sequence[int],
    slack: float,
    *,
    early_wins: bool = True,
) -> Outcome:
    """Say whether the mean rise over some windows is at most `slack`.

    Windows are asked one by one. The race ends early when the mean of those seen, at least two,
    differs from the slack by twice its standard error, corrected for the windows being few; their
    spread counts as no less than half of the mean or of the slack.

    Args:
        rise: gives the rise of a window; not asked twice.
        numbers: the windows, in the order in which they are asked.
        slack: the highest mean that wins.
        early_wins: whether a race can be won, as it can be lost, before all windows were asked.
    """
    seen: list[float] = []
    for number in numbers:
        seen.append(rise(number))
        mean, missing = float(np.mean(seen)), 1.0 - len(seen) / len(numbers)
        if len(seen) > 1:
            least = _LEAST_SPREAD * max(abs(mean), abs(slack))
            spread = max(float(np.std(seen, ddof=1)), least)
            margin = _CERTAINTY * spread * np.sqrt(missing / len(seen))
            if mean - margin > slack or (early_wins and mean + margin < slack):
                break
    mean = float(np.mean(seen))
    return Outcome(mean <= slack, mean, len(seen))
