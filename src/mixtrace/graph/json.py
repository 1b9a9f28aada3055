"""The graph as JSON values; `store` writes them to disk under a schema version."""

from typing import Any

from mixtrace.errors import GraphError
from mixtrace.graph.model import MOST_EDGES, MOST_NODES, Graph, Node

__all__ = ["graph_from_json", "graph_to_json"]


def graph_to_json(graph: Graph) -> dict[str, Any]:
    """Return the graph as JSON values: {"nodes": [{kind, name}], "edges": [[from, to]]}."""
    return {
        "nodes": [{"kind": node.kind, "name": node.name} for node in graph.nodes],
        "edges": [list(edge) for edge in graph.edges],
    }


def graph_from_json(value: Any) -> Graph:
    """Return the graph that `graph_to_json` described.

    Raises:
        GraphError: when the value has another form, or the graph is not valid.
    """
    try:
        nodes = tuple(
            Node(_text(node["kind"]), _text(node["name"]))
            for node in _listed(value["nodes"], MOST_NODES)
        )
        edges = tuple((_position(a), _position(b)) for a, b in _listed(value["edges"], MOST_EDGES))
    except (KeyError, TypeError, ValueError) as error:
        raise GraphError(
            "Expected a graph as {nodes: [{kind, name}], edges: [[from, to]]}; "
            f"reading it failed at {error!r}. Store it again with mixtrace."
        ) from error
    return Graph(nodes, edges)


def _listed(value: Any, most: int) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"a {type(value).__name__} for a list")
    if len(value) > most:
        raise ValueError(f"a list of {len(value)} entries, more than {most}")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a {type(value).__name__} for text")
    return value


def _position(value: Any) -> int:
    if type(value) is not int:
        raise TypeError(f"a {type(value).__name__} for a node position")
    if abs(value) > 1e9:
        raise ValueError("a number that is no node position")
    return value
