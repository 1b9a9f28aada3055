"""Signals of many nodes, kept in the stacks in which they were computed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import torch
from torch import Tensor

__all__ = ["Signals"]


class Signals(Mapping[int, Tensor]):
    """Node -> signal [window, channel, ...], a view of a row of a stack with nodes first.

    What works on many nodes at once takes their stack as it is; taking it apart and stacking it
    again would copy it, and its gradient too.
    """

    def __init__(self, signals: Mapping[int, Tensor] | None = None) -> None:
        """Take signals that lie in no stack, or none."""
        self._stacks: list[Tensor] = []
        self._places: dict[int, tuple[int, int]] = {}
        if isinstance(signals, Signals):
            self.update(signals)
        else:
            for node, signal in (signals or {}).items():
                self.add((node,), signal[None])

    @classmethod
    def of_stacks(cls, stacks: Iterable[tuple[Sequence[int], Tensor]]) -> "Signals":
        """Return the signals in stacks; the nodes of each stand beside it, row by row."""
        signals = cls()
        for nodes, stack in stacks:
            signals.add(nodes, stack)
        return signals

    def add(self, nodes: Sequence[int], stack: Tensor) -> None:
        """Add a stack, a row a node."""
        self._places.update((node, (len(self._stacks), row)) for row, node in enumerate(nodes))
        self._stacks.append(stack)

    def update(self, other: "Signals") -> None:
        """Add all of another's."""
        offset = len(self._stacks)
        self._stacks += other._stacks
        self._places.update((i, (s + offset, row)) for i, (s, row) in other._places.items())

    @property
    def stacks(self) -> tuple[Tensor, ...]:
        """The stacks, in the order in which they came."""
        return tuple(self._stacks)

    def rows(self) -> list[tuple[int, int]]:
        """Return the number of the stack and the row in it of every signal."""
        return list(self._places.values())

    def channels(self, node: int) -> int:
        """Return how many channels a signal has."""
        return self._stacks[self._places[node][0]].shape[2]

    def stack(self, nodes: Sequence[int]) -> Tensor:
        """Return signals of equal channel counts as one tensor, their stack if they fill it."""
        first = self._places[nodes[0]][0]
        if [self._places[i] for i in nodes] == [
            (first, r) for r in range(len(self._stacks[first]))
        ]:
            return self._stacks[first]
        return torch.stack([self[i] for i in nodes])

    def only(self, nodes: Iterable[int]) -> "Signals":
        """Return the signals of some nodes, in their order, and the stacks that these lie in."""
        chosen = Signals()
        numbers: dict[int, int] = {}
        for node in nodes:
            stack, row = self._places[node]
            if stack not in numbers:
                numbers[stack] = len(chosen._stacks)
                chosen._stacks.append(self._stacks[stack])
            chosen._places[node] = numbers[stack], row
        return chosen

    def __getitem__(self, node: int) -> Tensor:
        """Return the signal of one node."""
        stack, row = self._places[node]
        return self._stacks[stack][row]

    def __iter__(self) -> Iterator[int]:
        """Iterate over the nodes."""
        return iter(self._places)

    def __len__(self) -> int:
        """Return how many signals there are."""
        return len(self._places)
