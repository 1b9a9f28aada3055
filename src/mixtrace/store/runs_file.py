"""`runs.json`: what runs from several seeds agree on, in the units of the settings."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct, convert

from mixtrace.errors import StoreError
from mixtrace.graph import MOST_NODES, Role
from mixtrace.processors import PROCESSORS
from mixtrace.store.files import JSON, MAKE_ANEW, checked, read_document
from mixtrace.store.graph_file import StoredGraph
from mixtrace.store.maxima import MOST_RUNS, Count, Finite, Name
from mixtrace.store.sureness_file import MOST_SETTINGS, Interval, Setting, is_within

__all__ = [
    "RUNS",
    "RUNS_SCHEMA",
    "Agreement",
    "Elsewhere",
    "EndedRun",
    "Range",
    "agreement_told",
    "read_agreement",
]

RUNS = "runs.json"
RUNS_SCHEMA = "mixtrace.runs/1"

_Seed = Annotated[int, Meta(ge=0, le=2**63 - 1)]
_Runs = Annotated[int, Meta(ge=1, le=MOST_RUNS)]


@dataclass(frozen=True)
class EndedRun:
    """What one run came to.

    Attributes:
        seed: it ran from.
        l_a: of its result, in the published convention; None where that is not finite.
        price: what runs are chosen by, the lower the better; None where that is not finite.
        processors: how many its graph has.
    """

    seed: _Seed
    l_a: Finite | None
    price: Finite | None
    processors: Annotated[int, Meta(ge=0, le=MOST_NODES)]


@dataclass(frozen=True)
class Range:
    """The lowest and the highest value of a setting among so many runs, in its own unit."""

    runs: _Runs
    low: Finite
    high: Finite


@dataclass(frozen=True)
class Elsewhere:
    """A processor that the graph has not, and other runs have.

    Attributes:
        strip, role: where it stands there.
        kind: its kind.
        runs: in how many runs.
    """

    strip: Name
    role: Role
    kind: Name
    runs: _Runs


@dataclass(frozen=True, eq=False)
class Agreement:
    """What runs agree on.

    Attributes:
        runs: each of them, in their order.
        kept: the place among them of the one whose graph this is.
        stood: in how many runs each processor of the graph stood, by its node.
        ranges: of the settings that are told.
        elsewhere: processors of other runs alone.
    """

    runs: tuple[EndedRun, ...]
    kept: int
    stood: dict[int, int]
    ranges: dict[Setting, Range]
    elsewhere: tuple[Elsewhere, ...] = ()

    def document(self) -> dict[str, JSON]:
        """Return it as `runs.json` holds it."""
        return {
            "runs": [asdict(run) for run in self.runs],
            "kept": self.kept,
            "processors": [{"node": i, "runs": runs} for i, runs in self.stood.items()],
            "settings": [asdict(s) | asdict(found) for s, found in self.ranges.items()],
            "elsewhere": [asdict(other) for other in self.elsewhere],
        }


class _Stood(Struct):
    node: Count
    runs: _Runs


class _Setting(Struct):
    node: Count
    name: Name
    row: Count
    runs: _Runs
    low: Finite
    high: Finite


class _Document(Struct):
    runs: Annotated[tuple[EndedRun, ...], Meta(min_length=2, max_length=MOST_RUNS)]
    kept: Count
    processors: Annotated[tuple[_Stood, ...], Meta(max_length=MOST_NODES)]
    settings: Annotated[tuple[_Setting, ...], Meta(max_length=MOST_SETTINGS)]
    elsewhere: Annotated[tuple[Elsewhere, ...], Meta(max_length=MOST_SETTINGS)]


def read_agreement(path: Path, stored: StoredGraph) -> Agreement:
    """Return what a `runs.json` says of a graph.

    Raises:
        StoreError: no such file, a damaged one, or that of another graph.
    """
    document = checked(read_document(path, RUNS_SCHEMA), _Document, path)
    agreement = _agreement(document)
    whole = (len(agreement.stood), len(agreement.ranges)) == (
        len(document.processors),
        len(document.settings),
    )
    if not whole or not all(_belongs(agreement, stored)):
        raise StoreError(
            f"Expected {path} to tell of runs that found the graph beside it; it is damaged or "
            f"belongs to another. {MAKE_ANEW}"
        )
    return agreement


def agreement_told(document: JSON) -> Agreement:
    """Return what `Agreement.document` gave back."""
    return _agreement(convert(document, _Document))


def _agreement(document: _Document) -> Agreement:
    return Agreement(
        document.runs,
        document.kept,
        {each.node: each.runs for each in document.processors},
        {
            Setting(each.node, each.name, each.row): Range(each.runs, each.low, each.high)
            for each in document.settings
        },
        document.elsewhere,
    )


def _belongs(agreement: Agreement, stored: StoredGraph) -> Iterator[bool]:
    """Yield whether all that is told is told of what the graph has, by no more runs than were."""
    runs, count = agreement.runs, len(agreement.runs)
    processors = stored.graph.processors
    yield len({run.seed for run in runs}) == count
    yield agreement.kept < count and runs[agreement.kept].processors == len(processors)
    yield agreement.stood.keys() == set(processors)
    yield all(number <= count for number in agreement.stood.values())
    for setting, found in agreement.ranges.items():
        yield is_within(setting, Interval(found.low, found.high), stored)
        yield found.runs <= agreement.stood.get(setting.node, 0)
    for other in agreement.elsewhere:
        yield other.kind in PROCESSORS and other.runs < count
