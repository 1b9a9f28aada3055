"""The settings of a whole graph: physical values and dry/wet weights of every processor."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.errors import GraphError
from mixtrace.processors.registry import processor

__all__ = ["Settings"]


@dataclass(frozen=True)
class Settings:
    """Values and weights, stacked by kind; rows follow the order of the nodes in their graph.

    Attributes:
        values: kind -> parameter name -> physical values [node, *shape].
        wet: kind -> dry/wet weights [node] in [0, 1].
    """

    values: Mapping[str, Mapping[str, Tensor]]
    wet: Mapping[str, Float[Tensor, " node"]]

    def rows(self, kind: str, rows: Sequence[int]) -> tuple[dict[str, Tensor], Tensor]:
        """Return the values and weights of some nodes of one kind."""
        values, wet = self.values[kind], self.wet[kind]
        if list(rows) == list(range(wet.shape[0])):
            return dict(values), wet
        index = torch.as_tensor(list(rows), device=wet.device)
        return {name: value[index] for name, value in values.items()}, wet[index]

    def keep(self, rows: Mapping[str, Sequence[int]]) -> "Settings":
        """Return the settings of some rows of each kind; kinds that are not named vanish."""
        kept = {kind: self.rows(kind, chosen) for kind, chosen in rows.items() if len(chosen)}
        return Settings({k: v for k, (v, _) in kept.items()}, {k: w for k, (_, w) in kept.items()})

    def map(self, function: Callable[[Tensor], Tensor]) -> "Settings":
        """Return the settings with a function applied to every tensor."""
        return Settings(
            {k: {n: function(v) for n, v in named.items()} for k, named in self.values.items()},
            {k: function(w) for k, w in self.wet.items()},
        )

    def check(self, counts: Mapping[str, int]) -> None:
        """Check that the settings fit a graph with so many nodes of each kind.

        Raises:
            GraphError: on a missing kind or parameter, a wrong shape, or a value that is not finite
                or out of its range.
        """
        for kind, count in counts.items():
            specs = processor(kind).params
            named = self.values.get(kind, {})
            for spec in specs:
                shape = (count, *spec.shape)
                value = _checked_tensor(kind, spec.name, named.get(spec.name), shape)
                _check_range(kind, spec.name, value, spec.clip(value))
            wet = _checked_tensor(kind, "wet", self.wet.get(kind), (count,))
            _check_range(kind, "wet", wet, wet.clamp(0.0, 1.0))


def _checked_tensor(kind: str, name: str, value: Tensor | None, shape: tuple[int, ...]) -> Tensor:
    if value is None or tuple(value.shape) != shape:
        came = "nothing" if value is None else f"shape {tuple(value.shape)}"
        raise GraphError(
            f"Expected {name} of {kind} with shape {shape}; got {came}. "
            "Use settings that belong to this graph."
        )
    if not bool(torch.isfinite(value).all()):
        raise GraphError(
            f"Expected finite numbers in {name} of {kind}; got NaN or infinity. "
            "Use settings from a finished fit."
        )
    return value


def _check_range(kind: str, name: str, value: Tensor, clipped: Tensor) -> None:
    """Check that clipping changed nothing but the rounding of another precision."""
    outside = ~torch.isclose(value, clipped, rtol=1e-6, atol=0.0)
    if bool(outside.any()):
        raise GraphError(
            f"Expected {name} of {kind} within its range; got {float(value[outside][0]):g}, the "
            f"nearest allowed is {float(clipped[outside][0]):g}. Correct the settings."
        )
