"""What gradient descent moves: unconstrained parameters and dry/wet logits of a whole graph."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from mixtrace.graph import Graph
from mixtrace.params import ParamSpec
from mixtrace.processors import WET, Processor, Settings, Stack, processor

__all__ = ["Key", "Variables", "kind_of"]

Key = tuple[str, str]
"""A stack's key, and the name of a parameter or `WET`."""

_WET_INSIDE = 1e-4


def kind_of(key: str) -> str:
    """Return the kind of the nodes in a stack.

    >>> kind_of("fader:knots=3")
    'fader'
    """
    return key.partition(":")[0]


@dataclass(frozen=True)
class Variables:
    """Unconstrained values, stacked as the settings are.

    Attributes:
        values: (stack, parameter name or "wet") -> [node, *shape], leaf tensors.
        nodes: stack -> its nodes.
    """

    values: Mapping[Key, Tensor]
    nodes: Mapping[str, tuple[int, ...]]

    @classmethod
    def random(cls, graph: Graph, generator: torch.Generator) -> "Variables":
        """Return the published start: normal noise of deviation 0.01, weights of one half."""
        values: dict[Key, Tensor] = {}
        nodes: dict[str, tuple[int, ...]] = {}
        for kind in graph.kinds():
            members = graph.of_kind(kind)
            drawn = {
                spec.name: _drawn(spec, len(members), generator) for spec in processor(kind).params
            }
            key = Stack(kind, members, drawn, torch.zeros(len(members))).key
            values |= {(key, name): value for name, value in drawn.items()}
            values[key, WET] = torch.zeros(len(members))
            nodes[key] = members
        return cls(values, nodes)

    @classmethod
    def from_settings(cls, settings: Settings) -> "Variables":
        """Return the variables whose settings are given ones, weights kept off 0 and 1."""
        values: dict[Key, Tensor] = {}
        for stack in settings.stacks:
            for spec in processor(stack.kind).params:
                values[stack.key, spec.name] = spec.unconstrained(stack.values[spec.name]).clone()
            values[stack.key, WET] = torch.logit(stack.wet, eps=_WET_INSIDE)
        return cls(values, {stack.key: stack.nodes for stack in settings.stacks})

    def settings(self) -> Settings:
        """Return the physical settings; differentiable where the variables are."""
        return Settings(tuple(self._stack(key) for key in self.nodes))

    def _stack(self, key: str) -> Stack:
        entry = processor(kind_of(key))
        values = {spec.name: spec.physical(self.values[key, spec.name]) for spec in entry.params}
        wet = torch.sigmoid(self.values[key, WET])
        if entry.start_wet == 1.0:  # inserted: what was put off 1 to be a logit is 1
            wet = torch.where(wet > 1.0 - 2.0 * _WET_INSIDE, 1.0, wet)
        return Stack(kind_of(key), self.nodes[key], values, wet)

    def map(self, function: Callable[[Tensor], Tensor]) -> "Variables":
        """Return the variables with a function applied to every tensor."""
        return Variables({key: function(value) for key, value in self.values.items()}, self.nodes)

    def to(self, device: torch.device) -> "Variables":
        """Return the variables on a device."""
        return self.map(lambda value: value.to(device))

    def requires_grad(self) -> "Variables":
        """Return leaf copies that collect gradients."""
        return self.map(lambda value: value.detach().clone().requires_grad_())

    def rows(self, nodes: Collection[int]) -> dict[str, list[int]]:
        """Return for each stack that has some of the nodes the rows of these."""
        wanted = set(nodes)
        rows = {
            key: [row for row, i in enumerate(members) if i in wanted]
            for key, members in self.nodes.items()
        }
        return {key: chosen for key, chosen in rows.items() if chosen}

    def keep(self, nodes: Collection[int]) -> "Variables":
        """Return the variables of some nodes; the order within a stack stays."""
        rows = self.rows(nodes)
        return Variables(
            {
                (key, name): value.detach()[rows[key]].clone()
                for (key, name), value in self.values.items()
                if key in rows
            },
            {key: tuple(self.nodes[key][row] for row in chosen) for key, chosen in rows.items()},
        )

    @torch.no_grad()
    def project(self) -> None:
        """Move every value, in place, to where its physical value is within its range."""
        for (key, name), value in self.values.items():
            if name != WET:
                entry: Processor = processor(kind_of(key))
                value.copy_(entry.param(name).project(value))


def _drawn(spec: ParamSpec, count: int, generator: torch.Generator) -> Tensor:
    """Return the published start of some nodes; what is fixed is what it is."""
    if spec.fixed and spec.start is not None:
        start = torch.as_tensor(spec.start, dtype=torch.float32)
        return spec.unconstrained(start.expand((count, *spec.shape)).clone())
    return spec.init + 0.01 * torch.randn((count, *spec.shape), generator=generator)
