"""A processor of one result with what is known of it, and a dial of it that was turned."""

from dataclasses import dataclass, field

from mixtrace.processors import WET, NodeSettings
from mixtrace.store import Interval

__all__ = ["Dialled", "Node", "is_within"]


@dataclass(frozen=True)
class Node:
    """A processor of one result.

    Attributes:
        own: its settings.
        intervals: where they lie nine times out of ten, by parameter and row, where that is known.
    """

    own: NodeSettings
    intervals: dict[tuple[str, int], Interval] = field(default_factory=dict)

    def number(self, name: str, row: int = 0) -> float:
        """Return one number of a parameter, or the weight."""
        return self.own.wet if name == WET else float(self.own.array(name).reshape(-1)[row])


@dataclass(frozen=True)
class Dialled:
    """A dial that was turned; see `Change` for the fields."""

    dial: str
    before: str
    after: str
    difference: float | None = None
    unit: str = ""


def is_within(nodes: tuple[Node, Node], setting: tuple[str, int], other: tuple[str, int]) -> bool:
    """Return whether values lie in each other's intervals; not where one of these is unknown."""
    first, second = nodes[0].intervals.get(setting), nodes[1].intervals.get(other)
    if first is None or second is None:
        return False
    return all(
        interval.low <= value <= interval.high
        for interval, value in (
            (first, nodes[1].number(*other)),
            (second, nodes[0].number(*setting)),
        )
    )
