"""Compiled loops: how they are compiled, and how several threads share one.

A loop takes the rows it has to do as `begin, end`, and Python's threads call it for a share of them
each. numba's own threads are left alone. On systems without OpenMP numba ends the process where two
threads ask for them at the same time, as windows side by side do. And a loop over them is compiled
several times, so that the first run after an installation rounds otherwise than later ones.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import Any

import numba
import torch

__all__ = ["compiled", "inlined", "over_rows"]

compiled: Any = numba.njit(cache=True, fastmath=True, nogil=True, error_model="numpy")
"""Compile a loop at its first call and keep it on disk. Sums may be reordered.

No division raises: a loop that may end at each of them is not vectorised.
"""

inlined: Any = numba.njit(cache=True, fastmath=True, error_model="numpy", forceinline=True)
"""Compile a function into the loops that call it."""


def over_rows(loop: Callable[..., None], rows: int, *arguments: Any) -> None:
    """Call `loop(begin, end, *arguments)` so that all rows are done, on all threads of the caller.

    Args:
        loop: what it does to a row may not depend on other rows; it lets go of the interpreter.
        rows: how many there are; each thread gets as many, one after the other.
        *arguments: what else the loop takes.
    """
    together = max(1, min(torch.get_num_threads(), rows))
    edges = [rows * share // together for share in range(together + 1)]
    others = [_pool().submit(loop, begin, end, *arguments) for begin, end in pairwise(edges[1:])]
    loop(0, edges[1], *arguments)
    for other in others:
        other.result()


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count(), "mixtrace-rows")
