"""Echoes and reverbs at the ends of every dial and at every rate: finite, and alike everywhere."""

import pytest
import torch
from torch import Tensor

from mixtrace.graph import Graph
from mixtrace.processors import PROCESSORS, NodeSettings, Settings
from mixtrace.rendering import (
    DryAudio,
    Incremental,
    Prepared,
    render_compiled,
    render_scheduled,
    render_song,
    render_walk,
)

KINDS = ("feedback_delay", "parametric_reverb", "captured_reverb", "fdn_reverb")
TIME = 2_500
WET = 0.4


def session(kind: str) -> Graph:
    """Return two tracks through one node each, and both through a third one on a return."""
    nodes = ["input", "input", kind, kind, "send", "mix", kind, "output"]
    edges = [(0, 2), (1, 3), (2, 4), (3, 5), (4, 5), (5, 6), (6, 7), (2, 7), (3, 7)]
    return Graph.of([(name, f"n{i}") for i, name in enumerate(nodes)], edges)


def at(kind: str, place: float, rate_hz: float) -> NodeSettings:
    """Return settings with every dial at a place between its ends; what is fixed stands still."""
    generator = torch.Generator().manual_seed(0)
    values: dict[str, Tensor] = {}
    for spec in PROCESSORS[kind].params:
        low, high = (torch.as_tensor(end, dtype=torch.float64) for end in (spec.low, spec.high))
        if spec.varies:
            values[spec.name] = torch.randn(700, 4, generator=generator).double()
        elif spec.name == "length_s":
            values[spec.name] = torch.tensor(0.1, dtype=torch.float64)
        elif spec.fixed:
            values[spec.name] = torch.tensor(rate_hz, dtype=torch.float64)
        else:
            values[spec.name] = (low + place * (high - low)).expand(spec.shape).clone()
    return NodeSettings(kind, values, WET)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rate_hz", [30_000.0, 44_100.0, 48_000.0, 96_000.0])
def test_every_renderer_gives_the_same_finite_audio(kind, rate_hz):
    graph = session(kind)
    generator = torch.Generator().manual_seed(1)
    tracks = [torch.randn(count, TIME, generator=generator).double() for count in (1, 2)]
    dry = DryAudio([track[None] for track in tracks], torch.zeros(1))
    places = dict(zip((2, 3, 6), (0.0, 0.5, 1.0), strict=True))
    nodes = {i: at(kind, place, rate_hz) for i, place in places.items()}
    nodes[4] = NodeSettings("send", {"level_db": torch.tensor(-6.0).double()})
    settings = Settings.of(nodes).map(Tensor.double)
    settings.check({i: graph.nodes[i].kind for i in graph.processors})
    args = graph, settings, tracks, rate_hz
    walk = render_walk(*args)
    assert walk.isfinite().all()
    compiled = render_compiled(graph, settings, dry, rate_hz, time=TIME)
    kept = Incremental(Prepared(graph, settings, rate_hz, TIME), dry).render([])
    assert compiled is not None and kept is not None
    blocks = render_song(*args, block_samples=777)
    for rendered in (render_scheduled(*args), compiled[0], kept[0], blocks):
        # float64 through transforms of other lengths.
        assert (rendered - walk).abs().max() < 1e-9 * walk.abs().max()
