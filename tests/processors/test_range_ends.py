"""Every control at its least, its middle and its most, at every rate, in every renderer."""

import numpy as np
import pytest
import torch
from torch import Tensor

from mixtrace.graph import INPUT, OUTPUT, Graph
from mixtrace.params import ParamSpec
from mixtrace.processors import PROCESSORS, Settings
from mixtrace.rendering import DryAudio, render_compiled, render_scheduled, render_song, render_walk

RATES_HZ = (30_000.0, 44_100.0, 48_000.0, 96_000.0)
TIME = 6000


def placed(spec: ParamSpec, where: str) -> Tensor:
    """Return the values of one node at an end of the range, or in its middle."""
    middle = spec.physical(torch.full((1, *spec.shape), spec.init, dtype=torch.float64))
    if where == "middle":
        return middle
    end = spec.low if where == "least" else spec.high
    return torch.as_tensor(end, dtype=torch.float64).expand_as(middle)


@pytest.mark.parametrize("kind", PROCESSORS)
@pytest.mark.parametrize("where", ["least", "middle", "most"])
@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_output_is_finite_and_alike_in_every_renderer(kind, where, rate_hz):
    entry = PROCESSORS[kind]
    values = {spec.name: placed(spec, where) for spec in entry.params}
    graph = Graph.of(((INPUT, "a"), (kind, "a"), (OUTPUT, "mix")), ((0, 1), (1, 2)))
    wet = {kind: torch.tensor([0.9], dtype=torch.float64)}
    settings = Settings.by_kind(graph.by_kind(), {kind: values}, wet)
    # What rings ahead of the song's start is cut by some renderers and kept by others.
    lead, _ = entry.reach(rate_hz, {})
    burst = 0.3 * torch.from_numpy(np.random.default_rng(0).standard_normal((2, TIME)))
    audio = torch.nn.functional.pad(burst, (lead, 2 * lead))
    time = audio.shape[-1]
    args = graph, settings, [audio], rate_hz

    walk = render_walk(*args)
    assert walk.isfinite().all()
    dry = DryAudio([audio[None]], torch.zeros(1))
    compiled = render_compiled(graph, settings, dry, rate_hz, time=time)
    others = {
        "scheduled": render_scheduled(*args),
        "compiled": torch.zeros_like(walk) if compiled is None else compiled[0],
        "song": render_song(*args, block_samples=1 << 20),
        "blocks": render_song(*args, block_samples=2500),
    }
    # Transforms of another length round otherwise.
    scale = 1e-11 * max(float(walk.abs().max()), 0.1)
    for name, output in others.items():
        assert (output - walk)[:, : time - lead].abs().max() < scale, name
