"""Where everything stands in the picture of a graph: pure geometry, no markup.

Each chain is one row from left to right, its processors in slots. Passages stand in columns: tracks
first, then whatever they feed, the chain of the output last. Tracks that feed the same bus are
neighbours, a bus stands in the middle of what feeds it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from mixtrace.graph import Graph, Passage, passages

__all__ = ["Lane", "Layout", "lay_out"]


@dataclass(frozen=True)
class Lane:
    """A chain and its place.

    Attributes:
        chain: the chain.
        column: 0 for tracks, one more than the columns of all that feeds it for others.
        row: where it stands from the top, in heights of a row; halves between two.
        kept: (node, slot) of its processors.
        removed: (kind, slot) of the processors that the console had here and the graph has not.
    """

    chain: Passage
    column: int
    row: float
    kept: tuple[tuple[int, int], ...]
    removed: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Layout:
    """The whole picture.

    Attributes:
        lanes: every chain, tracks from top to bottom first.
        slots: for each column, the most slots that a chain has in it, kept or removed.
        wires: (from, to) as positions in `lanes`.
        rows: the height of the picture in rows.
    """

    lanes: tuple[Lane, ...]
    slots: tuple[int, ...]
    wires: tuple[tuple[int, int], ...]
    rows: float


def lay_out(graph: Graph, console: Graph | None = None) -> Layout:
    """Place every chain of a graph.

    Args:
        graph: any graph.
        console: the graph it was pruned from; its chains give the slots, and what is missing. None
            to number the slots of each chain as they come.
    """
    every = _in_order(graph)
    home = {i: number for number, chain in enumerate(every) for i in chain.nodes}
    ends = [(home[e.source], home[e.destination]) for e in graph.edges]
    wires = [(a, b) for a, b in ends if a != b]
    feeds: dict[int, list[int]] = {number: [] for number in range(len(every))}
    for source, destination in wires:
        feeds[destination].append(source)
    columns = _columns(every, feeds)
    rows = _rows(every, feeds, columns, home[graph.output])
    slots = {c.strip: _kinds(console, c) for c in passages(console)} if console else {}
    lanes = [
        Lane(chain, columns[n], rows[n], *_slotted(graph, chain, slots))
        for n, chain in enumerate(every)
    ]
    order = sorted(range(len(lanes)), key=lambda n: (lanes[n].column, lanes[n].row))
    place = {n: position for position, n in enumerate(order)}
    return Layout(
        tuple(lanes[n] for n in order),
        tuple(_widest(lanes, column) for column in range(max(columns.values()) + 1)),
        tuple((place[a], place[b]) for a, b in wires),
        max(rows.values()) + 1.0,
    )


def _in_order(graph: Graph) -> list[Passage]:
    """Return every chain once, those that feed others before these."""
    place = {i: position for position, i in enumerate(graph.order)}
    return sorted((c for c in passages(graph) if not c.told), key=lambda c: place[c.nodes[0]])


def _kinds(graph: Graph, chain: Passage) -> dict[int, str]:
    return {i: graph.nodes[i].kind for i in chain.processors}


def _columns(every: Sequence[Passage], feeds: Mapping[int, Sequence[int]]) -> dict[int, int]:
    """Return the column of each strip: the longest way to it, back from itself left out."""
    columns: dict[int, int] = {}
    waiting = list(range(len(every)))
    while waiting:
        ready = [n for n in waiting if all(f in columns or f == n for f in feeds[n])]
        for number in ready or waiting[:1]:  # strips that feed each other: the first goes first
            known = [columns[f] for f in feeds[number] if f in columns]
            columns[number] = 1 + max(known, default=-1)
        waiting = [n for n in waiting if n not in columns]
    return columns


def _rows(
    every: Sequence[Passage],
    feeds: Mapping[int, Sequence[int]],
    columns: Mapping[int, int],
    output: int,
) -> dict[int, float]:
    """Return the row of each chain: tracks as a walk from the output meets them, then means."""
    rows: dict[int, float] = {}
    for number in _walk(output, feeds):
        if columns[number] == 0:
            rows[number] = float(len(rows))
    for column in range(1, max(columns.values()) + 1):
        members = [n for n in range(len(every)) if columns[n] == column]
        for n in members:
            known = [rows[f] for f in feeds[n] if f in rows] or [float(len(rows))]
            rows[n] = sum(known) / len(known)
        members.sort(key=lambda n: rows[n])
        for above, below in pairwise(members):
            rows[below] = max(rows[below], rows[above] + 1.0)
    return rows


def _walk(output: int, feeds: Mapping[int, Sequence[int]]) -> Iterator[int]:
    """Yield every chain once, each after what it feeds."""
    seen: set[int] = set()
    waiting = [output]
    while waiting:
        number = waiting.pop()
        if number not in seen:
            seen.add(number)
            yield number
            waiting += reversed(feeds[number])


def _slotted(
    graph: Graph, chain: Passage, slots: Mapping[int, Mapping[int, str]]
) -> tuple[tuple[tuple[int, int], ...], tuple[tuple[str, int], ...]]:
    """Return (node, slot) of what is there and (kind, slot) of what was."""
    full = slots.get(chain.strip, {})
    if not _kinds(graph, chain).items() <= full.items():  # not the console's strip: count instead
        return tuple((node, slot) for slot, node in enumerate(chain.processors)), ()
    slot = {i: number for number, i in enumerate(full)}
    kept = tuple((i, slot[i]) for i in chain.processors)
    removed = tuple((kind, slot[i]) for i, kind in full.items() if i not in graph.nodes)
    return kept, removed


def _widest(lanes: Sequence[Lane], column: int) -> int:
    last = [
        slot for lane in lanes if lane.column == column for _, slot in (*lane.kept, *lane.removed)
    ]
    return max(last, default=-1) + 1
