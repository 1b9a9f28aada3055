"""The network and its parts: shapes, and what may not change an answer."""

import pytest
import torch
from learned_song import TINY

from mixtrace.learned import START, InferenceNetwork, NetworkShape
from mixtrace.learned.conformer import Conformer

NEAR = 1e-5
"""Sums of some hundred products in single precision, in batches of other sizes."""


def looked_at(seed: int = 0) -> tuple[torch.Tensor, ...]:
    """Return two mixes of 30 frames and five tracks: two of the first, three of the second."""
    noise = torch.Generator().manual_seed(seed)
    mixes = torch.randn((2, 2, 30, 80), generator=noise)
    tracks = torch.randn((5, 2, 30, 80), generator=noise)
    return mixes, tracks, torch.tensor([0, 0, 1, 1, 1]), torch.tensor([30, 18])


@pytest.mark.parametrize("shape", [TINY, NetworkShape()], ids=["tiny", "usual"])
@torch.no_grad()
def test_every_track_has_sixteen_numbers(shape: NetworkShape) -> None:
    found = InferenceNetwork(shape, seed=0)(*looked_at())
    assert found.shape == (5, 16)
    assert bool((found.abs() < 1.0).all())


@torch.no_grad()
def test_an_untrained_network_finds_next_to_no_effect() -> None:
    found = InferenceNetwork(NetworkShape(), seed=3)(*looked_at())
    # The last weights begin at a tenth: of the range of 2, a fifth is left for chance.
    assert float((found - torch.tensor(START)).abs().max()) < 0.4


@torch.no_grad()
def test_the_order_of_tracks_does_not_matter() -> None:
    network = InferenceNetwork(TINY, seed=0)
    mixes, tracks, owners, frames = looked_at()
    order = torch.tensor([4, 1, 3, 0, 2])
    found = network(mixes, tracks, owners, frames)
    other = network(mixes, tracks[order], owners[order], frames)
    torch.testing.assert_close(other, found[order], atol=NEAR, rtol=0.0)
    assert float((found[0] - found[1]).abs().max()) > 100 * NEAR  # they are told apart


@torch.no_grad()
def test_a_track_does_not_depend_on_other_songs_of_its_batch() -> None:
    network = InferenceNetwork(TINY, seed=0)
    mixes, tracks, owners, frames = looked_at()
    alone = network(mixes[1:], tracks[2:], owners[2:] - 1, frames[1:])
    both = network(mixes, tracks, owners, frames)
    torch.testing.assert_close(alone, both[2:], atol=NEAR, rtol=0.0)


@torch.no_grad()
def test_the_mix_does_matter() -> None:
    network = InferenceNetwork(TINY, seed=0)
    mixes, tracks, owners, frames = looked_at()
    found = network(mixes, tracks, owners, frames)
    other = network(mixes.flip(1), tracks, owners, frames)
    assert float((found - other).abs().max()) > 100 * NEAR


@torch.no_grad()
def test_frames_behind_the_end_change_nothing() -> None:
    network = InferenceNetwork(TINY, seed=0)
    mixes, tracks, owners, frames = looked_at()
    found = network(mixes, tracks, owners, frames)
    # The encoder sees some frames ahead: those of its two layers that halve time, 1 + 2 + 4 more
    # layers of one reduced frame; what lies further away than that may not be seen.
    far = 18 + 3 + 4 * len(TINY.channels)
    mixes[1, :, far:], tracks[2:, :, far:] = 9.0, -9.0
    torch.testing.assert_close(network(mixes, tracks, owners, frames), found, atol=NEAR, rtol=0.0)
    mixes[1, :, 10], tracks[2:, :, 10] = 9.0, -9.0
    assert float((network(mixes, tracks, owners, frames) - found).abs().max()) > 100 * NEAR


@torch.no_grad()
def test_a_conformer_hears_no_frame_that_is_not_there() -> None:
    torch.manual_seed(0)
    layer = Conformer(16, 2, 8)
    x = torch.randn((2, 12, 16))
    there = torch.arange(12) < torch.tensor([[12], [7]])
    found = layer(x, there)
    assert found.shape == x.shape
    padded = x.clone()
    padded[1, 7:] = 5.0
    torch.testing.assert_close(layer(padded, there)[1, :7], found[1, :7], atol=NEAR, rtol=0.0)
    alone = layer(x[1:, :7], torch.ones((1, 7), dtype=torch.bool))
    torch.testing.assert_close(alone[0], found[1, :7], atol=NEAR, rtol=0.0)


def test_the_same_seed_gives_the_same_weights_and_leaves_other_draws_alone() -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    first, second = InferenceNetwork(TINY, seed=1), InferenceNetwork(TINY, seed=1)
    assert torch.equal(torch.rand(3), expected)
    other = InferenceNetwork(TINY, seed=2)
    pairs = list(zip(first.parameters(), second.parameters(), other.parameters(), strict=True))
    assert all(torch.equal(a, b) for a, b, _ in pairs)
    assert any(not torch.equal(a, c) for a, _, c in pairs)
