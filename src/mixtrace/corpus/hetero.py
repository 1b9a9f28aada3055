"""A graph as torch_geometric has it: a node type for each kind, an edge type for each pair."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.errors import StoreError
from mixtrace.graph import STRUCTURAL_KINDS
from mixtrace.params import ParamSpec
from mixtrace.processors import WET, processor
from mixtrace.store import StoredGraph

__all__ = ["feature_names", "hetero_data"]

_MOST = 8
"""Numbers of one setting; longer vectors are no features."""


def feature_names(kind: str) -> tuple[str, ...]:
    """Return what the columns of `x` are for a kind of node.

    Of a setting whose length varies, such as bells or knots, there are eight columns, and one that
    counts.

    >>> feature_names("send")
    ('level_db', 'wet')
    >>> feature_names("input")
    ('one',)
    """
    if kind in STRUCTURAL_KINDS:
        return ("one",)
    names = []
    for spec in processor(kind).params:
        width = _width(spec)
        names += [spec.name] if width == 1 else [f"{spec.name}.{k}" for k in range(width)]
        names += [f"{spec.name}.count"] if spec.varies and width else []
    return (*names, WET)


def hetero_data(stored: StoredGraph) -> Any:
    """Return a graph as a `HeteroData`.

    Node types are kinds, with `x`: the settings of each node in physical units, columns as in
    `feature_names`, zeros where a node has fewer; and `node`: numbers in the graph. Edge types are
    (kind, port, kind), with `edge_attr`: the level in dB.

    Raises:
        StoreError: torch_geometric is not installed.
    """
    try:
        from torch_geometric.data import HeteroData
    except ImportError as error:
        raise StoreError(
            "Expected the package torch_geometric, which is not installed. "
            "Install it with: pip install 'mixtrace[graphs]'"
        ) from error
    graph, data = stored.graph, HeteroData()
    rows: dict[int, int] = {}
    for kind in dict.fromkeys(node.kind for node in graph.nodes.values()):
        members = graph.of_kind(kind)
        rows |= {number: row for row, number in enumerate(members)}
        data[kind].x = torch.stack([_features(stored, number) for number in members])
        data[kind].node = torch.tensor(members)
    wires: dict[tuple[str, str, str], list[tuple[int, int, float]]] = {}
    for edge in graph.edges:
        ends = graph.nodes[edge.source].kind, graph.nodes[edge.destination].kind
        wire = rows[edge.source], rows[edge.destination], edge.level_db
        wires.setdefault((ends[0], edge.port, ends[1]), []).append(wire)
    for name, found in wires.items():
        data[name].edge_index = torch.tensor([wire[:2] for wire in found]).T.contiguous()
        data[name].edge_attr = torch.tensor([wire[2:] for wire in found])
    data.song = stored.song
    return data


def _features(stored: StoredGraph, number: int) -> Float[Tensor, " feature"]:
    kind = stored.graph.nodes[number].kind
    if kind in STRUCTURAL_KINDS:
        return torch.ones(1)
    found = []
    for spec in processor(kind).params:
        width = _width(spec)
        if not width:
            continue
        value = stored.settings.value(number, spec.name).float().reshape(-1)[:width]
        found.append(torch.nn.functional.pad(value, (0, width - len(value))))
        found += [torch.tensor([float(len(value))])] if spec.varies else []
    return torch.cat([*found, stored.settings.value(number, WET).float().reshape(1)])


def _width(spec: ParamSpec) -> int:
    """Return how many columns a setting has; none where it is a long vector."""
    if spec.varies:
        return 0 if spec.fixed else _MOST
    count = torch.Size(spec.shape).numel()
    return count if count <= _MOST else 0
