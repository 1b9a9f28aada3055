"""Processing graphs as immutable values: strips, nodes, edges, consoles, edits, JSON. No audio."""

from mixtrace.graph.console import CONSOLES, ConsolePreset, build_console
from mixtrace.graph.edit import insert_node, is_branch, remove_nodes, replace_node
from mixtrace.graph.json import graph_from_json, graph_to_json
from mixtrace.graph.model import (
    INPUT,
    KEY,
    MAIN,
    MIX,
    MOST_EDGES,
    MOST_NODES,
    MOST_OF_A_KIND,
    OUTPUT,
    ROLES,
    STRUCTURAL_KINDS,
    Edge,
    Graph,
    Node,
    Role,
    Strip,
    topological_order,
)
from mixtrace.graph.walk import (
    Passage,
    leads_aside,
    leads_to,
    listens_to,
    passages,
)

__all__ = [
    "CONSOLES",
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
    "ConsolePreset",
    "Edge",
    "Graph",
    "Node",
    "Passage",
    "Role",
    "Strip",
    "build_console",
    "graph_from_json",
    "graph_to_json",
    "insert_node",
    "is_branch",
    "leads_aside",
    "leads_to",
    "listens_to",
    "passages",
    "remove_nodes",
    "replace_node",
    "topological_order",
]
