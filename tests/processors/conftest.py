"""Settings for any processor of the registry, drawn from its own specifications."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from mixtrace.processors import PROCESSORS

Draw = Callable[..., dict[str, Tensor]]

CENTRES = {
    "duration_s": 1.5,
    "low_pass_hz": 1.5,
    "knot_s": torch.tensor([0.03, 0.07]),
    "hold_ms": 0.1,
    "feedback_delay time_ms": -2.5,
    "compressor_expander average_ms": -1.8,
}
"""Unconstrained values to draw about, where others suit a test better: by a parameter's name,
with its kind before it where other kinds have one of that name.

Those of the published start suit a whole song. A low-pass of 3 kHz has coefficients of which
rounding leaves eleven digits, those of 10 kHz have more. Knots lie within a tenth of a second. A
gate that holds for longer than the audio lasts never closes. Averaged for long, noise is equally
loud throughout, and what is compressed is never expanded.
"""

SPREADS = {"knot_s": 0.02}
"""How far they are drawn apart, beside others."""


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
            centre = CENTRES.get(spec.name, spec.init)
            centre = CENTRES.get(f"{kind} {spec.name}", centre)
            width = SPREADS.get(spec.name, 1.0)
            z = spec.project(centre + spread * width * noise)
            if spec.name == "taps" and kind == "captured_reverb":  # rooms fall
                z = z * 10.0 ** (-3.0 * torch.linspace(0.0, 1.0, z.shape[1]))[:, None]
            if spec.choices:  # each of two nodes has another, and not always the same one
                turns = torch.arange(nodes) + seed + 1
                options = torch.tensor(spec.choices, dtype=torch.float64)
                z = spec.unconstrained(options[turns % len(options)].expand_as(z))
            values[spec.name] = z.to(dtype)
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
