"""Which ways through a graph belong to which stem.

Every way from a track to the mix belongs to one part, so the parts add up to the mix. A part is the
set of edges that its ways take.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from mixtrace.graph import MAIN, Edge, Graph

__all__ = ["Part", "apart", "by_last_strip", "by_track"]


@dataclass(frozen=True)
class Part:
    """Some ways from tracks to the mix.

    Attributes:
        name: of the strip that it is called after.
        role: the role of that strip.
        edges: those that the ways take.
    """

    name: str
    role: str
    edges: frozenset[Edge]


def by_track(graph: Graph) -> tuple[Part, ...]:
    """Return all ways that begin at each track, those by way of returns among them."""
    return tuple(_track(graph, i, lambda edge: True) for i in _heard_tracks(graph))


def by_last_strip(graph: Graph) -> tuple[Part, ...]:
    """Return the ways by the strip from which they enter the master: a track, a bus, a return."""
    on_master = {i for i in graph.nodes if _role(graph, i) == "master"}
    entering = [
        e for e in _mains(graph) if e.destination in on_master and e.source not in on_master
    ]
    inside = {e for e in _mains(graph) if e.source in on_master}
    strips = dict.fromkeys(graph.nodes[edge.source].strip for edge in entering)
    parts = []
    for strip in (number for number in graph.strips if number in strips):
        own = {edge for edge in entering if graph.nodes[edge.source].strip == strip}
        before = _reaching(
            graph, {edge.source for edge in own}, lambda e: e.source not in on_master
        )
        parts.append(_part(graph, strip, own | before | inside))
    direct = [i for i in graph.inputs if i in on_master]
    parts += [_track(graph, i, lambda edge: edge in inside) for i in direct]
    return tuple(part for part in parts if part.edges)


def apart(graph: Graph) -> tuple[Part, ...]:
    """Return the ways of each track that pass no return, and those that each return is last on."""
    returned = {i for i in graph.nodes if _role(graph, i) == "return"}
    tracks = [
        _track(graph, i, lambda edge: edge.destination not in returned)
        for i in _heard_tracks(graph)
    ]
    returns = []
    for strip in dict.fromkeys(graph.nodes[i].strip for i in graph.nodes if i in returned):
        own = {i for i in returned if graph.nodes[i].strip == strip}
        before = _reaching(graph, own, lambda edge: True)
        others = returned - own
        after = _leaving(graph, own, lambda edge, others=others: edge.destination not in others)
        returns.append(_part(graph, strip, before | after))
    return tuple(part for part in (*tracks, *returns) if part.edges)


def _track(graph: Graph, node: int, passes: Callable[[Edge], bool]) -> Part:
    return _part(graph, graph.nodes[node].strip, _leaving(graph, {node}, passes))


def _part(graph: Graph, strip: int, edges: Iterable[Edge]) -> Part:
    """Return the edges that lead on to the mix."""
    kept = set(edges)
    ahead = _reaching(graph, {graph.output}, kept.__contains__)
    return Part(graph.strips[strip].name, graph.strips[strip].role, frozenset(kept & ahead))


def _role(graph: Graph, node: int) -> str:
    return graph.strips[graph.nodes[node].strip].role


def _mains(graph: Graph) -> Iterator[Edge]:
    return (edge for edge in graph.edges if edge.port == MAIN)


def _heard_tracks(graph: Graph) -> list[int]:
    heard = graph.tracks[graph.output]
    return [i for number, i in enumerate(graph.inputs) if number in heard]


def _reaching(graph: Graph, nodes: set[int], passes: Callable[[Edge], bool]) -> set[Edge]:
    """Return the edges that lead to some nodes, by way of edges that pass."""
    found, reached = set[Edge](), set(nodes)
    for i in reversed(graph.order):
        if i in reached:
            own = [edge for edge in graph.feeds[i] if edge.port == MAIN and passes(edge)]
            found.update(own)
            reached.update(edge.source for edge in own)
    return found


def _leaving(graph: Graph, nodes: set[int], passes: Callable[[Edge], bool]) -> set[Edge]:
    """Return the edges that lead on from some nodes, by way of edges that pass."""
    found, reached = set[Edge](), set(nodes)
    for i in graph.order:
        own = [e for e in graph.feeds[i] if e.port == MAIN and e.source in reached and passes(e)]
        found.update(own)
        if own:
            reached.add(i)
    return found
