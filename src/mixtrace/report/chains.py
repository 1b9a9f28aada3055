"""A graph as chains: what a track, a bus or the master passes before it meets others."""

from dataclasses import dataclass

from mixtrace.graph import INPUT, MIX, OUTPUT, Graph

__all__ = ["BUS", "MASTER", "TRACK", "Chain", "chains"]

TRACK, BUS, MASTER = "track", "bus", "master"
"""The places of a chain."""


@dataclass(frozen=True)
class Chain:
    """Nodes in series under one name.

    Attributes:
        depth: how many chains lie between it and the output.
        name: whose it is.
        place: one of the three above.
        nodes: in the order of the sound, input, sum and output included.
        told: whether it was listed before, under another chain that it feeds.
    """

    depth: int
    name: str
    place: str
    nodes: tuple[int, ...]
    told: bool

    def processors(self, graph: Graph) -> tuple[int, ...]:
        """Return its processors in the order of the sound."""
        return tuple(i for i in self.nodes if graph.nodes[i].is_processor)


def chains(graph: Graph) -> tuple[Chain, ...]:
    """Return the chains from the master down, each followed by those that feed it.

    What feeds several chains is listed under each, and marked from the second time on; what feeds
    it in turn is listed once.
    """
    found: list[Chain] = []
    told: set[int] = set()
    waiting = [(0, graph.output)]
    while waiting:
        depth, end = waiting.pop()
        nodes = _series(graph, end)
        name = graph.nodes[nodes[0]].name
        found.append(Chain(depth, name, _place(graph, nodes), nodes, end in told))
        if end not in told:
            told.add(end)
            waiting += [(depth + 1, feed) for feed in reversed(graph.predecessors[nodes[0]])]
    return tuple(found)


def _series(graph: Graph, end: int) -> tuple[int, ...]:
    """Return the series that ends in a node, from an input, a sum or a fork on."""
    nodes = [end]
    while graph.nodes[nodes[-1]].kind != MIX and len(graph.predecessors[nodes[-1]]) == 1:
        before = graph.predecessors[nodes[-1]][0]
        forks = len(graph.successors[before]) > 1
        if forks or graph.nodes[before].name != graph.nodes[end].name:
            break
        nodes.append(before)
    return tuple(reversed(nodes))


def _place(graph: Graph, nodes: tuple[int, ...]) -> str:
    kinds = {graph.nodes[i].kind for i in nodes}
    if OUTPUT in kinds:
        return MASTER
    return TRACK if INPUT in kinds else BUS
