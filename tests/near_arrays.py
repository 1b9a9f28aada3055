"""Runs every compiled loop on copies of its arrays that lie near each other, and far apart.

Where a loop fills one array from others, the compiler makes two of it: a fast one, and a plain one
for arrays that may overlap, which it takes as well for those that lie within some bytes of each
other. Where arrays lie is chance.
"""

import random
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from mixtrace import loops

_GAPS_BYTES = (0, 0, 4, 16, 32, 64, 96, 128)
_FAR_BYTES = 1 << 14
_TIMES = 6


class NearArrays:
    """Takes the place of `over_rows`.

    Attributes:
        seen: names of the loops that ran.
        differing: those of which an array had other bits where arrays lay near each other.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Take that place in every module."""
        self.seen: set[str] = set()
        self.differing: set[str] = set()
        self._draw = random.Random(0)
        self._true = loops.over_rows
        self._taken: list[bytearray] = []
        for module in list(sys.modules.values()):
            if getattr(module, "over_rows", None) is self._true:
                monkeypatch.setattr(module, "over_rows", self)

    def __call__(self, loop: Callable[..., None], rows: int, *arguments: Any) -> None:
        """Run a loop several times on copies, then as it was asked for."""
        module, function = loop.__module__.rpartition(".")[2], loop.__name__
        self.seen.add(f"{module}.{function}")
        arrays = [a for a in arguments if isinstance(a, np.ndarray) and a.flags.c_contiguous]
        order = list(range(len(arrays)))
        apart = self._run(loop, rows, arguments, arrays, order, [_FAR_BYTES] * len(order))
        for _ in range(_TIMES):
            self._draw.shuffle(order)
            gaps = self._draw.choices(_GAPS_BYTES, k=len(order))
            self._take_room()
            if self._run(loop, rows, arguments, arrays, order, gaps) != apart:
                self.differing.add(f"{module}.{function}")
        self._true(loop, rows, *arguments)

    def _take_room(self) -> None:
        """Hold some pieces of memory of the size of a block, and let go of others."""
        kept = self._draw.sample(self._taken, len(self._taken) // 2)
        sizes = self._draw.choices(range(2000, 10_000), k=20)
        self._taken = kept + [bytearray(size) for size in sizes]

    def _run(
        self,
        loop: Callable[..., None],
        rows: int,
        arguments: Sequence[Any],
        arrays: Sequence[np.ndarray],
        order: Sequence[int],
        gaps: Sequence[int],
    ) -> list[bytes]:
        """Run a loop on copies that lie in this order with these gaps; return what it leaves."""
        room = np.zeros(sum(a.nbytes + 8 for a in arrays) + sum(gaps) + 64, np.uint8)
        at = -room.ctypes.data % 64
        copies: dict[int, np.ndarray] = {}
        for number, gap in zip(order, gaps, strict=True):
            array = arrays[number]
            at += -at % array.itemsize
            copy = room[at : at + array.nbytes].view(array.dtype).reshape(array.shape)
            copy[...] = array
            copies[id(array)] = copy
            at += array.nbytes + gap
        loop(0, rows, *(copies.get(id(each), each) for each in arguments))
        return [copies[id(array)].tobytes() for array in arrays]
