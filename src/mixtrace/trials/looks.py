"""Looking at a graph: what it scores on each of some windows of the song."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from mixtrace.descent import SongWindows, group_parts, prepare_group
from mixtrace.graph import Graph
from mixtrace.losses import Convention, combine
from mixtrace.processors import Settings
from mixtrace.rendering import KeptOperators

__all__ = ["CONVENTIONS", "Look", "look_at"]

CONVENTIONS: tuple[Convention, ...] = ("published", "eq4")


@dataclass(frozen=True)
class Look:
    """What a graph scores on some windows of the song; JSON as it is.

    Attributes:
        numbers: the windows.
        losses: L_a of each window, by convention.
    """

    numbers: list[int]
    losses: dict[str, list[float]]

    @property
    def means(self) -> dict[str, float]:
        """L_a by convention, the mean over the windows."""
        return {name: float(np.mean(losses)) for name, losses in self.losses.items()}


@torch.no_grad()
def look_at(graph: Graph, settings: Settings, windows: SongWindows, numbers: Sequence[int]) -> Look:
    """Look at some windows, each rendered by itself, as trials are: pairs round otherwise."""
    operators = KeptOperators(settings)

    @torch.no_grad()  # which holds for a thread, not for those it starts
    def losses(number: int) -> list[float]:
        parts = group_parts(graph, settings, windows, (number,), operators)
        return [float(combine(parts, name).mean()) for name in CONVENTIONS]

    @torch.no_grad()
    def prepare(number: int) -> None:
        prepare_group(operators, graph, windows, (number,))

    found = windows.each(losses, numbers, prepare)
    by_convention = zip(CONVENTIONS, zip(*found, strict=True), strict=True)
    return Look(list(numbers), {name: list(values) for name, values in by_convention})
