"""Where everything stands in the picture of a graph: pure geometry, no markup.

Each chain is one row from left to right, its processors in slots. Passages stand in columns: tracks
first, then whatever they feed, the chain of the output last. Tracks that feed the same bus are
neighbours, a bus stands in the middle of what feeds it, and returns stand below, each in a row of
its own. A strip's own sound stays in its row until the column that it feeds, so no chain stands
where another strip's sound passes.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import floor

from mixtrace.graph import KEY, Graph, Passage, leads_aside, passages

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
        wires: (from, to) as positions in `lanes`: where the own sound of each goes.
        sends: the same for sends.
        keys: (from, to, slot of what listens) for side-chains.
        rows: the height of the picture in rows.
    """

    lanes: tuple[Lane, ...]
    slots: tuple[int, ...]
    wires: tuple[tuple[int, int], ...]
    sends: tuple[tuple[int, int], ...]
    keys: tuple[tuple[int, int, int], ...]
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
    wires, sends, keys = _wires(graph, home)
    own, feeds = _before(every, wires), _before(every, [*wires, *sends])
    columns = _columns(every, feeds)
    rows = _rows(every, own, feeds, columns, home[graph.output])
    slots = {c.strip: _kinds(console, c) for c in passages(console)} if console else {}
    lanes = [
        Lane(chain, columns[n], rows[n], *_slotted(graph, chain, slots))
        for n, chain in enumerate(every)
    ]
    order = sorted(range(len(lanes)), key=lambda n: (lanes[n].column, lanes[n].row))
    place = {n: position for position, n in enumerate(order)}
    slot = {i: number for lane in lanes for i, number in lane.kept}
    return Layout(
        tuple(lanes[n] for n in order),
        tuple(_widest(lanes, column) for column in range(max(columns.values()) + 1)),
        tuple((place[a], place[b]) for a, b in wires),
        tuple((place[a], place[b]) for a, b in sends),
        tuple((place[home[a]], place[home[b]], slot[b]) for a, b in keys),
        max(rows.values()) + 1.0,
    )


_Pairs = list[tuple[int, int]]


def _wires(graph: Graph, home: Mapping[int, int]) -> tuple[_Pairs, _Pairs, _Pairs]:
    """Return what leads from chain to chain: own sound, sends, and keys from node to node."""
    wires, sends, keys = [], [], []
    for edge in graph.edges:
        ends = home[edge.source], home[edge.destination]
        if edge.port == KEY:
            keys.append((edge.source, edge.destination))
        elif ends[0] != ends[1]:
            (sends if leads_aside(graph, edge) else wires).append(ends)
    return wires, sends, keys


def _before(every: Sequence[Passage], pairs: _Pairs) -> dict[int, list[int]]:
    before: dict[int, list[int]] = {number: [] for number in range(len(every))}
    for source, destination in pairs:
        before[destination].append(source)
    return before


def _in_order(graph: Graph) -> list[Passage]:
    """Return every chain once, those that feed others before these."""
    place = {i: position for position, i in enumerate(graph.order)}
    return sorted((c for c in passages(graph) if not c.told), key=lambda c: place[c.nodes[0]])


def _kinds(graph: Graph, chain: Passage) -> dict[int, str]:
    return {i: graph.nodes[i].kind for i in chain.processors}


def _columns(every: Sequence[Passage], feeds: Mapping[int, Sequence[int]]) -> dict[int, int]:
    """Return the column of each strip: 0 for tracks, else the longest way to it.

    The way back from a strip to itself is left out.
    """
    columns = {n: 0 for n, chain in enumerate(every) if chain.role == "track"}
    waiting = [n for n in range(len(every)) if n not in columns]
    while waiting:
        ready = [n for n in waiting if all(f in columns or f == n for f in feeds[n])]
        for number in ready or waiting[:1]:  # strips that feed each other: the first goes first
            known = [columns[f] for f in feeds[number] if f in columns]
            columns[number] = 1 + max(known, default=-1)
        waiting = [n for n in waiting if n not in columns]
    return columns


def _rows(
    every: Sequence[Passage],
    own: Mapping[int, Sequence[int]],
    feeds: Mapping[int, Sequence[int]],
    columns: Mapping[int, int],
    output: int,
) -> dict[int, float]:
    """Return the row of each chain: tracks as a walk from the output meets them, then means."""
    rows: dict[int, float] = {}
    for number in dict.fromkeys([*_walk(output, own), *_walk(output, feeds), *range(len(every))]):
        if columns[number] == 0:
            rows[number] = float(len(rows))
    returns = [n for n, chain in enumerate(every) if chain.role == "return" and columns[n]]
    last = max(columns.values())
    for column in range(1, last + 1):
        members = [n for n in range(len(every)) if columns[n] == column and n not in returns]
        wanted = {n: _amid([*own[n]] or feeds[n], rows) for n in members}
        passing = _passing(own, columns, column)
        lowest = 0.0
        for n in sorted(members, key=lambda n: wanted[n]):
            rows[n] = _clear(max(wanted[n], lowest), [rows[p] for p in passing if p in rows])
            lowest = rows[n] + 1.0
    below = floor(max(rows.values(), default=-1.0)) + 1.0
    for place, n in enumerate(sorted(returns, key=lambda n: columns[n])):
        rows[n] = below + place
    return rows


def _amid(feeds: Sequence[int], rows: Mapping[int, float]) -> float:
    """Return the middle of what feeds a chain, in halves of a row."""
    known = [rows[f] for f in feeds if f in rows] or [float(len(rows))]
    return floor(2.0 * sum(known) / len(known)) / 2.0


def _passing(own: Mapping[int, Sequence[int]], columns: Mapping[int, int], column: int) -> set[int]:
    """Return the chains whose own sound passes a column on its way to a later one."""
    return {
        source
        for destination, sources in own.items()
        for source in sources
        if columns[source] < column < columns[destination]
    }


def _clear(row: float, taken: Sequence[float]) -> float:
    """Return the first row, from one on in halves, that no wire runs along."""
    while row in taken:
        row += 0.5
    return row


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
