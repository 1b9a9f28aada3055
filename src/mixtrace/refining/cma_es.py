"""CMA-ES by the package `cma`: points are drawn about a mean that follows the best of them.

Source: N. Hansen, Y. Akimoto, P. Baudis, CMA-ES/pycma. Theirs are the search and all its numbers
but two, which are ours: how far it draws at first, and that each number has a deviation of its own
while correlations are left out, for as few points as plug-ins can be asked for tell none.
"""

import warnings
from collections.abc import Callable, Generator
from importlib.util import find_spec

import numpy as np
from jaxtyping import Float64

from mixtrace.errors import MixtraceError

__all__ = ["cma_es"]

_FIRST_DEVIATION = 0.3
"""How far numbers are drawn at first, in steps of our descent."""


def cma_es(
    size: int,
    generator: np.random.Generator,
    evaluations: int,
    project: Callable[[np.ndarray], np.ndarray],
) -> Generator[Float64[np.ndarray, " number"], float, None]:
    """Yield points and take their prices; the first point is zero.

    It ends where the package finds that no more is to be won.

    Args:
        size: how many numbers a point has, two at least.
        generator: what points are drawn from.
        evaluations: how many points will be asked for; of no account here.
        project: brings a point to where its price can be asked.

    Raises:
        MixtraceError: `cma` is not installed, or there is a single number.
    """
    if find_spec("cma") is None:
        raise MixtraceError(
            "Expected the package cma for this search; it is not installed. Install it with: "
            "pip install 'mixtrace[refine]', or search with spsa."
        )
    if size < 2:
        raise MixtraceError(
            "Expected two numbers or more that CMA-ES can move; there is 1. Search with spsa."
        )
    yield np.zeros(size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it will draw no pictures, for lack of matplotlib
        import cma  # an extra, and slow to import

    options = {
        "randn": lambda *shape: generator.standard_normal(shape),
        "seed": float("nan"),  # it would seed NumPy for all
        "CMA_diagonal": True,
        "verbose": -9,
        "verb_log": 0,
    }
    strategy = cma.CMAEvolutionStrategy(np.zeros(size), _FIRST_DEVIATION, options)
    while not strategy.stop():
        points, prices = strategy.ask(), []
        for point in points:
            prices.append((yield project(point)))
        strategy.tell(points, prices)
