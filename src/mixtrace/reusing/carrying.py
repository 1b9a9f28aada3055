"""A result's graph for the tracks of another song: strips renamed, those nobody feeds gone."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from mixtrace.errors import SessionError
from mixtrace.graph import (
    INPUT,
    Edge,
    Graph,
    Node,
    Strip,
    passages,
    remove_nodes,
    remove_tracks,
)
from mixtrace.processors import AutomationProcessor, processor
from mixtrace.reusing.matching import Matching, NewTrack
from mixtrace.session import Alignment
from mixtrace.session.song import listed
from mixtrace.store import StoredGraph, StoredTrack

__all__ = ["Carried", "carried"]


@dataclass(frozen=True)
class Carried:
    """A result on other tracks.

    Attributes:
        stored: the graph, its settings and the song's tracks; nodes that stay keep their numbers.
        notes: what was left out, in sentences.
    """

    stored: StoredGraph
    notes: tuple[str, ...]


def carried(
    result: StoredGraph,
    song: str,
    tracks: Mapping[str, tuple[NewTrack, Alignment]],
    matching: Matching,
    *,
    keep_rides: bool,
) -> Carried:
    """Return a result with the tracks of another song in the place of its own.

    Args:
        result: the result.
        song: the name of the song.
        tracks: its tracks by name, and how each lies in its mix.
        matching: which is which.
        keep_rides: whether gains that follow the clock stay; those of another song mean nothing.

    Raises:
        SessionError: no track of the song is like one of the result.
    """
    if not matching.pairs:
        raise SessionError(
            f"Expected a song with a track like one of {result.song}; no name or group of {song} "
            f"is like any of {listed(matching.gone)}. Name them with --map new=old."
        )
    graph, notes = _without_gone(result.graph, matching)
    new_of = {old: new for new, old in matching.pairs.items()}
    graph = _renamed(graph, new_of)
    if not keep_rides:
        graph, told = _without_rides(graph)
        notes += told
    for name in matching.alone:
        graph = _with_track(graph, name)
    used = [graph.name(i) for i in graph.inputs]
    silent = [name for name in matching.pairs if name not in used]
    if silent:
        notes.append(f"Led to nothing but what is gone, and left out: {listed(silent)}.")
    own_group = {t.name: t.group for t in result.tracks}

    def stored_track(name: str) -> StoredTrack:
        new, alignment = tracks[name]
        return StoredTrack(name, own_group.get(matching.pairs.get(name, ""), new.group), alignment)

    stored = StoredGraph(
        song,
        tuple(map(stored_track, used)),
        graph,
        result.settings.only(graph.processors),
        tuple(map(stored_track, (*matching.unused, *silent))),
    )
    return Carried(stored, tuple(notes))


def _without_gone(graph: Graph, matching: Matching) -> tuple[Graph, list[str]]:
    """Return a graph without tracks that nobody has, and what went with them."""
    gone = {i for i in graph.inputs if graph.name(i) in matching.gone}
    if not gone:
        return graph, []
    smaller = remove_tracks(graph, gone)
    notes = []
    lost = [
        f"the {processor(graph.nodes[i].kind).label} of {graph.name(i)}"
        for i in graph.processors
        if i not in smaller.nodes and graph.keyed(i) and graph.nodes[i].strip in smaller.strips
    ]
    if lost:
        notes.append(f"Nothing is left for its key to listen to, and so out: {listed(lost)}.")
    strips = [
        strip.name
        for number, strip in graph.strips.items()
        if number not in smaller.strips and strip.role in ("bus", "return")
    ]
    if strips:
        notes.append(f"Nothing feeds them any more, and so gone: {listed(strips)}.")
    return smaller, notes


def _renamed(graph: Graph, new_of: Mapping[str, str]) -> Graph:
    """Return a graph whose track strips are called as the new tracks are."""
    strips = {
        number: replace(strip, name=new_of[strip.name])
        if strip.role == "track" and strip.name in new_of
        else strip
        for number, strip in graph.strips.items()
    }
    return Graph(strips, graph.nodes, graph.edges)


def _without_rides(graph: Graph) -> tuple[Graph, list[str]]:
    rides = [
        i
        for i in graph.processors
        if isinstance(processor(graph.nodes[i].kind), AutomationProcessor)
    ]
    if not rides:
        return graph, []
    names = list(dict.fromkeys(graph.name(i) for i in rides))
    note = (
        f"Left out, for it follows the clock of another song: the automation of {listed(names)}. "
        "Keep it with --keep-rides where this is another take of the same length."
    )
    return remove_nodes(graph, rides), [note]


def _with_track(graph: Graph, name: str) -> Graph:
    """Return a graph with one track more, which goes straight to where the master begins."""
    master = graph.nodes[graph.output].strip
    head = next(p.head for p in passages(graph) if p.strip == master and not p.told)
    into = graph.output if graph.nodes[head].kind == INPUT else head
    strip, node = max(graph.strips) + 1, max(graph.nodes) + 1
    return Graph(
        {**graph.strips, strip: Strip(name, "track")},
        {**graph.nodes, node: Node(INPUT, strip)},
        (*graph.edges, Edge(node, into)),
    )
