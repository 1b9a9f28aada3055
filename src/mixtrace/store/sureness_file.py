"""`sureness.json`: how sure the settings of a graph are, in the units of the settings."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from mixtrace.errors import StoreError
from mixtrace.graph import MOST_NODES
from mixtrace.processors import WET, Settings, processor
from mixtrace.store.files import JSON, MAKE_ANEW, checked, read_document
from mixtrace.store.graph_file import StoredGraph
from mixtrace.store.maxima import Count, Finite, Name

__all__ = [
    "MOST_SETTINGS",
    "SURENESS",
    "SURENESS_SCHEMA",
    "Interval",
    "Setting",
    "Sureness",
    "is_within",
    "read_sureness",
    "setting_value",
]

SURENESS = "sureness.json"
SURENESS_SCHEMA = "mixtrace.sureness/1"

MOST_SETTINGS = 20 * MOST_NODES


@dataclass(frozen=True, order=True)
class Setting:
    """One number of one node.

    Attributes:
        node: its number in the graph.
        name: of the parameter, or `wet`.
        row: which of several, such as bands, counted from 0; 0 where there is one.
    """

    node: Count
    name: Name
    row: Count = 0


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
            others, and the interval of each is wide for it.
        orders: pairs of nodes, the first feeding the second, whose order makes no difference that
            is worth a processor.
    """

    intervals: dict[Setting, Interval]
    alike: tuple[tuple[Setting, ...], ...] = ()
    orders: tuple[tuple[int, int], ...] = ()

    def of(self, node: int) -> Iterator[tuple[Setting, Interval]]:
        """Yield the settings of one node."""
        yield from ((s, i) for s, i in self.intervals.items() if s.node == node)

    def document(self) -> dict[str, JSON]:
        """Return it as `sureness.json` holds it."""
        return {
            "intervals": [asdict(s) | asdict(i) for s, i in self.intervals.items()],
            "alike": [{"settings": [asdict(s) for s in group]} for group in self.alike],
            "orders": [list(pair) for pair in self.orders],
        }


class _Interval(Struct):
    node: Count
    name: Name
    row: Count
    low: Finite
    high: Finite


class _Group(Struct):
    settings: Annotated[tuple[Setting, ...], Meta(min_length=2, max_length=MOST_SETTINGS)]


class _Document(Struct):
    intervals: Annotated[tuple[_Interval, ...], Meta(max_length=MOST_SETTINGS)]
    alike: Annotated[tuple[_Group, ...], Meta(max_length=MOST_SETTINGS)]
    orders: Annotated[tuple[tuple[Count, Count], ...], Meta(max_length=MOST_NODES)]


def read_sureness(path: Path, stored: StoredGraph) -> Sureness:
    """Return what a `sureness.json` says of a graph.

    Raises:
        StoreError: no such file, a damaged one, or that of another graph.
    """
    document = checked(read_document(path, SURENESS_SCHEMA), _Document, path)
    intervals = {
        Setting(each.node, each.name, each.row): Interval(each.low, each.high)
        for each in document.intervals
    }
    alike = tuple(group.settings for group in document.alike)
    sureness = Sureness(intervals, alike, document.orders)
    if len(intervals) < len(document.intervals) or not _belongs(sureness, stored):
        raise StoreError(
            f"Expected {path} to hold intervals of the settings of the graph beside it; it is "
            f"damaged or belongs to another. {MAKE_ANEW}"
        )
    return sureness


def setting_value(settings: Settings, setting: Setting) -> float:
    """Return the value of a setting."""
    return float(settings.value(setting.node, setting.name).reshape(-1)[setting.row])


def is_within(setting: Setting, interval: Interval, stored: StoredGraph) -> bool:
    """Return whether a graph has a setting, and an interval lies in its range."""
    if setting.node not in stored.settings:
        return False
    low, high = 0.0, 1.0
    if setting.name != WET:
        params = processor(stored.graph.nodes[setting.node].kind).params
        spec = next((spec for spec in params if spec.name == setting.name), None)
        if spec is None or isinstance(spec.low, tuple) or isinstance(spec.high, tuple):
            return False
        low, high = spec.low, spec.high
    rows = stored.settings.value(setting.node, setting.name).numel()
    return setting.row < rows and low <= interval.low <= interval.high <= high


def _belongs(sureness: Sureness, stored: StoredGraph) -> bool:
    """Return whether all that is told is told of what the graph has."""
    edges = {(edge.source, edge.destination) for edge in stored.graph.edges}
    processors = set(stored.graph.processors)
    return (
        all(
            is_within(setting, interval, stored) for setting, interval in sureness.intervals.items()
        )
        and all(setting in sureness.intervals for group in sureness.alike for setting in group)
        and all(set(pair) <= processors and pair in edges for pair in sureness.orders)
    )
