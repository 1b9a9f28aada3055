"""How sure the settings of a graph are, as it is stored and told."""

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Interval", "Setting", "Sureness"]


@dataclass(frozen=True, order=True)
class Setting:
    """One number of one node.

    Attributes:
        node: its place in the graph.
        name: of the parameter, or `wet`.
        row: which of several, such as bands, counted from 0; 0 where there is one.
    """

    node: int
    name: str
    row: int = 0


@dataclass(frozen=True)
class Interval:
    """Where a setting lies, nine times out of ten, in its own unit."""

    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Sureness:
    """How sure the settings of a graph are.

    Attributes:
        intervals: of every setting that a search moves; none for switches, drawn curves and taps.
        alike: groups of settings that the mix cannot tell apart: one can be turned against the
            others, and each of their intervals is wide for it.
        orders: pairs of nodes, one feeding the other, whose order makes no difference that is
            worth a processor.
    """

    intervals: dict[Setting, Interval]
    alike: tuple[tuple[Setting, ...], ...] = ()
    orders: tuple[tuple[int, int], ...] = ()

    def of(self, node: int) -> Iterator[tuple[Setting, Interval]]:
        """Yield the settings of one node."""
        yield from ((s, i) for s, i in self.intervals.items() if s.node == node)
