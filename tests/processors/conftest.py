"""Settings for any processor of the registry, drawn from its own specifications."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from mixtrace.processors import PROCESSORS

Draw = Callable[..., dict[str, Tensor]]

CENTRES = {"duration_s": 1.5}
"""Unconstrained values to draw about, where those of the published start suit a whole song."""


@pytest.fixture
def draw() -> Draw:
    """Return a function that draws unconstrained values within the range of a kind's parameters."""

    def unconstrained(
        kind: str, nodes: int = 2, *, seed: int = 0, spread: float = 0.5, dtype=torch.float64
    ) -> dict[str, Tensor]:
        generator = torch.Generator().manual_seed(seed)
        values = {}
        for spec in PROCESSORS[kind].params:
            noise = torch.randn((nodes, *spec.shape), dtype=torch.float64, generator=generator)
            values[spec.name] = spec.project(CENTRES.get(spec.name, spec.init) + spread * noise).to(
                dtype
            )
        return values

    return unconstrained


@pytest.fixture
def draw_physical(draw: Draw) -> Draw:
    """Return a function that draws physical values."""

    def physical(kind: str, *arguments, **options) -> dict[str, Tensor]:
        z = draw(kind, *arguments, **options)
        return {spec.name: spec.physical(z[spec.name]) for spec in PROCESSORS[kind].params}

    return physical


@pytest.fixture
def neutral_values(draw_physical: Draw) -> Draw:
    """Return a function that draws values, those with a neutral setting at it."""

    def values(kind: str, *arguments, **options) -> dict[str, Tensor]:
        drawn = draw_physical(kind, *arguments, **options)
        for spec in PROCESSORS[kind].params:
            if spec.neutral is not None:
                drawn[spec.name] = torch.full_like(drawn[spec.name], spec.neutral)
        return drawn

    return values
