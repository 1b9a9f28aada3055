"""How tracks come to the mix in a graph: past which nodes, and by which sends and returns."""

from collections.abc import Iterator
from dataclasses import dataclass

from mixtrace.graph import MAIN, Edge, Graph

__all__ = ["Aside", "Way", "asides", "way"]


@dataclass(frozen=True)
class Way:
    """The nodes from an input to the output, returns left out.

    Attributes:
        own: those that no other track passes.
        shared: the others.
    """

    own: tuple[int, ...]
    shared: tuple[int, ...]


@dataclass(frozen=True)
class Aside:
    """A way from a track to a return.

    Attributes:
        name: of the return.
        source: the node of the track's way where it leaves.
        level_db: of the edges on it and behind it.
        sends: the nodes up to the return.
        nodes: those of the return and behind it, up to the track's way.
    """

    name: str
    source: int
    level_db: float
    sends: tuple[int, ...]
    nodes: tuple[int, ...]


def way(graph: Graph, node: int) -> Way:
    """Return the way of an input; where it forks, the first branch that is no send."""
    straight = _straight(graph)
    nodes = [node]
    while nodes[-1] != graph.output:
        leads = [e.destination for e in _leaving(graph, nodes[-1]) if e.destination in straight]
        if not leads:
            raise SystemExit(f"Expected '{graph.name(node)}' to come to the mix; it does not.")
        nodes.append(leads[0])
    alone = sum(len(graph.tracks[i]) == 1 for i in nodes)
    return Way(tuple(nodes[:alone]), tuple(nodes[alone:]))


def asides(graph: Graph, taken: Way) -> Iterator[Aside]:
    """Yield the ways from a track's own way to returns and, through them, on to the mix."""
    straight = _straight(graph)
    on_way = (*taken.own, *taken.shared)
    for source in on_way:
        for edge in _leaving(graph, source):
            if edge.destination in straight or edge.destination == graph.output:
                continue
            level_db, sends, nodes, following = edge.level_db, [], [], edge.destination
            while following not in straight:
                (nodes if nodes or _returns(graph, following) else sends).append(following)
                (after, *_) = _leaving(graph, following)
                level_db, following = level_db + after.level_db, after.destination
            if nodes:
                name = graph.name(nodes[0])
                yield Aside(name, source, level_db, tuple(sends), tuple(nodes))


def _straight(graph: Graph) -> set[int]:
    """Return the nodes from which the output can be reached without passing a return."""
    found = {graph.output}
    for i in reversed(graph.order):
        if not _returns(graph, i):
            leads = {edge.destination for edge in _leaving(graph, i)}
            found |= {i} if leads & found else set()
    return found


def _returns(graph: Graph, node: int) -> bool:
    return graph.strips[graph.nodes[node].strip].role == "return"


def _leaving(graph: Graph, node: int) -> list[Edge]:
    return [edge for edge in graph.edges if edge.source == node and edge.port == MAIN]
