"""All that differs between two results, strip by strip."""

from collections.abc import Iterator, Mapping

from mixtrace.changes.chains import chain_changes
from mixtrace.changes.change import Change, Changes, How
from mixtrace.changes.pairs import paired_strips
from mixtrace.changes.routes import level_changes, route_changes, track_changes
from mixtrace.changes.side import Side
from mixtrace.graph import Graph, Passage, Strip, passages
from mixtrace.names import folded

__all__ = ["changes_between"]

_UNUSED = "not heard in the mix, left out"


def changes_between(before: Side, after: Side, *, same_song: bool = True) -> Changes:
    """Return what differs between two results.

    A dial is a change where its value is told in other words and differs by 0.1 dB, by 2 % for
    frequencies, times and ratios, or by 0.01 for shares, places and Q; and not where the values
    lie in each other's intervals.

    Args:
        before: the one.
        after: the other.
        same_song: whether they are of one song; buses of other names are then paired by number.
    """
    strips = paired_strips(before.graph, after.graph, same_song=same_song)
    old_of = {new: old for old, new in strips.items()}
    chains = _chains(before.graph), _chains(after.graph)
    found: list[Change] = []
    within = 0
    for number, strip in _desk(after.graph):
        if number not in old_of:
            found.append(_whole((after, before), chains[1], number, "added"))
            continue
        both = chains[0].get(old_of[number]), chains[1].get(number)
        if both[0] is None or both[1] is None:  # a strip that no node stands on
            continue
        pair = both[0], both[1]
        found += _renamed(before.graph.strips[old_of[number]], strip)
        found += track_changes((before, after), pair[1])
        found += level_changes((before, after), pair)
        changes, close = chain_changes((before, after), pair, strips)
        found += changes
        found += route_changes((before, after), pair, strips)
        within += close
    found += [
        _whole((before, after), chains[0], number, "removed")
        for number, _ in _desk(before.graph)
        if number not in strips
    ]
    found += _left_out((before, after))
    common = sum(before.graph.strips[number].role != "master" for number in strips)
    return Changes(tuple(found), within, common)


def _chains(graph: Graph) -> dict[int, Passage]:
    return {p.strip: p for p in passages(graph) if not p.told}


def _desk(graph: Graph) -> Iterator[tuple[int, Strip]]:
    """Yield the strips in the order of the desk, the master last."""
    yield from sorted(graph.strips.items(), key=lambda entry: entry[1].role == "master")


def _whole(
    sides: tuple[Side, Side], chains: Mapping[int, Passage], number: int, how: How
) -> Change:
    """Return that one result alone has a strip, and what stands on it there."""
    side, other = sides
    strip = side.graph.strips[number]
    own = chains[number].processors if number in chains else ()
    words = ", ".join(side.label(i) for i in own) or "nothing on it"
    if strip.role == "track" and strip.name in {track.name for track in other.stored.unused}:
        words += f"; the other result has it as {_UNUSED}"
    told = ("", words) if how == "added" else (words, "")
    return Change(strip.name, strip.role, how, strip.role, "", *told)


def _renamed(before: Strip, after: Strip) -> Iterator[Change]:
    if folded(before.name) != folded(after.name) and after.role != "master":
        yield Change(after.name, after.role, "turned", after.role, "name", before.name, after.name)


def _left_out(sides: tuple[Side, Side]) -> Iterator[Change]:
    """Yield the unused tracks of one result that the other does not have at all."""
    before, after = (
        {track.name: track for track in (*side.stored.tracks, *side.stored.unused)}
        for side in sides
    )
    for track in sides[0].stored.unused:
        if track.name not in after:
            yield Change(track.name, "track", "removed", "track", "", _UNUSED, "")
    for track in sides[1].stored.unused:
        if track.name not in before:
            yield Change(track.name, "track", "added", "track", "", "", _UNUSED)
