"""What is computed does not depend on where arrays happen to lie in memory."""

from dataclasses import replace

import pytest
import torch
from near_arrays import NearArrays

from mixtrace.graph import Graph
from mixtrace.losses import MixLoss, combine
from mixtrace.processors import PROCESSORS
from mixtrace.rendering import render_compiled

LOOPS = 26
"""Those of the processors: a test that none of them passes would show nothing."""


@pytest.mark.parametrize("channels", [1, 2])
def test_processors_and_their_gradients(channels, random_song, monkeypatch):
    near, draw = NearArrays(monkeypatch), torch.Generator().manual_seed(0)
    for kind in PROCESSORS:
        nodes = [(name, "voice") for name in ("input", kind, "output")]
        song = random_song(1, graph=Graph.of(nodes, [(0, 1), (1, 2)]))
        audio = 0.3 * torch.randn(channels, song.time, generator=draw)
        song = replace(song, tracks=[audio.requires_grad_()], settings=song.settings.map(leaf))
        output = render_compiled(song.graph, song.settings, song.dry, song.rate, time=song.time)
        assert output is not None
        output.square().sum().backward()
    assert len(near.seen) >= LOOPS
    assert near.differing == set()


def test_the_loss_and_its_gradient(monkeypatch):
    draw = torch.Generator().manual_seed(0)
    mix, estimate = 0.1 * torch.randn(2, 1, 2, 30_000, generator=draw)
    near, loss = NearArrays(monkeypatch), MixLoss(30_000)
    parts = loss.parts(estimate.requires_grad_(), loss.features(mix))
    combine(parts, "published").sum().backward()
    assert {"distances_kernels.backward_kernel", "spectra_kernels.backward_kernel"} <= near.seen
    assert near.differing == set()


def leaf(value):
    """Return a copy of which gradients are asked for, where it can have any."""
    return value.detach().clone().requires_grad_(value.is_floating_point())
