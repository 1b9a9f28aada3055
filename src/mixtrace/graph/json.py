"""The graph as JSON values; `store` writes them to disk under a schema version."""

from typing import Any

from mixtrace.errors import GraphError
from mixtrace.graph.model import (
    MAIN,
    MOST_EDGES,
    MOST_NODES,
    ROLES,
    Edge,
    Graph,
    Node,
    Role,
    Strip,
)

__all__ = ["graph_from_json", "graph_to_json"]

_FORM = (
    "{strips: [{id, role, name, instrument}], nodes: [{id, kind, strip}], "
    "edges: [{from, to, level_db, port}]}"
)
_LARGEST_ID = 1_000_000_000


def graph_to_json(graph: Graph) -> dict[str, Any]:
    """Return the graph as JSON values; an edge has a level and a port where they are not plain."""
    return {
        "strips": [
            {"id": number, "role": s.role, "name": s.name, "instrument": s.instrument}
            for number, s in graph.strips.items()
        ],
        "nodes": [{"id": i, "kind": n.kind, "strip": n.strip} for i, n in graph.nodes.items()],
        "edges": [_edge_to_json(edge) for edge in graph.edges],
    }


def graph_from_json(value: Any) -> Graph:
    """Return the graph that `graph_to_json` described.

    Raises:
        GraphError: when the value has another form, or the graph is not valid.
    """
    try:
        strips = [
            (_id(s["id"]), Strip(_text(s["name"]), _role(s["role"]), _text(s["instrument"])))
            for s in _listed(value["strips"], MOST_NODES)
        ]
        nodes = [
            (_id(node["id"]), Node(_text(node["kind"]), _id(node["strip"])))
            for node in _listed(value["nodes"], MOST_NODES)
        ]
        edges = tuple(_edge(entry) for entry in _listed(value["edges"], MOST_EDGES))
        for what, entries in (("strips", strips), ("nodes", nodes)):
            if len(dict(entries)) != len(entries):
                raise ValueError(f"{what} with the same id")
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise GraphError(
            f"Expected a graph as {_FORM}; reading it failed at {error!r}. "
            "Store it again with mixtrace."
        ) from error
    return Graph(dict(strips), dict(nodes), edges)


def _edge_to_json(edge: Edge) -> dict[str, Any]:
    plain: dict[str, Any] = {"from": edge.source, "to": edge.destination}
    if edge.level_db:
        plain["level_db"] = edge.level_db
    return plain | ({"port": edge.port} if edge.port != MAIN else {})


def _edge(value: Any) -> Edge:
    if unknown := value.keys() - {"from", "to", "level_db", "port"}:
        raise ValueError(f"an edge with {ascii(min(unknown))[:40]}")
    level_db = value.get("level_db", 0.0)
    if type(level_db) not in (int, float):
        raise TypeError(f"a {type(level_db).__name__} for a level")
    port = _text(value.get("port", MAIN))
    return Edge(_id(value["from"]), _id(value["to"]), float(level_db), port)


def _listed(value: Any, most: int) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(f"a {type(value).__name__} for a list")
    if len(value) > most:
        raise ValueError(f"a list of {len(value)} entries, more than {most}")
    for entry in value:
        if not isinstance(entry, dict):
            raise TypeError(f"a {type(entry).__name__} for a table")
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a {type(value).__name__} for text")
    return value


def _role(value: Any) -> Role:
    if value not in ROLES:
        raise ValueError(f"{ascii(value)[:40]} for a role, which is {', '.join(ROLES)}")
    return value


def _id(value: Any) -> int:
    if type(value) is not int:
        raise TypeError(f"a {type(value).__name__} for an id")
    if not 0 <= value <= _LARGEST_ID:
        raise ValueError("a number that is no id")
    return value
