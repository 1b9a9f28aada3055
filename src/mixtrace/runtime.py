"""How the process uses the machine: threads that wait asleep, memory that is kept for reuse.

Threads of torch and of Python share the cores with whatever else runs: one that spins while it
waits takes the core that others need. The large tensors of a step would be returned to the system
and zeroed by it again at every step. At its end a process would look through all that torch has
loaded, object by object, for what it may free.
"""

import atexit
import ctypes
import gc
import os
import sys
from collections.abc import Callable

__all__ = ["give_back", "tune"]

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3
_KEEP_BYTES = 2_000_000_000
_GROW_BYTES = 64_000_000


def tune() -> None:
    """Set what has to be set before torch is loaded; what the user set already stays."""
    atexit.register(gc.freeze)
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("GOMP_SPINCOUNT", "0")
    mallopt = _of_libc("mallopt")
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _KEEP_BYTES // 2)
        mallopt(_M_TRIM_THRESHOLD, _KEEP_BYTES)
        mallopt(_M_TOP_PAD, _GROW_BYTES)


def give_back() -> None:
    """Return to the system what is kept for reuse, where what follows needs other sizes."""
    trim = _of_libc("malloc_trim")
    if trim is not None:
        trim(ctypes.c_size_t(0))


def _of_libc(name: str) -> Callable[..., int] | None:
    """Return a function of the C library, where this is Linux and it has it."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform.startswith("linux") else None
