"""The graph: a directed acyclic graph of audio nodes, valid from the moment it exists.

A node is known by its position in `Graph.nodes`. Whatever reaches a node is summed before the node
acts on it; two edges between the same pair count twice.
"""

from dataclasses import dataclass
from functools import cached_property
from heapq import heappop, heappush

from mixtrace.errors import GraphError

__all__ = [
    "INPUT",
    "MIX",
    "MOST_EDGES",
    "MOST_NODES",
    "OUTPUT",
    "STRUCTURAL_KINDS",
    "Graph",
    "Node",
]

MOST_NODES = 3_000
"""The largest console, of 150 tracks in as many groups, has 2405."""

MOST_EDGES = 6_000
"""A console has one edge a node; twice as many leave room for parallel chains."""

_MOST_PATHS = 1_000_000
"""From tracks to the output: a console has one a track. Edges drawn double multiply them, and a
sum of so many copies exceeds what numbers hold."""

INPUT = "input"
MIX = "mix"
OUTPUT = "output"
STRUCTURAL_KINDS = frozenset({INPUT, MIX, OUTPUT})
"""The kinds that only carry audio; every other kind names a processor."""


@dataclass(frozen=True)
class Node:
    """One node: its kind, and the name of the track, bus or master whose chain it stands in."""

    kind: str
    name: str

    @property
    def is_processor(self) -> bool:
        """Whether the node changes the audio, and so can be pruned."""
        return self.kind not in STRUCTURAL_KINDS


@dataclass(frozen=True)
class Graph:
    """Nodes and the edges (source, destination) between their positions.

    Raises:
        GraphError: on too many nodes, edges or paths, an edge to nowhere, a cycle, an input that is
            fed, an output that feeds or is not the only one, or a node that nothing
            reaches or that reaches no output.
    """

    nodes: tuple[Node, ...]
    edges: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        """Refuse a graph that cannot be rendered."""
        _check_size(self)
        _check_edges(self)
        _check_ends(self)
        _check_reach(self)
        _check_paths(self)

    @cached_property
    def predecessors(self) -> tuple[tuple[int, ...], ...]:
        """For each node, the sources of its edges in edge order."""
        return _adjacency(len(self.nodes), [(b, a) for a, b in self.edges])

    @cached_property
    def successors(self) -> tuple[tuple[int, ...], ...]:
        """For each node, the destinations of its edges in edge order."""
        return _adjacency(len(self.nodes), self.edges)

    @cached_property
    def order(self) -> tuple[int, ...]:
        """The topological order that keeps the stored order wherever it can.

        >>> nodes = (Node("output", "mix"), Node("input", "kick"))
        >>> Graph(nodes, ((1, 0),)).order
        (1, 0)
        """
        waiting = [len(p) for p in self.predecessors]
        ready = [i for i, count in enumerate(waiting) if count == 0]
        order: list[int] = []
        while ready:
            node = heappop(ready)
            order.append(node)
            for successor in self.successors[node]:
                waiting[successor] -= 1
                if waiting[successor] == 0:
                    heappush(ready, successor)
        return tuple(order)

    @property
    def output(self) -> int:
        """The position of the output node."""
        return next(i for i, node in enumerate(self.nodes) if node.kind == OUTPUT)

    @property
    def inputs(self) -> tuple[int, ...]:
        """The positions of the input nodes, in stored order: the order of the tracks."""
        return self.of_kind(INPUT)

    @cached_property
    def tracks(self) -> tuple[tuple[int, ...], ...]:
        """For each node, the tracks that reach it, as numbers in `inputs`.

        >>> nodes = (Node("input", "kick"), Node("input", "voice"), Node("output", "mix"))
        >>> Graph(nodes, ((0, 2), (1, 2))).tracks
        ((0,), (1,), (0, 1))
        """
        reaching: list[set[int]] = [set() for _ in self.nodes]
        for number, i in enumerate(self.inputs):
            reaching[i].add(number)
        for i in self.order:
            reaching[i].update(*(reaching[p] for p in self.predecessors[i]))
        return tuple(tuple(sorted(numbers)) for numbers in reaching)

    @property
    def processors(self) -> tuple[int, ...]:
        """The positions of every node that changes the audio."""
        return tuple(i for i, node in enumerate(self.nodes) if node.is_processor)

    def of_kind(self, kind: str) -> tuple[int, ...]:
        """Return the positions of the nodes of one kind, in stored order."""
        return tuple(i for i, node in enumerate(self.nodes) if node.kind == kind)

    def kinds(self) -> tuple[str, ...]:
        """Return the processor kinds that occur, in order of first occurrence."""
        return tuple(dict.fromkeys(self.nodes[i].kind for i in self.processors))


def _adjacency(count: int, edges) -> tuple[tuple[int, ...], ...]:
    lists: list[list[int]] = [[] for _ in range(count)]
    for source, destination in edges:
        lists[source].append(destination)
    return tuple(tuple(entries) for entries in lists)


def _check_size(graph: Graph) -> None:
    for what, count, most in (
        ("nodes", len(graph.nodes), MOST_NODES),
        ("edges", len(graph.edges), MOST_EDGES),
    ):
        if count > most:
            raise GraphError(
                f"Expected a graph of at most {most} {what}; got {count}. Leave some out."
            )


def _check_edges(graph: Graph) -> None:
    count = len(graph.nodes)
    for source, destination in graph.edges:
        if not (0 <= source < count and 0 <= destination < count):
            raise GraphError(
                f"Expected edges between nodes 0 to {count - 1}; got {source} -> {destination}. "
                "Remove that edge or add the node."
            )
    if len(graph.order) != count:
        raise GraphError(
            "Expected a graph without cycles; some nodes feed themselves. "
            "Remove an edge of the cycle."
        )


def _check_ends(graph: Graph) -> None:
    outputs = graph.of_kind(OUTPUT)
    if len(outputs) != 1:
        raise GraphError(f"Expected one output node; got {len(outputs)}. Keep a single output.")
    if graph.successors[outputs[0]]:
        raise GraphError("Expected the output to feed nothing; it has edges. Remove them.")
    if not graph.inputs:
        raise GraphError("Expected at least one input node; got none. Add a track.")
    for i in graph.inputs:
        if graph.predecessors[i]:
            raise GraphError(
                f"Expected nothing to feed the input '{graph.nodes[i].name}'; it has incoming "
                "edges. Remove them."
            )


def _check_reach(graph: Graph) -> None:
    for i, node in enumerate(graph.nodes):
        unfed = node.kind != INPUT and not graph.predecessors[i]
        unused = node.kind != OUTPUT and not graph.successors[i]
        if unfed or unused:
            side = "fed by another" if unfed else "connected towards the output"
            raise GraphError(
                f"Expected every node to be {side}; node {i} ({node.kind} of '{node.name}') "
                "is not. Connect or remove it."
            )


def _check_paths(graph: Graph) -> None:
    paths = [int(node.kind == INPUT) for node in graph.nodes]
    for i in graph.order:
        paths[i] += sum(paths[p] for p in graph.predecessors[i])
        if paths[i] > _MOST_PATHS:
            raise GraphError(
                f"Expected at most {_MOST_PATHS} paths from tracks to a node; more lead to node "
                f"{i} ({graph.nodes[i].kind} of '{graph.nodes[i].name}'). "
                "Draw each edge once."
            )
