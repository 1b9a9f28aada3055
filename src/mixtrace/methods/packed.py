"""An inversion as named tensors and JSON facts, for runs that wait for others."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
from torch import Tensor

from mixtrace.graph import graph_from_json, graph_to_json
from mixtrace.methods.base import Inversion
from mixtrace.processors import WET, Settings, Stack, processor

__all__ = ["packed", "unpacked"]


@dataclass(frozen=True)
class _Stack:
    kind: str
    nodes: tuple[Annotated[int, msgspec.Meta(ge=0)], ...]


@dataclass(frozen=True)
class _Facts:
    """The facts of a stored inversion; `Inversion` explains them."""

    graph: Any
    console: Any
    stacks: tuple[_Stack, ...]
    losses: dict[str, dict[str, float]]
    evidence: dict[str, Any]
    recipe: dict[str, Any]
    ended: Literal["finished"]
    why: str
    seconds: float


def packed(found: Inversion) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return a finished inversion as tensors and facts."""
    tensors: dict[str, Tensor] = {}
    for number, stack in enumerate(found.settings.stacks):
        for name in (*stack.values, WET):
            tensors[f"{number}/{name}"] = stack.tensor(name).detach().cpu()
    facts = {
        "graph": graph_to_json(found.graph),
        "console": graph_to_json(found.console),
        "stacks": [{"kind": s.kind, "nodes": list(s.nodes)} for s in found.settings.stacks],
        **{name: getattr(found, name) for name in _PLAIN},
    }
    return tensors, facts


_PLAIN = ("losses", "evidence", "recipe", "ended", "why", "seconds")


def unpacked(tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> Inversion:
    """Return the inversion that was packed.

    Raises:
        ValueError: it is none.
        KeyError: a tensor is missing.
    """
    stored = msgspec.convert(facts, _Facts, strict=True)
    graph, console = graph_from_json(stored.graph), graph_from_json(stored.console)
    stacks = []
    for number, entry in enumerate(stored.stacks):
        names = [spec.name for spec in processor(entry.kind).params]
        values = {name: tensors[f"{number}/{name}"] for name in names}
        stacks.append(Stack(entry.kind, entry.nodes, values, tensors[f"{number}/{WET}"]))
    settings = Settings(tuple(stacks))
    settings.check({i: graph.nodes[i].kind for i in graph.processors})
    return Inversion(graph, settings, console, **{name: getattr(stored, name) for name in _PLAIN})
