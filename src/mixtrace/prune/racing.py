"""Racing: deciding on the mean rise of the loss over windows before all of them were judged.

Sources: Maron and Moore, Hoeffding races, NIPS 1993, here with a normal bound; Cochran, Sampling
techniques, 1977, sections 5.3 (strata) and 5.6 (their standard error); `spread` is Weyl's sequence.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

__all__ = ["EVERYTHING", "Effort", "Outcome", "race_spread", "shares", "spread"]

Rises = Callable[[Sequence[int]], Sequence[float]]

_GOLDEN = (5**0.5 - 1.0) / 2.0


@dataclass(frozen=True)
class Effort:
    """How much a race may ask.

    Attributes:
        least: windows before which no race ends.
        most: windows after which every race ends.
        certainty: standard errors by which a race that ends earlier is decided.
        certain: how many of the certain windows to ask; None for all.
    """

    least: float
    most: float
    certainty: float
    certain: int | None = None


EVERYTHING = Effort(np.inf, np.inf, 0.0)


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


def race_spread(
    rises: Rises,
    certain: Sequence[int],
    others: Sequence[int],
    share: float,
    slack: float,
    effort: Effort,
    *,
    at_once: int = 1,
) -> Outcome:
    """Say whether the mean rise is at most `slack`, from some windows and a sample of the others.

    The certain windows are asked first: those of which a few could decide a mean that a sample
    missed. The race ends when the mean of all, with the sample standing for the others, differs
    enough from the slack for its standard error, corrected for the windows being few.

    Args:
        rises: gives the rises of some windows; not asked twice for one.
        certain: windows that are asked before all others.
        others: the rest of them, in an order every beginning of which is a fair sample.
        share: what the others count in the mean.
        slack: the highest mean that wins.
        effort: how many windows to ask, and how sure to be.
        at_once: how many windows are asked for together.
    """
    outcome, certain = Outcome(), certain[: effort.certain]
    for left in _asked(rises, [*certain, *others], at_once, outcome):
        known, sample = outcome.rises[: len(certain)], outcome.rises[len(certain) :]
        outcome.mean = float(np.dot(shares(len(known), len(sample), share), outcome.rises))
        outcome.won = outcome.mean <= slack
        if len(outcome.rises) >= effort.least and len(sample) > 1 and left:
            few = left / len(others)
            error = share * np.std(sample, ddof=1) * np.sqrt(few / len(sample))
            sure = abs(outcome.mean - slack) > effort.certainty * error
            if sure or len(outcome.rises) >= effort.most:
                break
    return outcome


def shares(certain: int, others: int, share: float) -> Float[np.ndarray, " window"]:
    """Return what each window counts in the mean where the others together count `share`."""
    if not certain or not others:
        return np.full(certain + others, 1.0 / max(1, certain + others))
    return np.repeat([(1.0 - share) / certain, share / others], [certain, others])


def spread(count: int, start: float) -> list[int]:
    """Return 0 to `count` - 1 in an order every beginning of which is spread evenly.

    Args:
        count: how many numbers.
        start: where to begin, 0 to 1 for the first and the last.
    """
    places = (start + _GOLDEN * np.arange(count)) % 1.0
    return np.argsort(np.argsort(places)).tolist()


def _asked(rises: Rises, numbers: Sequence[int], at_once: int, outcome: Outcome) -> Iterator[int]:
    """Ask window after window; yield how many are left."""
    for place, number in enumerate(numbers):
        if place == outcome.asked:
            known = dict(zip(ahead := numbers[place : place + at_once], rises(ahead), strict=True))
            outcome.asked += len(ahead)
        outcome.rises.append(known[number])
        yield len(numbers) - place - 1
