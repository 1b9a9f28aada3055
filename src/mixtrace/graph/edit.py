"""Edits of a graph: each returns a new graph and the map from old node positions to new ones."""

from collections.abc import Collection

from mixtrace.errors import GraphError
from mixtrace.graph.model import INPUT, OUTPUT, Graph, Node

__all__ = ["insert_node", "remove_nodes"]


def remove_nodes(graph: Graph, removed: Collection[int]) -> tuple[Graph, dict[int, int]]:
    """Remove processors and mix nodes; what fed a removed node feeds what it fed.

    Raises:
        GraphError: when an input, the output or a node that is not there is to be removed.

    >>> nodes = (Node("input", "kick"), Node("reverb", "kick"), Node("output", "master"))
    >>> smaller, ids = remove_nodes(Graph(nodes, ((0, 1), (1, 2))), {1})
    >>> smaller.edges, ids
    (((0, 1),), {0: 0, 2: 1})
    """
    removable = {i for i, n in enumerate(graph.nodes) if n.kind not in (INPUT, OUTPUT)}
    for i in removed:
        if i not in removable:
            raise GraphError(
                f"Expected processors or mix nodes to remove; node {i} is neither. "
                "Inputs and the output stay."
            )
    edges = list(graph.edges)
    for i in removed:
        edges = _bypass(edges, i)
    kept = [i for i in range(len(graph.nodes)) if i not in removed]
    ids = {old: new for new, old in enumerate(kept)}
    new_edges = tuple((ids[a], ids[b]) for a, b in edges)
    return Graph(tuple(graph.nodes[i] for i in kept), new_edges), ids


def insert_node(graph: Graph, node: Node, edge: tuple[int, int]) -> tuple[Graph, dict[int, int]]:
    """Insert a processor into one edge; it takes the last position.

    Raises:
        GraphError: when the graph has no such edge.
    """
    if edge not in graph.edges:
        raise GraphError(
            f"Expected an edge of the graph to insert into; {edge[0]} -> {edge[1]} is none. "
            "Choose one of its edges."
        )
    new = len(graph.nodes)
    at = graph.edges.index(edge)
    edges = (*graph.edges[:at], (edge[0], new), (new, edge[1]), *graph.edges[at + 1 :])
    return Graph((*graph.nodes, node), edges), {i: i for i in range(new)}


def _bypass(edges: list[tuple[int, int]], node: int) -> list[tuple[int, int]]:
    """Replace every path a -> node -> b by a -> b, in the place of the edge node -> b."""
    sources = [a for a, b in edges if b == node]
    bypassed: list[tuple[int, int]] = []
    for a, b in edges:
        if a == node:
            bypassed.extend((source, b) for source in sources)
        elif b != node:
            bypassed.append((a, b))
    return bypassed
