"""Racing: deciding on the mean rise of the loss over windows before all of them were judged.

Sources: Maron and Moore, Hoeffding races, NIPS 1993, here with a normal bound; Cochran, Sampling
techniques, 1977, sections 5.3 (strata) and 5.6 (their standard error); `spread` is Weyl's sequence.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

__all__ = ["Outcome", "race_in_order", "race_spread", "spread"]

Rises = Callable[[Sequence[int]], Sequence[float]]

_CERTAINTY = 3.0
_LEAST_WINDOWS = 8
_MOST_WINDOWS = 16
_GOLDEN = (5**0.5 - 1.0) / 2.0


@dataclass
class Outcome:
    """How a race ended.

    Attributes:
        won: whether the mean rise is at most the slack.
        asked: windows asked for.
        rises: those that decided it.
        mean: the mean rise as far as it is known.
    """

    won: bool = False
    asked: int = 0
    rises: list[float] = field(default_factory=list)
    mean: float = 0.0


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
        outcome.mean = float(np.mean(outcome.rises))
        total, most = sum(outcome.rises), slack * len(numbers)
        outcome.won = total + left * max(value, 0.0) <= most
        if total > most or (early_wins and outcome.won and len(outcome.rises) > 1):
            break
    return outcome


def race_spread(
    rises: Rises,
    certain: Sequence[int],
    others: Sequence[int],
    slack: float,
    *,
    at_once: int = 1,
    whole: bool = False,
) -> Outcome:
    """Say whether the mean rise is at most `slack`, from some windows and a sample of the others.

    The certain windows are asked first: those of which a few could decide a mean that a sample
    missed. From eight windows on the race ends when the mean of all, with the sample standing for
    the others, differs from the slack by three standard errors, corrected for the windows being
    few; after 16 it ends in any case.

    Args:
        rises: gives the rises of some windows; not asked twice for one.
        certain: windows that are always asked.
        others: the rest of them, in an order every beginning of which is a fair sample.
        slack: the highest mean that wins.
        at_once: how many windows are asked for together.
        whole: whether to judge all windows whatever they say.
    """
    outcome = Outcome()
    share = len(others) / (len(certain) + len(others))
    for left, _ in _asked(rises, [*certain, *others], at_once, outcome):
        known, sample = outcome.rises[: len(certain)], outcome.rises[len(certain) :]
        outcome.mean = float(np.mean(known or sample))
        if known and sample:
            outcome.mean += share * float(np.mean(sample) - np.mean(known))
        outcome.won = outcome.mean <= slack
        if len(outcome.rises) >= _LEAST_WINDOWS and len(sample) > 1 and left and not whole:
            few = left / len(others)
            error = share * np.std(sample, ddof=1) * np.sqrt(few / len(sample))
            certainly = abs(outcome.mean - slack) > _CERTAINTY * error
            if certainly or len(outcome.rises) >= _MOST_WINDOWS:
                break
    return outcome


def spread(count: int, start: float) -> list[int]:
    """Return 0 to `count` - 1 in an order every beginning of which is spread evenly.

    Args:
        count: how many numbers.
        start: where to begin, 0 to 1 for the first and the last.
    """
    places = (start + _GOLDEN * np.arange(count)) % 1.0
    return np.argsort(np.argsort(places)).tolist()


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
