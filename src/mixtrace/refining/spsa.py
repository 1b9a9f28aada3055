"""SPSA: a search that asks for two prices to know the slope of all numbers at once.

    slopes = (price(x + c d) - price(x - c d)) / (2 c d),    d of signs drawn evenly (Bernoulli),

    x moves by a_k slopes,    a_k = a / (A + k)^0.602,    c_k = c / k^0.101.

Source: J. C. Spall, "Implementation of the simultaneous perturbation algorithm for stochastic
optimization", IEEE Trans. Aerospace and Electronic Systems 34 (1998): the exponents, A as a tenth
of the iterations, and a step that is not taken where it leads up ("blocking"). M. A. Martínez
Ramírez et al., "Differentiable signal processing with black-box audio effects", ICASSP 2021
(DeepAFx), take the same two-sided estimate with signs, on plug-in settings scaled to 0..1 and kept
there, with one c for all time, to train a network through the plug-ins. Slopes in units of their
mean size so far, and what a step is, are ours.
"""

from collections.abc import Callable, Generator
from itertools import count

import numpy as np
from jaxtyping import Float64

__all__ = ["spsa", "two_sided_slopes"]

_STEP_EXPONENT, _REACH_EXPONENT = 0.602, 0.101
_STABLE_SHARE = 0.1

_FIRST_STEP = 0.3
"""By how much each number moves at first, in steps of our descent, for slopes of mean size."""

_REACH = 0.3
"""How far to either side the price is asked at first, likewise."""

_PRICES = 3
"""Of an iteration: on either side, and where its step leads."""

_LEAST_SIZE = 1e-12


def two_sided_slopes(
    ahead: float, behind: float, reach: float, signs: Float64[np.ndarray, " number"]
) -> Float64[np.ndarray, " number"]:
    """Return the estimate of the gradient from the prices on both sides.

    Args:
        ahead: the price at x + reach signs.
        behind: the price at x - reach signs.
        reach: how far they are from x.
        signs: 1 or -1 each.

    >>> two_sided_slopes(3.0, 1.0, 0.5, np.array([1.0, -1.0])).tolist()
    [2.0, -2.0]
    """
    return (ahead - behind) / (2.0 * reach * signs)


def spsa(
    size: int,
    generator: np.random.Generator,
    evaluations: int,
    project: Callable[[np.ndarray], np.ndarray],
) -> Generator[Float64[np.ndarray, " number"], float, None]:
    """Yield points and take their prices; the first point is zero.

    Args:
        size: how many numbers a point has.
        generator: what signs are drawn from.
        evaluations: how many points will be asked for; the steps become smaller by it.
        project: brings a point to where its price can be asked.
    """
    here, mean_size = np.zeros(size), 0.0
    price = yield here
    stable = _STABLE_SHARE * evaluations / _PRICES
    for turn in count(1):
        reach = _REACH / turn**_REACH_EXPONENT
        signs = 2.0 * generator.integers(0, 2, size) - 1.0
        ahead = yield project(here + reach * signs)
        behind = yield project(here - reach * signs)
        slopes = two_sided_slopes(ahead, behind, reach, signs)
        mean_size += (np.abs(slopes).mean() - mean_size) / turn
        step = _FIRST_STEP * ((stable + 1.0) / (stable + turn)) ** _STEP_EXPONENT
        there = project(here - step * slopes / max(mean_size, _LEAST_SIZE))
        found = yield there
        if found <= price:
            here, price = there, found
