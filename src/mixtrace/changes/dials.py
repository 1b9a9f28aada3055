"""What was turned on a processor that both results have.

The processor says its dials itself. Those that a search moves are compared number by number: where
intervals are known, a change whose values lie in each other's intervals is no change. What no
search moves, and what is drawn, is compared as the processor tells it.
"""

from collections.abc import Sequence

import numpy as np

from mixtrace.changes.drawn import drawn_changes
from mixtrace.changes.node import Dialled, Node, is_within
from mixtrace.changes.words import (
    difference_of,
    differs,
    is_level,
    setting_name,
    setting_words,
)
from mixtrace.processors import WET, NodeSettings, Processor, Turned, processor

__all__ = ["dialled"]

_SAME_BAND_OCTAVES = 1.0
"""Bands that lie farther apart are two."""

_Key = tuple[str, ...]


def dialled(before: Node, after: Node) -> tuple[list[Dialled], int]:
    """Return what was turned between two states of one processor.

    Returns:
        The changes, and how many settings are told in other words but differ by less than is known.
    """
    entry = processor(before.own.kind)
    changes: list[Dialled] = []
    within = 0
    groups = _paired(entry, before.own, after.own)
    for old, new in groups:
        found, close = _turned(entry, (before, after), (old, new))
        changes += found
        within += close
    covered = {
        name for pair in groups for each in pair if each is not None for name, _ in each.settings
    }
    if WET not in covered:
        wet = Turned(WET, ((WET, 0),))
        found, close = _turned(entry, (before, after), (wet, wet))
        changes, within, covered = [*changes, *found], within + close, covered | {WET}
    drawn, close = drawn_changes(
        entry,
        before,
        after,
        covered,
        [change.dial or f"{change.before} {change.after}" for change in changes],
    )
    return [*changes, *drawn], within + close


def _paired(
    entry: Processor, before: NodeSettings, after: NodeSettings
) -> list[tuple[Turned | None, Turned | None]]:
    """Return dials that say the same of both; bands by the nearest frequency."""
    sides = [[t for t in entry.turned(node) if t.settings] for node in (before, after)]
    pairs: list[tuple[Turned | None, Turned | None]] = []
    left = list(sides[1])
    for old in sides[0]:
        alike = [new for new in left if _key(new) == _key(old)]
        nearest = min(alike, key=lambda new: _apart(old, new, before, after), default=None)
        if nearest is not None and _is_nearest(nearest, old, sides[0], (before, after)):
            left.remove(nearest)
            pairs.append((old, nearest))
        else:
            pairs.append((old, None))
    return [*pairs, *((None, new) for new in left)]


def _key(turned: Turned) -> _Key:
    return tuple(name for name, _ in turned.settings)


def _apart(old: Turned, new: Turned, before: NodeSettings, after: NodeSettings) -> float:
    """Return how many octaves bands lie apart; 0 of dials that there is one of."""
    if len(old.settings) == 1:
        return 0.0
    (name, row), (_, other) = old.settings[0], new.settings[0]
    first, second = (
        float(node.array(name).reshape(-1)[i]) for node, i in ((before, row), (after, other))
    )
    return abs(float(np.log2(second / first)))


def _is_nearest(
    new: Turned, old: Turned, olds: Sequence[Turned], nodes: tuple[NodeSettings, NodeSettings]
) -> bool:
    """Return whether no other dial of before is nearer, and this one near enough."""
    distance = _apart(old, new, *nodes)
    others = [_apart(other, new, *nodes) for other in olds if _key(other) == _key(new)]
    return distance <= min([*others, _SAME_BAND_OCTAVES])


def _turned(
    entry: Processor, nodes: tuple[Node, Node], pair: tuple[Turned | None, Turned | None]
) -> tuple[list[Dialled], int]:
    """Return what was turned of dials that are told together."""
    old, new = pair
    if old is None or new is None:
        return _come_or_gone(entry, nodes, pair)
    changes: list[Dialled] = []
    within = 0
    for place, (setting, other) in enumerate(zip(old.settings, new.settings, strict=True)):
        name = setting[0]
        values = nodes[0].number(*setting), nodes[1].number(*other)
        was = _value(entry, nodes[0].own, old, place, values[0])
        now = _value(entry, nodes[1].own, new, place, values[1])
        if was == now or not differs(entry, name, *values):
            continue
        if is_within(nodes, setting, other):
            within += 1
            continue
        dial = "level" if is_level(entry, name) else setting_name(entry, nodes[0].own, old, place)
        changes.append(Dialled(dial, was, now, *difference_of(entry, name, *values)))
    if old.words != new.words:
        changes.append(Dialled("", old.words, new.words))
    return changes, within


def _come_or_gone(
    entry: Processor, nodes: tuple[Node, Node], pair: tuple[Turned | None, Turned | None]
) -> tuple[list[Dialled], int]:
    """Return a band that one side alone has; nothing where both are unsure and it may be flat."""
    side = 0 if pair[1] is None else 1
    turned, node = pair[side], nodes[side]
    assert turned is not None
    for name, row in turned.settings if all(each.intervals for each in nodes) else ():
        interval = node.intervals.get((name, row))
        neutral = None if name == WET else entry.param(name).neutral
        if interval is None or neutral is None:
            continue
        if interval.low <= neutral <= interval.high:
            return [], 1
    told = " ".join(
        _value(entry, node.own, turned, p, node.number(*s)) for p, s in enumerate(turned.settings)
    )
    return [Dialled(turned.words, *(("", told) if side else (told, "")))], 0


def _value(entry: Processor, own: NodeSettings, turned: Turned, place: int, value: float) -> str:
    """Return a value as the processor tells it, or as its unit asks for."""
    name, _ = turned.settings[place]
    if len(turned.settings) == 1 and name != WET:
        told = dict(entry.dials(own)).get(turned.words)
        if told is not None:
            return told
    words = setting_words(entry, name, value)
    return f"Q {words}" if len(turned.settings) > 1 and not entry.param(name).unit else words
