"""Pruning trials: the loss of a graph with some of its processors removed.

The settings do not change during a round, so what the linear nodes do is computed once and shared
by all windows and trials; a trial renders the smaller graph, the one the result would be.
"""

from collections.abc import Collection, Sequence

import numpy as np
import torch

from mixtrace.fit import SongWindows
from mixtrace.graph import Graph, remove_nodes
from mixtrace.losses import combine
from mixtrace.processors import Settings
from mixtrace.render import Operators, RenderPlan, linear_operators, render_compiled

__all__ = ["Trials", "surviving_rows"]


def surviving_rows(graph: Graph, removed: Collection[int]) -> dict[str, list[int]]:
    """Return, for each kind, the rows of its nodes that are not removed."""
    return {
        kind: [row for row, i in enumerate(graph.of_kind(kind)) if i not in removed]
        for kind in graph.kinds()
    }


class Trials:
    """Judges removals from one graph under fixed settings, on some windows of the song."""

    def __init__(
        self, graph: Graph, settings: Settings, windows: SongWindows, numbers: Sequence[int]
    ) -> None:
        """Take the graph as it stands.

        Args:
            graph: what to remove from.
            settings: its settings.
            windows: the song.
            numbers: the evaluation windows every trial is judged on.
        """
        self.graph = graph
        self.settings = settings
        self._windows = windows
        self._numbers = list(numbers)
        self._operators: dict[int, Operators] = {}
        self.count = 0

    @torch.no_grad()
    def loss(self, removed: Collection[int]) -> float:
        """Return the mean L_a (published convention) with some processors removed."""
        smaller, ids = remove_nodes(self.graph, removed)
        settings = self.settings.keep(surviving_rows(self.graph, removed))
        original = {new: old for old, new in ids.items()}

        def operators(plan: RenderPlan, nodes: Sequence[int], fft_length: int) -> Operators:
            known = self._operators.setdefault(fft_length, Operators({}, {}))
            missing = [i for i in nodes if original[i] not in known]
            if missing:
                fresh = linear_operators(plan, settings, missing, fft_length)
                known = known | fresh.renamed({i: original[i] for i in missing})
                self._operators[fft_length] = known
            return known.renamed({original[i]: i for i in nodes})

        losses = []
        for number in self._numbers:
            dry, features = self._windows.window(number)
            estimate = render_compiled(
                smaller,
                settings,
                dry,
                self._windows.sample_rate_hz,
                time=self._windows.time,
                operators=operators,
            )
            losses.append(float(combine(self._windows.compare(estimate, features), "published")))
            self.count += 1
        return float(np.mean(losses))
