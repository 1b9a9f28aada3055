"""The graph: a directed acyclic graph of audio nodes on strips, valid from the moment it exists.

Strips and nodes are known by numbers that survive every edit. Whatever reaches a port of a node is
summed, at the level of each edge, before the node acts on it; two edges between the same pair count
twice. A graph is never changed: edits return another one.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import heappop, heappush
from typing import Literal, get_args

from mixtrace.errors import GraphError

__all__ = [
    "INPUT",
    "KEY",
    "MAIN",
    "MIX",
    "MOST_EDGES",
    "MOST_NODES",
    "MOST_OF_A_KIND",
    "OUTPUT",
    "ROLES",
    "STRUCTURAL_KINDS",
    "Edge",
    "Graph",
    "Node",
    "Role",
    "Strip",
    "topological_order",
]

MOST_NODES = 3_000
"""The largest console, of 150 tracks in as many groups, has 2405."""

MOST_EDGES = 6_000
"""A console has one edge a node; twice as many leave room for parallel chains."""

MOST_OF_A_KIND = 400
"""Processors of one kind: the largest console has 301 of each. A page tells a delay in a hundredth
of a second, and thousands of them in half a minute."""

_MOST_PATHS = 1_000_000
"""From tracks to the output: a console has one a track. Edges drawn double multiply them, and a
sum of so many copies exceeds what numbers hold."""

_MOST_LEVEL_DB = 120.0
"""A wire is no amplifier: what lies beyond is a mistake."""

INPUT = "input"
MIX = "mix"
OUTPUT = "output"
STRUCTURAL_KINDS = frozenset({INPUT, MIX, OUTPUT})
"""The kinds that only carry audio; every other kind names a processor."""

MAIN, KEY = "main", "key"
"""The ports of a node: what it works on, and what a side-chain listens to instead."""

Role = Literal["track", "bus", "return", "master"]
ROLES: tuple[Role, ...] = get_args(Role)
"""What strips are for: a return is a bus that sends alone feed."""


@dataclass(frozen=True)
class Strip:
    """A channel strip: whose processors stand on it.

    Attributes:
        name: of the track, bus, return or master, for people.
        role: which of these it is.
        instrument: what is heard on it, as far as it is known.
    """

    name: str
    role: Role
    instrument: str = ""


@dataclass(frozen=True)
class Node:
    """One node: its kind, and the number of the strip that it stands on."""

    kind: str
    strip: int

    @property
    def is_processor(self) -> bool:
        """Whether the node changes the audio, and so can be pruned."""
        return self.kind not in STRUCTURAL_KINDS


@dataclass(frozen=True)
class Edge:
    """A wire from a node to a port of another one, at a level.

    Attributes:
        source, destination: numbers of nodes.
        level_db: by how much it is louder there than it left.
        port: `MAIN` or `KEY`.
    """

    source: int
    destination: int
    level_db: float = 0.0
    port: str = MAIN


@dataclass(frozen=True, eq=False)
class Graph:
    """Strips, nodes and edges; the orders are those in which they are stored.

    Attributes:
        strips: number -> strip, in the order of the desk.
        nodes: number -> node.
        edges: in the order in which a node adds them up.

    Raises:
        GraphError: on too many nodes, edges, paths or processors of a kind, an edge to nowhere, a
            cycle, an input that is fed, an output that feeds, no output, a node on a strip that is
            not there, or one that nothing reaches or that reaches no output.
    """

    strips: Mapping[int, Strip]
    nodes: Mapping[int, Node]
    edges: tuple[Edge, ...]

    def __post_init__(self) -> None:
        """Refuse a graph that cannot be rendered."""
        _check_size(self)
        _check_kinds(self)
        _check_strips(self)
        _check_edges(self)
        _check_ends(self)
        _check_reach(self)
        _check_paths(self)

    @classmethod
    def of(
        cls, nodes: Sequence[tuple[str, str]], edges: Sequence[tuple[int, int] | Edge]
    ) -> "Graph":
        """Return a graph of nodes that are numbered as they come, a strip for each name.

        Args:
            nodes: kind of each, and the name of its strip. The strip with an output is a master,
                one with an input a track, any other a bus.
            edges: (source, destination), or edges with a level or a port.

        >>> graph = Graph.of([("input", "kick"), ("output", "mix")], [(0, 1)])
        >>> [strip.role for strip in graph.strips.values()]
        ['track', 'master']
        """
        names = list(dict.fromkeys(name for _, name in nodes))
        roles: dict[str, Role] = dict.fromkeys(names, "bus")
        roles |= {name: "track" for kind, name in nodes if kind == INPUT}
        roles |= {name: "master" for kind, name in nodes if kind == OUTPUT}
        return cls(
            {number: Strip(name, roles[name]) for number, name in enumerate(names)},
            {i: Node(kind, names.index(name)) for i, (kind, name) in enumerate(nodes)},
            tuple(edge if isinstance(edge, Edge) else Edge(*edge) for edge in edges),
        )

    def __eq__(self, other: object) -> bool:
        """Say whether both have the same strips, nodes and edges in the same orders."""
        return isinstance(other, Graph) and self._parts == other._parts

    def __hash__(self) -> int:
        """Return a hash, computed once."""
        return self._hash

    @cached_property
    def _parts(self) -> tuple[object, ...]:
        return tuple(self.strips.items()), tuple(self.nodes.items()), self.edges

    @cached_property
    def _hash(self) -> int:
        return hash(self._parts)

    @cached_property
    def feeds(self) -> Mapping[int, tuple[Edge, ...]]:
        """For each node the edges that lead to it."""
        found: dict[int, list[Edge]] = {i: [] for i in self.nodes}
        for edge in self.edges:
            found[edge.destination].append(edge)
        return {i: tuple(edges) for i, edges in found.items()}

    @cached_property
    def predecessors(self) -> Mapping[int, tuple[int, ...]]:
        """For each node, the sources of the edges that lead to it, keys among them."""
        return {i: tuple(edge.source for edge in edges) for i, edges in self.feeds.items()}

    @cached_property
    def successors(self) -> Mapping[int, tuple[int, ...]]:
        """For each node, the destinations of its edges in edge order."""
        found: dict[int, list[int]] = {i: [] for i in self.nodes}
        for edge in self.edges:
            found[edge.source].append(edge.destination)
        return {i: tuple(nodes) for i, nodes in found.items()}

    @cached_property
    def order(self) -> tuple[int, ...]:
        """The topological order that keeps the stored order wherever it can.

        >>> Graph.of([("output", "mix"), ("input", "kick")], [(1, 0)]).order
        (1, 0)
        """
        return topological_order(self.predecessors, self.successors)

    @property
    def output(self) -> int:
        """The node that gives out the mix: the first output."""
        return self.outputs[0]

    @cached_property
    def outputs(self) -> tuple[int, ...]:
        """All that is given out: the mix, then stems."""
        return self.of_kind(OUTPUT)

    @cached_property
    def inputs(self) -> tuple[int, ...]:
        """The input nodes, in stored order: the order of the tracks."""
        return self.of_kind(INPUT)

    @cached_property
    def tracks(self) -> Mapping[int, tuple[int, ...]]:
        """For each node, the tracks whose sound is in it, as positions in `inputs`.

        >>> nodes = [("input", "kick"), ("input", "voice"), ("output", "mix")]
        >>> Graph.of(nodes, [(0, 2), (1, 2)]).tracks[2]
        (0, 1)
        """
        return self._reaching((MAIN,))

    @cached_property
    def needed_tracks(self) -> Mapping[int, tuple[int, ...]]:
        """For each node, the tracks that it depends on: those in it, and those it listens to."""
        return self._reaching((MAIN, KEY))

    def _reaching(self, ports: tuple[str, ...]) -> dict[int, tuple[int, ...]]:
        reaching: dict[int, set[int]] = {i: set() for i in self.nodes}
        for number, i in enumerate(self.inputs):
            reaching[i].add(number)
        for i in self.order:
            reaching[i].update(*(reaching[e.source] for e in self.feeds[i] if e.port in ports))
        return {i: tuple(sorted(numbers)) for i, numbers in reaching.items()}

    @cached_property
    def processors(self) -> tuple[int, ...]:
        """Every node that changes the audio."""
        return tuple(i for i, node in self.nodes.items() if node.is_processor)

    def keyed(self, node: int) -> bool:
        """Return whether a processor listens to another sound than it works on."""
        return any(edge.port == KEY for edge in self.feeds[node])

    def of_kind(self, kind: str) -> tuple[int, ...]:
        """Return the nodes of one kind, in stored order."""
        return tuple(i for i, node in self.nodes.items() if node.kind == kind)

    def kinds(self) -> tuple[str, ...]:
        """Return the processor kinds that occur, in order of first occurrence."""
        return tuple(dict.fromkeys(self.nodes[i].kind for i in self.processors))

    def by_kind(self) -> dict[str, tuple[int, ...]]:
        """Return the processors of each kind."""
        return {kind: self.of_kind(kind) for kind in self.kinds()}

    def name(self, node: int) -> str:
        """Return the name of the strip that a node stands on."""
        return self.strips[self.nodes[node].strip].name


def topological_order(
    needs: Mapping[int, Sequence[int]], successors: Mapping[int, Sequence[int]]
) -> tuple[int, ...]:
    """Return nodes after those that they need, otherwise as they are stored; not those of cycles.

    Args:
        needs: for each node, in stored order, those that come before it.
        successors: the same edges from their other ends.
    """
    numbers = list(needs)
    place = {i: position for position, i in enumerate(numbers)}
    waiting = {i: len(before) for i, before in needs.items()}
    ready = [place[i] for i, count in waiting.items() if count == 0]
    order: list[int] = []
    while ready:
        node = numbers[heappop(ready)]
        order.append(node)
        for successor in successors[node]:
            waiting[successor] -= 1
            if waiting[successor] == 0:
                heappush(ready, place[successor])
    return tuple(order)


def _check_size(graph: Graph) -> None:
    for what, count, most in (
        ("nodes", len(graph.nodes), MOST_NODES),
        ("edges", len(graph.edges), MOST_EDGES),
        ("strips", len(graph.strips), MOST_NODES),
    ):
        if count > most:
            raise GraphError(
                f"Expected a graph of at most {most} {what}; got {count}. Leave some out."
            )


def _check_kinds(graph: Graph) -> None:
    counts = Counter(node.kind for node in graph.nodes.values() if node.is_processor)
    for kind, count in counts.items():
        if count > MOST_OF_A_KIND:
            raise GraphError(
                f"Expected a graph of at most {MOST_OF_A_KIND} processors of a kind; got {count} "
                f"of the kind {kind}. Leave some out."
            )


def _check_strips(graph: Graph) -> None:
    for i, node in graph.nodes.items():
        if node.strip not in graph.strips:
            raise GraphError(
                f"Expected every node on a strip of the graph; node {i} ({node.kind}) stands on "
                f"strip {node.strip}. Add that strip or correct the node."
            )


def _check_edges(graph: Graph) -> None:
    for edge in graph.edges:
        if not {edge.source, edge.destination} <= graph.nodes.keys():
            raise GraphError(
                f"Expected edges between nodes of the graph; got {edge.source} -> "
                f"{edge.destination}. Remove that edge or add the node."
            )
        if edge.port not in (MAIN, KEY):
            raise GraphError(
                f"Expected an edge to feed '{MAIN}' or '{KEY}'; {edge.source} -> "
                f"{edge.destination} feeds '{edge.port}'. Correct its port."
            )
        if not abs(edge.level_db) <= _MOST_LEVEL_DB:
            raise GraphError(
                f"Expected the level of an edge within {_MOST_LEVEL_DB:.0f} dB; {edge.source} -> "
                f"{edge.destination} has {edge.level_db:g} dB. Correct it, or remove the edge."
            )
    if len(graph.order) != len(graph.nodes):
        raise GraphError(
            "Expected a graph without cycles; some nodes feed themselves. "
            "Remove an edge of the cycle."
        )


def _check_ends(graph: Graph) -> None:
    if not graph.outputs:
        raise GraphError("Expected an output node; got none. Add one for the mix.")
    if any(graph.successors[i] for i in graph.outputs):
        raise GraphError("Expected the output to feed nothing; it has edges. Remove them.")
    if not graph.inputs:
        raise GraphError("Expected at least one input node; got none. Add a track.")
    for i in graph.inputs:
        if graph.feeds[i]:
            raise GraphError(
                f"Expected nothing to feed the input '{graph.name(i)}'; it has incoming edges. "
                "Remove them."
            )


def _check_reach(graph: Graph) -> None:
    for i, node in graph.nodes.items():
        unfed = node.kind != INPUT and not any(edge.port == MAIN for edge in graph.feeds[i])
        unused = node.kind != OUTPUT and not graph.successors[i]
        if unfed or unused:
            side = "fed by another" if unfed else "connected towards the output"
            raise GraphError(
                f"Expected every node to be {side}; node {i} ({node.kind} of '{graph.name(i)}') "
                "is not. Connect or remove it."
            )


def _check_paths(graph: Graph) -> None:
    paths: dict[int, int] = {}
    for i in graph.order:
        own = int(graph.nodes[i].kind == INPUT)
        paths[i] = own + sum(paths[p] for p in graph.predecessors[i])
        if paths[i] > _MOST_PATHS:
            raise GraphError(
                f"Expected at most {_MOST_PATHS} paths from tracks to a node; more lead to node "
                f"{i} ({graph.nodes[i].kind} of '{graph.name(i)}'). Draw each edge once."
            )
