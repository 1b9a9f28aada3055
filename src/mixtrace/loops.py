"""Compiled loops: how they are compiled, and how several threads share one.

A loop takes the rows it has to do as `begin, end`, and Python's threads call it for a share of them
each. numba's own threads are left alone. On systems without OpenMP numba ends the process where two
threads ask for them at the same time, as windows side by side do. And a loop over them is compiled
several times, so that the first run after an installation rounds otherwise than later ones.
"""

import logging
import os
import stat
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from itertools import pairwise
from typing import Any

import numba
import torch
from numba.core import config

__all__ = ["ORDERED", "compiled", "compiled_with", "inlined", "inlined_with", "over_rows"]

ORDERED = {"nnan", "ninf", "nsz"}
"""Of LLVM's liberties those that change no number: sums keep their order, products are rounded.

What a sample becomes then does not depend on where in a loop it lies, as it does where a vector of
samples is rounded otherwise than those left over: a song in blocks is the song in one piece.
"""


def compiled(loop: Callable[..., Any]) -> Any:
    """Compile a loop at its first call and keep it on disk. Sums may be reordered.

    No division raises: a loop that may end at each of them is not vectorised. A loop that fills an
    array had better not sum as well: of such a loop the compiler makes a second one, which adds in
    another order, for arrays that may overlap or lie within some bytes of each other by chance.
    """
    return _kept(loop, fastmath=True, nogil=True)


def compiled_with(fastmath: bool | set[str]) -> Callable[[Callable[..., Any]], Any]:
    """Return what compiles as `compiled` does, but with this of LLVM's liberties with numbers."""
    return lambda loop: _kept(loop, fastmath=fastmath, nogil=True)


def inlined(function: Callable[..., Any]) -> Any:
    """Compile a function into the loops that call it."""
    return _kept(function, fastmath=True, forceinline=True)


def inlined_with(fastmath: bool | set[str]) -> Callable[[Callable[..., Any]], Any]:
    """Return what does as `inlined` does, but with this of LLVM's liberties with numbers."""
    return lambda function: _kept(function, fastmath=fastmath, forceinline=True)


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


def _kept(function: Callable[..., Any], **options: Any) -> Any:
    """Compile a function and keep it beside its source, in the user's folder, or where we may."""
    options["error_model"] = "numpy"
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # numba has found no folder that it may write to
        return numba.njit(cache=_kept_elsewhere(), **options)(function)


@cache
def _kept_elsewhere() -> bool:
    """Have compiled loops kept in a temporary folder, and return whether there is one."""
    folder = _private_folder()
    if folder is not None:
        os.environ["NUMBA_CACHE_DIR"] = folder
        config.reload_config()
    where = f"kept in {folder}" if folder else "compiled anew by every command, which takes longer"
    logging.getLogger("mixtrace").warning(
        "Compiled loops are %s, for neither the installation nor a home can be written to; set "
        "NUMBA_CACHE_DIR to a folder of your own to choose another place.",
        where,
    )
    return folder is not None


def _private_folder() -> str | None:
    """Return a folder that nobody else can write to: what lies in it is run; None where none is."""
    if not hasattr(os, "getuid"):
        return None
    folder = os.path.join(tempfile.gettempdir(), f"mixtrace-loops-{os.getuid()}")
    try:
        with suppress(FileExistsError):
            os.mkdir(folder, 0o700)
        facts = os.lstat(folder)
    except OSError:
        return None
    own = stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.getuid()
    return folder if own and not facts.st_mode & 0o077 else None


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count(), "mixtrace-rows")
