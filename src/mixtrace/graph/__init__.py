"""Processing graphs as immutable values: nodes, edges, consoles, edits and JSON. No audio here."""

from mixtrace.graph.console import CONSOLES, ConsolePreset, build_console
from mixtrace.graph.edit import insert_node, remove_nodes
from mixtrace.graph.json import graph_from_json, graph_to_json
from mixtrace.graph.model import (
    INPUT,
    MIX,
    MOST_EDGES,
    MOST_NODES,
    OUTPUT,
    STRUCTURAL_KINDS,
    Graph,
    Node,
)

__all__ = [
    "CONSOLES",
    "INPUT",
    "MIX",
    "MOST_EDGES",
    "MOST_NODES",
    "OUTPUT",
    "STRUCTURAL_KINDS",
    "ConsolePreset",
    "Graph",
    "Node",
    "build_console",
    "graph_from_json",
    "graph_to_json",
    "insert_node",
    "remove_nodes",
]
