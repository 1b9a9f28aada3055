"""Trials: the loss of a graph with some of its processors removed.

The settings do not change meanwhile, so what the linear nodes do is computed once, and what a
removal leaves as it was is not rendered again (`rendering.Incremental`).
"""

from collections.abc import Collection, Sequence

import numpy as np
import torch

from mixtrace.descent import SongWindows
from mixtrace.graph import Graph
from mixtrace.losses import combine
from mixtrace.processors import Settings
from mixtrace.rendering import DryAudio, Incremental, Prepared

__all__ = ["Trials"]


class Trials:
    """Judges removals from one graph under fixed settings, on some windows.

    Attributes:
        graph: what to remove from.
        count: windows rendered and compared so far.
    """

    def __init__(
        self,
        graph: Graph,
        settings: Settings,
        windows: SongWindows,
        numbers: Sequence[int],
        whole: float | None = None,
    ) -> None:
        """Take the graph as it stands.

        Args:
            graph: what to remove from.
            settings: its settings.
            windows: the song.
            numbers: of the windows on which trials are judged.
            whole: L_a of the graph on these as it stands, each rendered by itself; see `look_at`.
                None where it is not known.
        """
        self.graph = graph
        self.count = 0
        self._windows = windows
        self._numbers = numbers
        # What rings on past this wraps around into the warm-up: the loss changes by 1e-5.
        limit = windows.time + windows.warm_up
        rate = windows.sample_rate_hz
        self._prepared = Prepared(graph, settings, rate, windows.time, limit)
        self._renderings: dict[int, Incremental] = {}
        self._base: frozenset[int] = frozenset()
        self._known: dict[frozenset[int], float] = {} if whole is None else {frozenset(): whole}

    def loss(self, removed: Collection[int]) -> float:
        """Return the mean L_a (published convention) with some processors removed."""
        gone = frozenset(removed)
        if gone not in self._known:
            self._known[gone] = float(np.mean(self._losses(gone)))
        return self._known[gone]

    def keep(self, removed: Collection[int]) -> None:
        """Take removals for granted: the trials that follow will have them in common."""
        self._base = frozenset(removed)
        for rendering in self._renderings.values():
            rendering.base = self._base

    def _losses(self, removed: frozenset[int]) -> list[float]:
        """Return L_a of each window, as many at once as may be kept."""
        losses: list[float] = []
        for first in range(0, len(self._numbers), self._windows.capacity):
            losses += self._judged(self._numbers[first : first + self._windows.capacity], removed)
        self.count += len(losses)
        return losses

    def _judged(self, numbers: Sequence[int], removed: frozenset[int]) -> list[float]:
        pairs = {number: self._windows.window(number) for number in numbers}
        renderings = {number: self._rendering(number, pairs[number][0]) for number in numbers}

        @torch.no_grad()
        def loss(number: int) -> float:
            parts = self._windows.compare(renderings[number].render(removed), pairs[number][1])
            return float(combine(parts, "published"))

        return self._windows.each(loss, numbers)

    def _rendering(self, number: int, dry: DryAudio) -> Incremental:
        """Return what is remembered of a window; of a very large song, of the latest ones only."""
        known = self._renderings.pop(number, None)
        while len(self._renderings) >= self._windows.capacity:
            self._renderings.pop(next(iter(self._renderings)))
        self._renderings[number] = known or Incremental(self._prepared, dry, self._base)
        return self._renderings[number]
