"""What a method came to on a song: a row of figures, from what is stored of its result alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec import Struct

from mixtrace.corpus import Standing
from mixtrace.processors import processor
from mixtrace.store import GRAPH, StoredGraph, read_fit, read_graph, read_metrics
from mixtrace.store.maxima import Finite, Name, Note

__all__ = ["COLUMNS", "Column", "Row", "read_row", "told_columns"]

_MEGABYTE = 1e6


@dataclass(frozen=True)
class Column:
    """A figure of a table.

    Attributes:
        key: its name in files.
        heading: in tables for people.
        digits: behind the point.
        path: where `metrics.json` has it; empty where it comes from elsewhere.
        told: whether tables for people have it, or files alone.
    """

    key: str
    heading: str
    digits: int
    path: tuple[str, ...] = ()
    told: bool = True


COLUMNS = (
    Column("l_a", "L_a", 3, ("published", "l_a")),
    Column("l_lr", "left, right", 3, ("published", "l_lr")),
    Column("l_m", "mid", 3, ("published", "l_m")),
    Column("l_s", "side", 3, ("published", "l_s")),
    Column("l_a_seen", "seen", 3, ("held_out", "seen", "published", "l_a")),
    Column("l_a_unseen", "unseen", 3, ("held_out", "unseen", "published", "l_a")),
    Column("l_a_eq4", "L_a (4)", 3, ("eq4", "l_a")),
    Column("l_lr_eq4", "left, right (4)", 3, ("eq4", "l_lr"), told=False),
    Column("l_m_eq4", "mid (4)", 3, ("eq4", "l_m"), told=False),
    Column("l_s_eq4", "side (4)", 3, ("eq4", "l_s"), told=False),
    Column("l_a_eq4_seen", "seen (4)", 3, ("held_out", "seen", "eq4", "l_a")),
    Column("l_a_eq4_unseen", "unseen (4)", 3, ("held_out", "unseen", "eq4", "l_a")),
    Column("mae", "MAE", 4, ("matched", "mae")),
    Column("mrsd", "MRSD", 2, ("matched", "mrsd")),
    Column("processors", "processors", 0),
    Column("settings", "settings", 0),
    Column("seconds", "seconds", 1),
    Column("memory_mb", "MB", 0),
)
"""The figures in the order of tables. "(4)" is the convention of equation (4), seen and unseen are
L_a of these parts; MAE and MRSD are of the estimate made as loud as the mix."""


class Row(Struct, frozen=True):
    """What a method came to.

    Attributes:
        method: its name.
        figures: by the keys of `COLUMNS`, those that are known; none where it failed.
        note: in a sentence what else is to be known: how the result came about, or why there is
            none.
        failed: whether there is no result.
    """

    method: Name
    figures: dict[Name, Finite]
    note: Note = ""
    failed: bool = False


def read_row(method: str, folder: Path, standing: Standing) -> Row:
    """Return the row of a method that has ended.

    Args:
        method: its name.
        folder: of its result.
        standing: how it ended, and what it took.

    Raises:
        StoreError: a file of the result is missing or damaged.
    """
    if standing.how != "done":
        return Row(method, {}, standing.why, failed=True)
    metrics, fit = read_metrics(folder), read_fit(folder)
    stored = read_graph(folder / GRAPH)
    figures = {column.key: _at(metrics, column.path) for column in COLUMNS if column.path}
    figures["processors"] = float(len(stored.graph.processors))
    figures["settings"] = float(_settings(stored))
    figures["seconds"] = fit["seconds"]
    figures["memory_mb"] = standing.peak_bytes / _MEGABYTE if standing.peak_bytes else None
    known = {key: value for key, value in figures.items() if value is not None}
    return Row(method, known, fit["why"])


def told_columns(rows: Sequence[Row]) -> list[Column]:
    """Return the columns for people that any row has a figure in."""
    return [c for c in COLUMNS if c.told and any(c.key in row.figures for row in rows)]


def _at(document: Mapping[str, Any], path: tuple[str, ...]) -> float | None:
    value: Any = document
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return float(value) if isinstance(value, int | float) else None


def _settings(stored: StoredGraph) -> int:
    """Return how many numbers the graph's processors are set to.

    Facts of a node that nobody turns, such as how long its response is kept, do not count, nor does
    the dry/wet weight of what is inserted as a whole.
    """
    count = 0
    for stack in stored.settings.stacks:
        entry = processor(stack.kind)
        each = sum(stack.values[spec.name][0].numel() for spec in entry.params if not spec.fixed)
        count += (each + (entry.start_wet < 1.0)) * len(stack.nodes)
    return count
