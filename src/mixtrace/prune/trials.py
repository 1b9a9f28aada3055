"""Pruning trials: the loss of a graph with some of its processors removed.

The settings do not change during a round, so what the linear nodes do is computed once, and what a
removal leaves as it was is not rendered again (`rendering.Incremental`).
"""

from collections.abc import Collection, Sequence

import numpy as np
import torch

from mixtrace.descent import SongWindows
from mixtrace.graph import Graph
from mixtrace.losses import combine
from mixtrace.processors import Settings
from mixtrace.prune.looks import Look
from mixtrace.prune.racing import EVERYTHING, Effort, race_spread
from mixtrace.rendering import DryAudio, Incremental, Prepared

__all__ = ["Trials"]

_EFFORT = Effort(least=4, most=6, certainty=1.0, certain=2)


class Trials:
    """Judges removals from one graph under fixed settings, on the windows of a look at it.

    Attributes:
        graph: what to remove from.
        count: windows rendered and compared so far.
    """

    def __init__(
        self,
        graph: Graph,
        settings: Settings,
        windows: SongWindows,
        look: Look,
        *,
        whole: float | None = None,
        exactly: bool = False,
    ) -> None:
        """Take the graph as it stands.

        Args:
            graph: what to remove from.
            settings: its settings.
            windows: the song.
            look: what the graph scores; trials are judged on the same windows.
            whole: what the graph scores on the whole song. Where it is given, every loss is read
                as the song's by what the graph scores on both.
            exactly: whether races judge all windows of the look.
        """
        self.graph = graph
        self.count = 0
        self._windows = windows
        self._look = look
        self._effort = EVERYTHING if exactly else _EFFORT
        # What rings on past this wraps around into the warm-up: the loss changes by 1e-5.
        limit = windows.time + windows.warm_up
        rate = windows.sample_rate_hz
        self._prepared = Prepared(graph, settings, rate, windows.time, limit)
        self._renderings: dict[int, Incremental] = {}
        self._base: frozenset[int] = frozenset()
        known = dict(zip(look.numbers, look.losses["published"], strict=True))
        self._losses: dict[frozenset[int], dict[int, float]] = {frozenset(): known}
        self._offset = 0.0
        if whole is not None:
            self._offset = whole - self.loss(())

    def loss(self, removed: Collection[int]) -> float:
        """Return the mean L_a (published convention) with some processors removed."""
        losses = self._window_losses(self._look.numbers, frozenset(removed))
        return float(np.dot(self._look.shares, losses)) + self._offset

    def keep(self, removed: Collection[int]) -> None:
        """Take removals for granted: the trials that follow will have them in common."""
        self._base = frozenset(removed)
        for rendering in self._renderings.values():
            rendering.base = self._base

    def race(self, removed: Collection[int], bar: float) -> tuple[bool, float]:
        """Say whether removals keep the loss under a bar, and give the loss as far as it is known.

        Some windows of the look are compared with what the whole graph scores on them, or all.
        """
        gone, before, look = frozenset(removed), self.loss(()), self._look
        outcome = race_spread(
            lambda numbers: np.subtract(
                self._window_losses(numbers, gone), self._window_losses(numbers, frozenset())
            ).tolist(),
            look.certain,
            look.others,
            look.share,
            bar - before,
            self._effort,
            at_once=self._windows.at_once,
        )
        return outcome.won, before + outcome.mean

    def _window_losses(self, numbers: Sequence[int], removed: frozenset[int]) -> list[float]:
        known = self._losses.setdefault(removed, {})
        new = [number for number in numbers if number not in known]
        for first in range(0, len(new), self._windows.capacity):
            some = new[first : first + self._windows.capacity]
            known.update(zip(some, self._judged(some, removed), strict=True))
        self.count += len(new)
        return [known[number] for number in numbers]

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
