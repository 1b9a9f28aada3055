"""What the stored memory of a descent has to be before it is gone on with."""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from mixtrace.descent.variables import kind_of
from mixtrace.graph import Graph
from mixtrace.processors import WET, processor, stack_key

__all__ = ["memory_faults"]

_MOMENTS = ("exp_avg", "exp_avg_sq")


def memory_faults(part: str, graph: Graph, memory: Mapping[str, Tensor]) -> Iterator[str]:
    """Yield which of a descent's tensors is missing or of another shape or type, or too many.

    Args:
        part: what to call the descent.
        graph: that it should be of.
        memory: what `Descent.memory` gave back.
    """
    known, left = set(), dict.fromkeys(graph.processors, 1)
    for key in dict.fromkeys(path.partition("/")[0] for path in memory):
        nodes = memory.get(f"{key}/nodes")
        kind = kind_of(key)
        listed = nodes is not None and nodes.dtype == torch.int64 and nodes.ndim == 1
        members = nodes.tolist() if nodes is not None and listed else []
        if not members or any(left.pop(i, 0) == 0 or graph.nodes[i].kind != kind for i in members):
            yield f"{part}/{key}/nodes are not there or no {ascii(kind)[:40]} of the graph"
            return
        known.add(f"{key}/nodes")
        shapes = _shapes(key, len(members))
        for name, shape in shapes.items():
            path = f"{key}/{name}"
            expected = {f"{path}/value": shape}
            if f"{path}/step" in memory:
                expected |= {f"{path}/step": ()} | {f"{path}/{m}": shape for m in _MOMENTS}
            for entry, size in expected.items():
                value = memory.get(entry)
                if value is None or value.shape != size or value.dtype != torch.float32:
                    yield f"{part}/{entry} is not there or not float32 of shape {list(size)}"
            known |= expected.keys()
    if left:
        yield f"{part} has no values for node {min(left)}"
    if extra := memory.keys() - known:
        yield f"{part}/{min(extra)} belongs to no processor"


def _shapes(key: str, count: int) -> dict[str, tuple[int, ...]]:
    """Return the shapes of a stack's tensors, lengths that vary as its key has them."""
    kind, *named = key.split(":")
    lengths = {name: int(length) for name, _, length in (entry.partition("=") for entry in named)}
    specs = processor(kind).params
    if key != stack_key(kind, lengths) or lengths.keys() != {s.name for s in specs if s.varies}:
        raise ValueError(f"{ascii(key)[:40]} is no stack of {kind}")
    shapes: dict[str, tuple[int, ...]] = {WET: (count,)}
    for spec in specs:
        own = (lengths[spec.name], *spec.shape[1:]) if spec.varies else spec.shape
        shapes[spec.name] = (count, *own)
    return shapes
