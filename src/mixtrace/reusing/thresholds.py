"""Thresholds that move with the level of what enters."""

from collections.abc import Mapping
from dataclasses import replace

from mixtrace.processors import DynamicsProcessor, Settings, processor
from mixtrace.store import StoredGraph
from mixtrace.wording import signed_db

__all__ = ["shifted"]

_TOLD_DB = 0.05


def shifted(
    stored: StoredGraph, shifts_db: Mapping[int, float]
) -> tuple[StoredGraph, tuple[str, ...]]:
    """Return a result whose thresholds and ceilings are moved, and what has to be said of it.

    Args:
        stored: the result.
        shifts_db: dynamics processor -> by how much louder what enters it is.
    """
    graph = stored.graph
    nodes = {i: stored.settings[i] for i in graph.processors}
    notes = []
    for i, shift_db in shifts_db.items():
        entry = processor(graph.nodes[i].kind)
        assert isinstance(entry, DynamicsProcessor)
        turned = dict(nodes[i].values)
        for name in entry.levels:
            wanted = turned[name] + shift_db
            turned[name] = entry.param(name).clip(wanted)
            missing_db = float(wanted - turned[name])
            if abs(missing_db) >= _TOLD_DB:
                notes.append(
                    f"The {entry.param(name).label} of the {entry.label} of {graph.name(i)} is at "
                    f"the end of its range, {signed_db(-missing_db)} from where it would lie."
                )
        nodes[i] = replace(nodes[i], values=turned)
    return replace(stored, settings=Settings.of(nodes)), tuple(notes)
