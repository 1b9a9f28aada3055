"""Racing: deciding on a mean before all of it is known.

Source: Maron and Moore, Hoeffding races, NIPS 1993; here with a normal bound.
"""

from collections.abc import Callable, Sequence

import numpy as np

__all__ = ["race"]

_CERTAINTY = 2.0
_LEAST_SPREAD = 0.5


def race(rise: Callable[[int], float], numbers: Sequence[int], slack: float) -> tuple[bool, float]:
    """Say whether the mean rise over some windows is at most `slack`, and give it as far as known.

    Windows are asked one by one. A race is lost early when the mean of those seen, at least two,
    lies above the slack by twice its standard error, corrected for the windows being few; their
    spread counts as no less than half of the mean. One that is won has seen every window.

    Args:
        rise: gives the rise of a window; not asked twice.
        numbers: the windows, in the order in which they are asked.
        slack: the highest mean that wins.
    """
    seen: list[float] = []
    for number in numbers:
        seen.append(rise(number))
        mean, missing = float(np.mean(seen)), 1.0 - len(seen) / len(numbers)
        if len(seen) > 1:
            spread = max(float(np.std(seen, ddof=1)), _LEAST_SPREAD * abs(mean))
            if mean - _CERTAINTY * spread * np.sqrt(missing / len(seen)) > slack:
                return False, mean
    mean = float(np.mean(seen))
    return mean <= slack, mean
