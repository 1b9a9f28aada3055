"""Where a strip leads, how its track lies in the mix, and how loud the strip is as a whole."""

from collections.abc import Iterator, Mapping

import numpy as np

from mixtrace.changes.change import Change
from mixtrace.changes.side import Side
from mixtrace.graph import Graph, Passage, leads_aside
from mixtrace.store import StoredTrack
from mixtrace.wording import moved, signed_db

__all__ = ["level_changes", "route_changes", "track_changes"]

_LEAST_DB = 0.1
_HEARD_DB = 0.5  # of a whole strip: a smaller difference is not heard as one of level
_LEAST_S = 2e-5  # a sample at 48 kHz


def route_changes(
    sides: tuple[Side, Side], chains: tuple[Passage, Passage], strips: Mapping[int, int]
) -> Iterator[Change]:
    """Yield that a strip's own sound leads elsewhere, or arrives there at another level."""
    ways = [_ways(side.graph, chain) for side, chain in zip(sides, chains, strict=True)]
    before = {strips.get(strip, -1 - strip): level for strip, level in ways[0].items()}
    name, role = chains[1].name, chains[1].role
    if before.keys() != ways[1].keys():
        led, leads = (
            " and ".join(side.graph.strips[strip].name for strip in way) or "nowhere"
            for side, way in zip(sides, ways, strict=True)
        )
        yield Change(name, role, "turned", "output", "to", led, leads)
    for strip, level_db in ways[1].items():
        apart_db = level_db - before.get(strip, level_db)
        if abs(apart_db) >= _LEAST_DB:
            what = f"output to {sides[1].graph.strips[strip].name}"
            told = signed_db(before[strip]), signed_db(level_db)
            yield Change(name, role, "turned", what, "level", *told, apart_db, "dB")


def track_changes(sides: tuple[Side, Side], chain: Passage) -> Iterator[Change]:
    """Yield that a track lies elsewhere in the mix, or is turned over."""
    first, second = (_track(side, chain.name) for side in sides)
    if first is None or second is None or chain.role != "track":
        return
    before, after = first.alignment, second.alignment
    if abs(after.delay_s - before.delay_s) >= _LEAST_S:
        lay, lies = _place(before.delay_s), _place(after.delay_s)
        yield Change(chain.name, chain.role, "turned", "track", "position", lay, lies)
    if after.polarity != before.polarity:
        was, is_now = (_polarity(each.polarity) for each in (before, after))
        yield Change(chain.name, chain.role, "turned", "track", "polarity", was, is_now)


def level_changes(sides: tuple[Side, Side], chains: tuple[Passage, Passage]) -> Iterator[Change]:
    """Yield that a track leaves its strip louder or softer than it entered, by another amount.

    It is told from 0.5 dB on, where both results were measured.
    """
    gains = [_gain_db(side, chain) for side, chain in zip(sides, chains, strict=True)]
    before, after = gains
    if before is None or after is None or abs(after - before) < _HEARD_DB:
        return
    told = signed_db(before), signed_db(after)
    name, role = chains[1].name, chains[1].role
    yield Change(name, role, "turned", "whole strip", "level", *told, after - before, "dB")


def _ways(graph: Graph, chain: Passage) -> dict[int, float]:
    """Return the strips that a strip's own sound reaches, and at which level in dB."""
    found: dict[int, float] = {}
    for edge in graph.edges:
        own = graph.nodes[edge.source].strip == chain.strip
        into = graph.nodes[edge.destination].strip
        if own and into != chain.strip and not leads_aside(graph, edge):
            found[into] = max(edge.level_db, found.get(into, edge.level_db))
    return found


def _track(side: Side, name: str) -> StoredTrack | None:
    return next((track for track in side.stored.tracks if track.name == name), None)


def _polarity(polarity: int) -> str:
    return "turned over" if polarity < 0 else "as recorded"


def _place(delay_s: float) -> str:
    return moved(delay_s) if abs(delay_s) >= _LEAST_S else "as recorded"


def _gain_db(side: Side, chain: Passage) -> float | None:
    """Return by how much louder a track leaves its strip than it entered, as it was measured."""
    if side.evidence is None or chain.head not in side.graph.inputs:
        return None
    row = side.graph.inputs.index(chain.head)
    powers = 10.0 ** (side.evidence.track_sides_db[row].astype(float) / 10.0)
    dry, wet = powers.sum(-1)
    return float(10.0 * np.log10(wet / dry))
