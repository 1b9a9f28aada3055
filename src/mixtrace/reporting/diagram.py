"""The graph as a picture: tracks on the left, then buses, the master on the right.

Every processor is a button that shows its settings. The tracks' names stand in a column that stays
while the picture is scrolled. Sends to one strip share a line down to it; a side-chain is a dashed
arrow to what listens. The numbers below are pixels.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate

from markupsafe import Markup

from mixtrace.graph import Graph, is_branch, leads_to
from mixtrace.processors import FAMILIES, processor
from mixtrace.reporting.details import NodeDetail
from mixtrace.reporting.diagram_layout import Lane, Layout, lay_out
from mixtrace.reporting.parts import Part
from mixtrace.reporting.templating import filled, web_text

__all__ = ["diagram_part"]

_SLOT, _BOX = 39, 35
_LOOSE, _TIGHT = (40, 30), (30, 24)
"""Heights of a row and of a box in it."""
_MOST_LOOSE_ROWS = 24
_GAP, _MARGIN = 28, 12
_LETTER, _PILL_ENDS = 6, 24
_WIDEST_GAP = 160
_LONGEST_LINE, _LINE = 15, 11
_SHORT = 5  # letters that fit into a box
_RISER, _RISERS = 5, 5
"""How far apart the vertical lines of sends stand in a gap, and how many before they are shared."""
_CORNER = 5


@dataclass(frozen=True)
class _Box:
    """A processor, kept or removed, with its top left corner."""

    x: float
    y: float
    short: str
    family: str
    label: str
    node: int | None = None


@dataclass(frozen=True)
class _Row:
    """A chain: its line, and the name it bears within the picture, if any."""

    y: float
    x: float
    end: float
    pill: float
    words: tuple[tuple[str, float], ...]  # each line with its middle
    name: str
    place: str


@dataclass(frozen=True)
class _Places:
    """Where columns begin, how wide the names in them are, where slots begin and end; the rows."""

    starts: tuple[float, ...]
    pills: tuple[float, ...]
    slots: tuple[float, ...]
    ends: tuple[float, ...]
    row: int
    box: int

    def y(self, lane: Lane) -> float:
        return (lane.row + 0.5) * self.row


def diagram_part(
    graph: Graph, details: Mapping[int, NodeDetail], console: Graph | None = None
) -> Part:
    """Return the picture of a graph.

    Args:
        graph: the result.
        details: what a click shows, for every processor of the graph.
        console: the graph it was pruned from, to mark what was removed; None to mark nothing.
    """
    layout = lay_out(graph, console)
    places = _places(layout)
    kept = [box for lane in layout.lanes for box in _kept(lane, places, details, graph)]
    removed = [box for lane in layout.lanes for box in _removed(lane, places)]
    families = {box.family for box in (*kept, *removed)}
    html = filled(
        "diagram.html",
        names=[lane.chain.name for lane in layout.lanes if lane.chain.role == "track"],
        rows=[_row(lane, places) for lane in layout.lanes],
        wires=[_wire(layout.lanes[a], layout.lanes[b], places) for a, b in layout.wires],
        sends=_sends(layout, places),
        keys=[_key(layout.lanes[a], layout.lanes[b], n, places) for a, b, n in layout.keys],
        kept=kept,
        removed=removed,
        details={i: _shown(details[i]) for lane in layout.lanes for i, _ in lane.kept},
        families=[(key, words) for key, words in FAMILIES.items() if key in families],
        width=places.ends[-1] + 2 * _MARGIN,
        height=layout.rows * places.row,
        box=places.box,
        box_width=_BOX,
        out=(places.ends[-1] + _MARGIN, places.y(layout.lanes[-1])),
    )
    return Part(
        html,
        f"{web_text('diagram.css')}.diagram {{ --row: {places.row}px; }}\n",
        web_text("diagram.js"),
    )


def _places(layout: Layout) -> _Places:
    row, box = _LOOSE if layout.rows <= _MOST_LOOSE_ROWS else _TIGHT
    gap = min(_GAP + layout.rows, _WIDEST_GAP)
    pills = [0.0, *(_pill(layout, column) for column in range(1, len(layout.slots)))]
    heads = [pill and pill + _MARGIN for pill in pills]
    lengths = [head + _SLOT * slots for head, slots in zip(heads, layout.slots, strict=True)]
    starts = list(accumulate((length + gap for length in lengths[:-1]), initial=float(_MARGIN)))
    ends = [start + length for start, length in zip(starts, lengths, strict=True)]
    slots = [start + head for start, head in zip(starts, heads, strict=True)]
    return _Places(tuple(starts), tuple(pills), tuple(slots), tuple(ends), row, box)


def _pill(layout: Layout, column: int) -> float:
    """Return the width that holds the names of a column."""
    lines = [line for at in layout.lanes if at.column == column for line in _lines(at.chain.name)]
    return float(_PILL_ENDS + _LETTER * max(map(len, lines)))


def _lines(name: str) -> tuple[str, ...]:
    """Return a name in one or two lines, the second cut where it is too long.

    >>> _lines("S03 clean electric guitar")
    ('S03 clean', 'electric guitar')
    """
    if len(name) <= _LONGEST_LINE:
        return (name,)
    cut = max(name.rfind(end, 0, _LONGEST_LINE) for end in " _-") + 1 or _LONGEST_LINE
    rest = name[cut:]
    fits = len(rest) <= _LONGEST_LINE
    return name[:cut].rstrip(), rest if fits else f"{rest[: _LONGEST_LINE - 1]}…"


def _kept(
    lane: Lane, places: _Places, details: Mapping[int, NodeDetail], graph: Graph
) -> Iterator[_Box]:
    for node, slot in lane.kept:
        box = _box(lane, slot, graph.nodes[node].kind, places, _words(details[node]), node)
        if is_branch(graph.nodes[node]):
            box = replace(box, short=_cut(leads_to(graph, node)[0]))
        yield box


def _removed(lane: Lane, places: _Places) -> Iterator[_Box]:
    for kind, slot in lane.removed:
        yield _box(
            lane, slot, kind, places, f"{processor(kind).label} of {lane.chain.name}: removed"
        )


def _cut(name: str) -> str:
    return name if len(name) <= _SHORT else f"{name[: _SHORT - 1]}…"


def _words(detail: NodeDetail) -> str:
    return f"{detail.title}: {detail.summary}" if detail.summary else detail.title


def _box(
    lane: Lane, slot: int, kind: str, places: _Places, label: str, node: int | None = None
) -> _Box:
    entry = processor(kind)
    x = places.slots[lane.column] + slot * _SLOT
    return _Box(
        x,
        places.y(lane) - places.box / 2,
        entry.short or entry.label[:_SHORT],
        entry.family,
        label,
        node,
    )


def _row(lane: Lane, places: _Places) -> _Row:
    column, y, lines = lane.column, places.y(lane), _lines(lane.chain.name)
    first = y - 0.5 * _LINE * (len(lines) - 1)
    return _Row(
        y,
        places.starts[column],
        places.ends[column],
        places.pills[column],
        tuple((line, first + _LINE * n) for n, line in enumerate(lines)),
        lane.chain.name,
        lane.chain.role,
    )


def _wire(source: Lane, destination: Lane, places: _Places) -> str:
    """Return the path from the end of one chain to the beginning of another.

    It stays in its row until the last gap, so that it crosses no row but there.
    """
    start, end = places.ends[source.column], places.starts[destination.column]
    if destination.column <= source.column:
        to = places.y(destination)
        around = _down(source, to - places.row / 2, _CORNER, places, end)
        return f"{around}H{end - _CORNER:g}V{to:g}h{_CORNER}"
    bend = places.ends[destination.column - 1]
    middle = (bend + end) / 2
    y, to = places.y(source), places.y(destination)
    return f"M{start:g},{y:g}H{bend:g}C{middle:g},{y:g} {middle:g},{to:g} {end:g},{to:g}"


def _sends(layout: Layout, places: _Places) -> list[str]:
    """Return a path for each send: along its row, down beside its column, into what it feeds."""
    fed = list(dict.fromkeys(b for _, b in layout.sends))
    paths = []
    for a, b in layout.sends:
        to = places.y(layout.lanes[b])
        aside = _CORNER + _RISER * (1 + fed.index(b) % _RISERS)
        end = places.starts[layout.lanes[b].column]
        paths.append(f"{_down(layout.lanes[a], to, aside, places, end)}H{end:g}")
    return list(dict.fromkeys(paths))


def _key(source: Lane, destination: Lane, slot: int, places: _Places) -> str:
    """Return the path from the end of a chain to the top of a box, between two rows."""
    x = places.slots[destination.column] + slot * _SLOT + _BOX / 2
    top = places.y(destination) - places.row / 2
    above = top + (places.row - places.box) / 2 - 1
    return f"{_down(source, top, _CORNER, places, x)}H{x:g}V{above:g}"


def _down(lane: Lane, to: float, aside: float, places: _Places, then: float) -> str:
    """Return the path from the end of a chain to a height, so far beside its column.

    It ends with a corner towards where it goes `then`.
    """
    start, y = places.ends[lane.column], places.y(lane)
    corner = _CORNER if to > y else -_CORNER
    x = start + aside
    onward = _CORNER if then > x else -_CORNER
    if abs(to - y) < 2 * _CORNER:
        return f"M{start:g},{y:g}H{x:g}V{to:g}"
    return (
        f"M{start:g},{y:g}H{x - _CORNER:g}Q{x:g},{y:g} {x:g},{y + corner:g}"
        f"V{to - corner:g}Q{x:g},{to:g} {x + onward:g},{to:g}"
    )


def _shown(detail: NodeDetail) -> dict[str, object]:
    return {
        "title": detail.title,
        "summary": detail.summary,
        "settings": detail.settings,
        "picture": Markup(detail.picture_svg),
    }
