"""Compressor, gate and limiter at the ends of their dials: finite, and alike in every renderer."""

import pytest
import torch

from mixtrace.graph import KEY, Edge, Graph
from mixtrace.params import ParamSpec
from mixtrace.processors import PROCESSORS, Settings
from mixtrace.rendering import DryAudio, render_compiled, render_scheduled, render_song, render_walk

SHARES = {"minimum": 0.0, "middle": 0.5, "maximum": 1.0}


def turned(spec: ParamSpec, share: float) -> torch.Tensor:
    assert isinstance(spec.low, float) and isinstance(spec.high, float)
    value = torch.tensor([spec.low + share * (spec.high - spec.low)], dtype=torch.float64)
    return spec.clip(value)


@pytest.mark.parametrize("kind", ["compressor", "gate", "limiter"])
@pytest.mark.parametrize("position", SHARES)
@pytest.mark.parametrize("rate_hz", [30_000, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("keyed", [False, True])
def test_every_renderer_gives_the_same(kind: str, position: str, rate_hz: int, keyed: bool):
    entry = PROCESSORS[kind]
    if keyed and KEY not in entry.inputs:
        pytest.skip("it has no key")
    nodes = [("input", "a"), ("input", "b"), (kind, "a"), ("output", "mix")]
    graph = Graph.of(nodes, [(0, 2), (2, 3), Edge(1, 2, -3.0, KEY) if keyed else (1, 3)])
    values = {kind: {spec.name: turned(spec, SHARES[position]) for spec in entry.params}}
    weight = {kind: torch.tensor([0.9], dtype=torch.float64)}
    settings = Settings.by_kind(graph.by_kind(), values, weight)
    generator = torch.Generator().manual_seed(0)
    swell = 10.0 ** (2.0 * torch.sin(torch.arange(4000) / 300.0).double() - 2.0)
    tracks = [swell * torch.randn(2, 4000, generator=generator).double() for _ in range(2)]
    walk = render_walk(graph, settings, tracks, rate_hz)
    dry = DryAudio([track[None] for track in tracks], torch.zeros(1))
    compiled = render_compiled(graph, settings, dry, rate_hz, time=4000)
    assert compiled is not None
    scheduled = render_scheduled(graph, settings, tracks, rate_hz)
    blocks = render_song(graph, settings, tracks, rate_hz, block_samples=700)
    assert walk.isfinite().all()
    for other in (compiled[0], scheduled, blocks):
        # The weight is worked in before or after, and sums are in another order.
        torch.testing.assert_close(other, walk, rtol=1e-9, atol=1e-11)
