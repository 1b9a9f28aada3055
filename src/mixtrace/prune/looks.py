"""Looking at a graph: what it scores on windows of the song, and how much each processor matters.

One look serves twice: it settles a round, and the trials of the next one start from it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.descent import SongWindows, group_parts, prepare_group
from mixtrace.graph import Graph
from mixtrace.losses import Convention, combine
from mixtrace.processors import Settings
from mixtrace.prune.racing import shares
from mixtrace.rendering import KeptOperators, own_sides

__all__ = ["CONVENTIONS", "Look", "Looking", "look_at"]

CONVENTIONS: tuple[Convention, ...] = ("published", "eq4")


@dataclass(frozen=True)
class Look:
    """What a graph scores on some windows of the song; JSON as it is.

    Attributes:
        certain: windows that stand for themselves.
        others: windows that stand for the rest of the song.
        share: what they count in the song's mean.
        losses: L_a of each window, by convention.
        changes: for each window and each processor of the graph, in its order, how much L_a
            (published convention) of the window would change without it. That is the first-order
            change w dL/dw, w its dry/wet weight, in absolute value. Where w has converged, the
            changes of the windows cancel: their mean says nothing, their size does. Nothing, where
            the losses alone were looked at.
    """

    certain: list[int] = field(default_factory=list)
    others: list[int] = field(default_factory=list)
    share: float = 1.0
    losses: dict[str, list[float]] = field(default_factory=lambda: {c: [] for c in CONVENTIONS})
    changes: list[list[float]] = field(default_factory=list)

    @property
    def numbers(self) -> list[int]:
        """All windows."""
        return [*self.certain, *self.others]

    @property
    def shares(self) -> Float[np.ndarray, " window"]:
        """What each of them counts in the song's mean."""
        return shares(len(self.certain), len(self.others), self.share)

    @property
    def by_window(self) -> dict[int, tuple[float, ...]]:
        """L_a of each window by its number, in the order of `CONVENTIONS`."""
        losses = zip(*(self.losses[name] for name in CONVENTIONS), strict=True)
        return dict(zip(self.numbers, losses, strict=True))

    @property
    def importance(self) -> Float[np.ndarray, " processor"]:
        """The mean change of the song, for each processor of the graph."""
        return self.shares @ np.array(self.changes)


class Looking:
    """Looks at one graph under fixed settings, some windows at a time."""

    def __init__(
        self,
        graph: Graph,
        settings: Settings,
        windows: SongWindows,
        *,
        losses_only: bool = False,
    ) -> None:
        """Take the graph, and whether its losses are all that is needed; nothing is seen yet."""
        self._graph = graph
        self._windows = windows
        self._losses_only = losses_only
        stacks = [
            replace(stack, wet=stack.wet.detach().clone().requires_grad_(not losses_only))
            for stack in settings.stacks
        ]
        self._settings = Settings(tuple(stacks))
        self._operators = KeptOperators(self._settings)
        self._seen: dict[int, tuple[dict[str, float], list[float]]] = {}

    def at(self, numbers: Sequence[int]) -> list[float]:
        """Look at some windows; return L_a (published convention) of each."""
        seen = self._windows.each(self._window, numbers, self._prepare)
        self._seen.update(zip(numbers, seen, strict=True))
        return [losses["published"] for losses, _ in seen]

    def look(self, certain: Sequence[int] = ()) -> Look:
        """Return all that was seen, with the windows that stand for themselves alone."""
        alone = [number for number in certain if number in self._seen]
        others = [number for number in self._seen if number not in alone]
        seen = [self._seen[number] for number in (*alone, *others)]
        return Look(
            alone,
            others,
            1.0 - len(alone) / self._windows.count,
            {name: [losses[name] for losses, _ in seen] for name in CONVENTIONS},
            [changes for _, changes in seen],
        )

    def _prepare(self, number: int) -> None:
        prepare_group(self._operators, self._graph, self._windows, (number,))

    def _window(self, number: int) -> tuple[dict[str, float], list[float]]:
        """Return the loss of one window by convention, and the change of each processor."""
        parts = group_parts(self._graph, self._settings, self._windows, (number,), self._operators)
        by_convention = {name: combine(parts, name).mean() for name in CONVENTIONS}
        losses = {name: float(value.detach()) for name, value in by_convention.items()}
        if self._losses_only:
            return losses, []
        return losses, self._changes(by_convention["published"])

    def _changes(self, loss: Float[Tensor, ""]) -> list[float]:
        """Return |w dL/dw| of each processor, from the loss of one window."""
        changes = dict.fromkeys(self._graph.processors, 0.0)
        if loss.requires_grad:
            stacks, leaves = self._settings.stacks, list(self._operators.leaves)
            weights = [stack.wet for stack in stacks]
            slopes = torch.autograd.grad(loss, [*weights, *leaves], allow_unused=True)
            for stack, slope in zip(stacks, slopes, strict=False):
                if slope is not None:
                    of_stack = (stack.wet.detach() * slope).tolist()
                    changes.update(zip(stack.nodes, of_stack, strict=True))
            # Another window may have added stacks since, which this one did not use.
            operators = zip(self._operators.nodes, leaves, slopes[len(stacks) :], strict=False)
            for nodes, leaf, slope in operators:
                if slope is not None:
                    for i, change in zip(nodes, _without(leaf.detach(), slope), strict=True):
                        changes[i] += change
        return [abs(changes[i]) for i in self._graph.processors]


def look_at(
    graph: Graph,
    settings: Settings,
    windows: SongWindows,
    numbers: Sequence[int],
    *,
    losses_only: bool = False,
) -> Look:
    """Look at some windows that stand for the song; at their losses alone where these will do."""
    looking = Looking(graph, settings, windows, losses_only=losses_only)
    looking.at(numbers)
    return looking.look()


def _without(operators: Tensor, slopes: Tensor) -> list[float]:
    """Return w dL/dw of nodes that do 1 - w + w H, from dL of that: it is w (H - 1) dL.

    The 1 stands where a channel leads to itself.
    """
    if not operators.is_complex():
        return ((operators - torch.eye(2).to(operators)) * slopes).flatten(1).sum(1).tolist()
    # Row by row, and less 1 at the end: a copy of all responses takes longer than all the rest.
    pairs = zip(slopes.flatten(1), operators.flatten(1), strict=True)
    whole = torch.stack([torch.vdot(slope, response) for slope, response in pairs])
    of_dry = slopes[:, own_sides(slopes.shape[1])].flatten(1).sum(1)
    return (whole - of_dry).real.tolist()
