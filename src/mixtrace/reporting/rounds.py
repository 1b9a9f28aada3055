"""How many processors of each type each round of pruning left: as a table and as a picture."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from mixtrace.processors import PROCESSORS, processor
from mixtrace.reporting.result import StoredResult
from mixtrace.reporting.svg import WIDTH, Axis, Plot, figure, text_at

__all__ = ["RoundTable", "rounds", "rounds_figure"]

_NAMES, _HEIGHT = 102.0, 202.0
"""Pixels: the room for the names of the types, and the height of the figure."""
_GAP = 0.06
_LINE = 12.0
_DIGIT, _LETTER = 7.0, 6.0


@dataclass(frozen=True)
class RoundTable:
    """How many processors of each type were left.

    Attributes:
        headers: `console`, then the rounds that removed any.
        kinds: the types that the console had.
        rows: name of each, its counts.
        totals: of all types.
    """

    headers: tuple[str, ...]
    kinds: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int, ...]], ...]
    totals: tuple[int, ...]


def rounds(result: StoredResult) -> RoundTable:
    """Return how many processors of each type each round left."""
    graph = result.stored.graph
    kept = Counter(graph.nodes[i].kind for i in graph.processors)
    removed = [
        (int(entry["round"]), str(entry["kind"]))
        for entry in result.facts["removed"]
        if isinstance(entry, dict) and entry.get("kind") in PROCESSORS
    ]
    numbers = sorted({round_ for round_, _ in removed})
    counts: dict[str, tuple[int, ...]] = {}
    for kind in PROCESSORS:
        gone = Counter(round_ for round_, of in removed if of == kind)
        left = [kept[kind] + sum(gone.values())]
        for round_ in numbers:
            left.append(left[-1] - gone[round_])
        if left[0]:
            counts[kind] = tuple(left)
    return RoundTable(
        ("console", *map(str, numbers)),
        tuple(counts),
        tuple((processor(kind).label, row) for kind, row in counts.items()),
        tuple(int(n) for n in np.sum(list(counts.values()), axis=0)) if counts else (),
    )


def rounds_figure(table: RoundTable) -> Markup:
    """Return a column for the console and for each round, a stack of types in each.

    Names stand beside the first column; a count stands in its box where there is room for it. The
    second type of a family is paler than the first.
    """
    columns = len(table.headers)
    across = Axis(0.0, columns, ())
    plot = Plot(across, Axis(0.0, table.totals[0], ()), left=_NAMES, width=WIDTH - _NAMES - 4.0)
    drawn = [*_names(table, plot), *_boxes(table, plot), *_ends(table, plot)]
    told = [f"{table.totals[0]} in the console"]
    told += [
        f"{n} after round {name}"
        for name, n in zip(table.headers[1:], table.totals[1:], strict=True)
    ]
    label = f"Processors left, stacked by type: {', '.join(told)}"
    return figure(label, drawn, _HEIGHT)


def _stack(table: RoundTable, column: int) -> np.ndarray:
    """Return the heights between the types of a column, the first type on top."""
    counts = [row[column] for _, row in table.rows]
    return table.totals[column] - np.cumsum([0, *counts])


def _boxes(table: RoundTable, plot: Plot) -> Iterator[Markup]:
    families = [processor(kind).family for kind in table.kinds]
    looks = [
        f"part {family}{' pale' if family in families[:n] else ''}"
        for n, family in enumerate(families)
    ]
    wide = plot.width / len(table.headers)
    tall = plot.height / table.totals[0]
    for column in range(len(table.headers)):
        edges = _stack(table, column).tolist()
        for drawn, (_, counts), top, bottom in zip(
            looks, table.rows, edges, edges[1:], strict=False
        ):
            count = counts[column]
            if not count:
                continue
            sides = (column + _GAP, column + 1.0 - _GAP)
            yield plot.box(sides, (bottom, top), drawn)
            if count * tall >= _LINE and _DIGIT * len(str(count)) < (1.0 - 2.0 * _GAP) * wide:
                (x, y), *_ = plot.points(np.array([column + 0.5]), np.array([(top + bottom) / 2]))
                yield Markup('<g class="inside">{}</g>').format(text_at(x, y + 4.0, str(count)))


def _names(table: RoundTable, plot: Plot) -> Iterator[Markup]:
    """Yield the types beside their boxes in the first column, moved up where boxes are low."""
    edges = _stack(table, 0)
    _, heights = plot.points(np.zeros(len(table.rows)), (edges[1:] + edges[:-1]) / 2).T
    below = np.inf
    for (name, _), y in reversed(list(zip(table.rows, heights, strict=True))):
        below = min(y, below - _LINE)
        yield text_at(plot.left - 4.0, below + 4.0, name, "end")


def _ends(table: RoundTable, plot: Plot) -> Iterator[Markup]:
    """Yield the total above each column and the round below it, as many as there is room for."""
    places = np.arange(len(table.headers)) + 0.5
    tops = plot.points(places, np.array(table.totals, np.float64))
    free = {"above": -np.inf, "below": -np.inf}
    bottom = plot.top + plot.height
    for (x, y), total, header in zip(tops, table.totals, table.headers, strict=True):
        for side, text, height in (
            ("above", str(total), y - 4.0),
            ("below", header, bottom + 13.0),
        ):
            half = 0.5 * _LETTER * len(text)
            if x - half > free[side]:
                free[side] = x + half + 3.0
                yield text_at(x, height, text)
    yield text_at(plot.left + plot.width, bottom + 26.0, "round", "end")
