"""What gradient descent moves: unconstrained parameters and dry/wet logits of a whole graph."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mixtrace.graph import Graph
from mixtrace.processors import Settings, processor

__all__ = ["WET", "Variables"]

WET = "wet"
"""The name under which the dry/wet logits stand beside the parameters of a kind."""

_WET_INSIDE = 1e-4


@dataclass(frozen=True)
class Variables:
    """Unconstrained values, stacked by kind in the order of the graph's nodes.

    Attributes:
        values: (kind, parameter name or "wet") -> [node, *shape], leaf tensors.
    """

    values: Mapping[tuple[str, str], Tensor]

    @classmethod
    def random(cls, graph: Graph, generator: torch.Generator) -> "Variables":
        """Return the published start: normal noise of deviation 0.01, weights of one half."""
        values: dict[tuple[str, str], Tensor] = {}
        for kind in graph.kinds():
            count = len(graph.of_kind(kind))
            for spec in processor(kind).params:
                noise = torch.randn((count, *spec.shape), generator=generator)
                values[kind, spec.name] = spec.init + 0.01 * noise
            values[kind, WET] = torch.zeros(count)
        return cls(values)

    @classmethod
    def from_settings(cls, settings: Settings) -> "Variables":
        """Return the variables whose settings are given ones, weights kept off 0 and 1."""
        values: dict[tuple[str, str], Tensor] = {}
        for kind, named in settings.values.items():
            for spec in processor(kind).params:
                values[kind, spec.name] = spec.unconstrained(named[spec.name]).clone()
            values[kind, WET] = torch.logit(settings.wet[kind], eps=_WET_INSIDE)
        return cls(values)

    def settings(self) -> Settings:
        """Return the physical settings; differentiable where the variables are."""
        kinds = dict.fromkeys(kind for kind, _ in self.values)
        return Settings(
            {
                kind: {
                    spec.name: spec.physical(self.values[kind, spec.name])
                    for spec in processor(kind).params
                }
                for kind in kinds
            },
            {kind: torch.sigmoid(self.values[kind, WET]) for kind in kinds},
        )

    def to(self, device: torch.device) -> "Variables":
        """Return the variables on a device."""
        return Variables({key: value.to(device) for key, value in self.values.items()})

    def requires_grad(self) -> "Variables":
        """Return leaf copies that collect gradients."""
        return Variables(
            {key: value.detach().clone().requires_grad_() for key, value in self.values.items()}
        )

    def keep(self, rows: Mapping[str, Sequence[int]]) -> "Variables":
        """Return the rows of some nodes of each kind; kinds without rows vanish."""
        return Variables(
            {
                key: value.detach()[list(rows[key[0]])].clone()
                for key, value in self.values.items()
                if rows.get(key[0])
            }
        )

    @torch.no_grad()
    def project(self) -> None:
        """Move every value, in place, to where its physical value is within its range."""
        for (kind, name), value in self.values.items():
            if name != WET:
                value.copy_(processor(kind).param(name).project(value))
