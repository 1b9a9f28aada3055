"""Edits of a graph: each returns a new one, in which nodes and strips keep their numbers."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import pairwise

from mixtrace.errors import GraphError
from mixtrace.graph.model import INPUT, KEY, MAIN, OUTPUT, Edge, Graph, Node
from mixtrace.processors import processor

__all__ = ["insert_node", "is_branch", "remove_nodes", "remove_tracks", "replace_node"]


def is_branch(node: Node) -> bool:
    """Return whether a node leads aside, as a send does: without it nothing passes."""
    return node.is_processor and processor(node.kind).removal == "cut"


def remove_nodes(graph: Graph, removed: Collection[int]) -> Graph:
    """Remove processors and mix nodes: the sound passes as if they were not there.

    What fed a removed node feeds what it fed, at the level of both edges together. A send is cut:
    what it alone fed falls silent, and goes as well, with all that leads nowhere then.

    Raises:
        GraphError: when an input, the output or a node that is not there is to be removed, or a
            track would lead nowhere.

    >>> graph = Graph.of(
    ...     [("input", "kick"), ("noise_reverb", "kick"), ("output", "master")], [(0, 1), (1, 2)]
    ... )
    >>> smaller = remove_nodes(graph, {1})
    >>> [(edge.source, edge.destination) for edge in smaller.edges], list(smaller.nodes)
    ([(0, 2)], [0, 2])
    """
    edges = list(graph.edges)
    for i in removed:
        node = graph.nodes.get(i)
        if node is None or node.kind in (INPUT, OUTPUT):
            raise GraphError(
                f"Expected processors or mix nodes to remove; node {i} is neither. "
                "Inputs and the output stay."
            )
        edges = _cut(edges, i) if is_branch(node) else _bypass(edges, i)
    nodes = {i: node for i, node in graph.nodes.items() if i not in removed}
    return _without_idle(graph, nodes, edges)


def remove_tracks(graph: Graph, inputs: Collection[int]) -> Graph:
    """Remove tracks with all that only they feed, and strips that no node stands on then.

    What listened to them alone goes as well: by itself it would hear another sound than it was set
    for. So do tracks that led nowhere else.

    Args:
        graph: the graph.
        inputs: the input nodes of the tracks.

    Raises:
        GraphError: when one is no input, or no track would be left.

    >>> graph = Graph.of(
    ...     [("input", "kick"), ("input", "voice"), ("output", "mix")], [(0, 2), (1, 2)]
    ... )
    >>> [strip.name for strip in remove_tracks(graph, {0}).strips.values()]
    ['voice', 'mix']
    """
    if not set(inputs) <= set(graph.inputs):
        raise GraphError(
            f"Expected inputs of the graph to remove; got nodes {sorted(inputs)}. "
            "Remove processors with remove_nodes."
        )
    nodes = {i: node for i, node in graph.nodes.items() if i not in inputs}
    edges = [e for e in graph.edges if not {e.source, e.destination} & set(inputs)]
    while True:
        nodes, edges = _fed_and_feeding(nodes, edges, lone_inputs=False)
        keyed = {edge.destination for edge in edges if edge.port == KEY}
        deaf = [i for i in nodes if graph.keyed(i) and i not in keyed]
        if not deaf:
            break
        for i in deaf:
            edges = _bypass(edges, i)
            del nodes[i]
    stood = {node.strip for node in nodes.values()}
    strips = {number: strip for number, strip in graph.strips.items() if number in stood}
    return Graph(strips, nodes, tuple(edges))


def insert_node(graph: Graph, node: Node, edge: Edge) -> tuple[Graph, int]:
    """Insert a processor into one edge; the edge's level and port are those behind it.

    Returns:
        The graph, and the number of the node.

    Raises:
        GraphError: when the graph has no such edge.
    """
    if edge not in graph.edges:
        raise GraphError(
            f"Expected an edge of the graph to insert into; {edge.source} -> {edge.destination} "
            "is none. Choose one of its edges."
        )
    new = max(graph.nodes) + 1
    at = graph.edges.index(edge)
    inside = (Edge(edge.source, new), replace(edge, source=new))
    edges = (*graph.edges[:at], *inside, *graph.edges[at + 1 :])
    return Graph(graph.strips, {**graph.nodes, new: node}, edges), new


def replace_node(graph: Graph, node: int, kinds: Sequence[str]) -> tuple[Graph, tuple[int, ...]]:
    """Put processors in series in the place of one.

    Args:
        graph: the graph.
        node: a processor of it that leads on.
        kinds: of those that take its place, one or more.

    Returns:
        The graph, and the numbers of the new nodes, of which the first has that of the old one.

    Raises:
        GraphError: when the node is no processor, or leads aside.

    >>> graph = Graph.of(
    ...     [("input", "kick"), ("equalizer", "kick"), ("output", "master")], [(0, 1), (1, 2)]
    ... )
    >>> other, numbers = replace_node(graph, 1, ("parametric_equalizer", "fader"))
    >>> [(edge.source, edge.destination) for edge in other.edges], numbers
    ([(0, 1), (1, 3), (3, 2)], (1, 3))
    """
    old = graph.nodes.get(node)
    if old is None or not old.is_processor or is_branch(old):
        raise GraphError(
            f"Expected a processor to replace; node {node} is none, or a send. Choose another."
        )
    first = max(graph.nodes) + 1
    numbers = (node, *range(first, first + len(kinds) - 1))
    nodes = {**graph.nodes, **{i: Node(k, old.strip) for i, k in zip(numbers, kinds, strict=True)}}
    inside = [Edge(*pair) for pair in pairwise(numbers)]
    edges: list[Edge] = []
    for edge in graph.edges:
        if edge.source == node:
            edges += inside
            inside = []
        edges.append(replace(edge, source=numbers[-1]) if edge.source == node else edge)
    return Graph(graph.strips, nodes, tuple(edges)), numbers


def _bypass(edges: list[Edge], node: int) -> list[Edge]:
    """Replace every path a -> node -> b by a -> b, in the place of the edge node -> b."""
    entering = [edge for edge in edges if edge.destination == node and edge.port == MAIN]
    bypassed: list[Edge] = []
    for edge in edges:
        if edge.source == node:
            bypassed += [
                replace(edge, source=before.source, level_db=before.level_db + edge.level_db)
                for before in entering
            ]
        elif edge.destination != node:
            bypassed.append(edge)
    return bypassed


def _cut(edges: list[Edge], node: int) -> list[Edge]:
    return [edge for edge in edges if node not in (edge.source, edge.destination)]


def _without_idle(graph: Graph, nodes: dict[int, Node], edges: list[Edge]) -> Graph:
    """Return what is left without nodes that nothing feeds, or that feed nothing."""
    nodes, edges = _fed_and_feeding(nodes, edges)
    return Graph(graph.strips, nodes, tuple(edges))


def _fed_and_feeding(
    nodes: dict[int, Node], edges: list[Edge], *, lone_inputs: bool = True
) -> tuple[dict[int, Node], list[Edge]]:
    """Return nodes that are fed and feed something; inputs that feed nothing, where they may stay.

    The output stays always.
    """
    while True:
        fed = {edge.destination for edge in edges if edge.port == MAIN}
        feeding = {edge.source for edge in edges}
        idle = set()
        for i, node in nodes.items():
            if node.kind == INPUT:
                kept = lone_inputs or i in feeding
            else:
                kept = node.kind == OUTPUT or i in fed & feeding
            idle |= set() if kept else {i}
        if not idle:
            return nodes, edges
        nodes = {i: node for i, node in nodes.items() if i not in idle}
        edges = [e for e in edges if not idle & {e.source, e.destination}]
