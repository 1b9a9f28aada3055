"""Pruning trials: the loss of a graph with some of its processors removed.

The settings do not change during a round, so what the linear nodes do is computed once, and what a
removal leaves as it was is not rendered again (`mixtrace.render.Incremental`).
"""

from collections.abc import Collection, Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.fit import SongWindows
from mixtrace.graph import Graph
from mixtrace.losses import combine
from mixtrace.processors import Settings
from mixtrace.prune.racing import race_in_order
from mixtrace.render import DryAudio, Incremental, Prepared, render_compiled

__all__ = ["Trials", "surviving_rows"]


def surviving_rows(graph: Graph, removed: Collection[int]) -> dict[str, list[int]]:
    """Return, for each kind, the rows of its nodes that are not removed."""
    return {
        kind: [row for row, i in enumerate(graph.of_kind(kind)) if i not in removed]
        for kind in graph.kinds()
    }


class Trials:
    """Judges removals from one graph under fixed settings, on some windows of the song.

    Attributes:
        graph: what to remove from.
        count: windows rendered and compared so far.
        changes: for each processor, how much the loss of each window would change without it. That
            is the first-order change w dL/dw, w its dry/wet weight, in absolute value. Where w has
            converged, the changes of the windows cancel: their mean says nothing, their size does.
    """

    changes: dict[int, Float[np.ndarray, " window"]]

    def __init__(
        self,
        graph: Graph,
        settings: Settings,
        windows: SongWindows,
        numbers: Sequence[int],
        *,
        whole: float | None = None,
        fft_limit_s: float | None = None,
        early_wins: bool = True,
    ) -> None:
        """Take the graph as it stands.

        Args:
            graph: what to remove from.
            settings: its settings.
            windows: the song.
            numbers: the evaluation windows a trial is judged on.
            whole: what the graph scores on the whole song. Where it is given, every loss is read
                as the song's by what the graph scores on both.
            fft_limit_s: as for `render_compiled`, in seconds; None judges exactly.
            early_wins: whether a trial can pass, as it can fail, before all windows were judged.
        """
        self.graph = graph
        self.count = 0
        self._settings = settings
        self._windows = windows
        self._numbers = list(numbers)
        self._early_wins = early_wins
        rate = windows.sample_rate_hz
        limit = None if fft_limit_s is None else round(fft_limit_s * rate)
        self._fft_limit = limit
        self._prepared = Prepared(graph, settings, rate, windows.time, limit)
        self._renderings: dict[int, Incremental] = {}
        self._base: frozenset[int] = frozenset()
        self.changes, whole_losses = self._first_look()
        self._losses: dict[frozenset[int], dict[int, float]] = {frozenset(): whole_losses}
        self._offset = 0.0
        if whole is not None:
            self._offset = whole - self.loss(())

    def loss(self, removed: Collection[int]) -> float:
        """Return the mean L_a (published convention) with some processors removed."""
        losses = self._window_losses(self._numbers, frozenset(removed))
        return float(np.mean(losses)) + self._offset

    def keep(self, removed: Collection[int]) -> None:
        """Take removals for granted: the trials that follow will have them in common."""
        self._base = frozenset(removed)
        for rendering in self._renderings.values():
            rendering.base = self._base

    def race(self, removed: Collection[int], bar: float) -> tuple[bool, float]:
        """Say whether removals keep the loss under a bar, and give the loss as far as it is known.

        Every window is compared with what the whole graph scores on it, first those on which what
        is new among the removals matters most (see `racing`).
        """
        gone, before = frozenset(removed), self.loss(())
        matter = np.zeros(len(self._numbers))
        for i in gone - self._base:
            matter += self.changes[i]
        outcome = race_in_order(
            lambda numbers: np.subtract(
                self._window_losses(numbers, gone), self._window_losses(numbers, frozenset())
            ).tolist(),
            [self._numbers[place] for place in np.argsort(-matter, kind="stable")],
            bar - before,
            at_once=self._windows.at_once,
            early_wins=self._early_wins,
        )
        return outcome.won, before + outcome.mean

    def _first_look(self) -> tuple[dict[int, Float[np.ndarray, " window"]], dict[int, float]]:
        """Return `changes` and what the whole graph scores on each window, in one pass."""
        weights = {
            kind: wet.detach().clone().requires_grad_() for kind, wet in self._settings.wet.items()
        }
        leaves = Settings(self._settings.values, weights)
        seen = self._windows.each(lambda number: self._slopes(leaves, number), self._numbers)
        self.count += len(seen)
        changes = {
            i: np.array([float(slopes[kind][row]) for _, slopes in seen])
            for kind in weights
            for row, i in enumerate(self.graph.of_kind(kind))
        }
        return changes, {n: loss for n, (loss, _) in zip(self._numbers, seen, strict=True)}

    def _slopes(self, leaves: Settings, number: int) -> tuple[float, dict[str, Tensor]]:
        """Return the loss of one window, and |w dL/dw| by kind."""
        dry, features = self._windows.window(number)
        estimate = render_compiled(
            self.graph,
            leaves,
            dry,
            self._windows.sample_rate_hz,
            time=self._windows.time,
            fft_limit=self._fft_limit,
        )
        loss = combine(self._windows.compare(estimate, features), "published").mean()
        wets = list(leaves.wet.values())
        slopes = torch.autograd.grad(loss, wets, allow_unused=True) if loss.requires_grad else wets
        changes = {
            kind: torch.zeros_like(wet) if slope is None else (wet * slope).abs().detach()
            for (kind, wet), slope in zip(leaves.wet.items(), slopes, strict=True)
        }
        return float(loss.detach()), changes

    def _window_losses(self, numbers: Sequence[int], removed: frozenset[int]) -> list[float]:
        known = self._losses.setdefault(removed, {})
        new = [number for number in numbers if number not in known]
        for first in range(0, len(new), self._windows.capacity):
            some = new[first : first + self._windows.capacity]
            known.update(zip(some, self._judged(some, removed), strict=True))
        self.count += len(new)
        return [known[number] for number in numbers]

    def _judged(self, numbers: Sequence[int], removed: frozenset[int]) -> list[float]:
        dry = {number: self._windows.window(number) for number in numbers}
        renderings = {number: self._rendering(number, dry[number][0]) for number in numbers}

        @torch.no_grad()
        def loss(number: int) -> float:
            parts = self._windows.compare(renderings[number].render(removed), dry[number][1])
            return float(combine(parts, "published"))

        return self._windows.each(loss, numbers)

    def _rendering(self, number: int, dry: DryAudio) -> Incremental:
        """Return what is remembered of a window; of a very large song, of the latest ones only."""
        known = self._renderings.pop(number, None)
        while len(self._renderings) >= self._windows.capacity:
            self._renderings.pop(next(iter(self._renderings)))
        self._renderings[number] = known or Incremental(self._prepared, dry, self._base)
        return self._renderings[number]
