"""Side-chains, look-ahead, states, levels on edges and several outputs, alike in every renderer."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from mixtrace.errors import GraphError
from mixtrace.graph import KEY, Edge, Graph, remove_nodes
from mixtrace.params import Affine, ParamSpec
from mixtrace.processors import PROCESSORS, Passing, Processor, TimeDomainProcessor
from mixtrace.rendering import (
    Incremental,
    Prepared,
    compile_plan,
    render_compiled,
    render_scheduled,
    render_song,
    render_taps,
    render_walk,
)

AHEAD = 37


class Ducker(TimeDomainProcessor):
    """Turns the sound down by a running mean of what it listens to, which it hears early."""

    kind = "ducker"
    letter = "k"
    label = "ducker"
    family = "dynamics"
    inputs = ("main", "key")
    params = (
        ParamSpec(
            name="depth",
            unit="",
            low=0.0,
            high=10.0,
            neutral=0.0,
            init=3.0,
            warp=Affine(1.0),
            shape=(),
            label="depth",
        ),
    )

    def reach(self, sample_rate_hz: float, lengths: Any) -> tuple[int, int]:
        return AHEAD, 0

    def rest(self, passing: Passing, values: Any) -> Tensor:
        return passing.audio.new_zeros((passing.audio.shape[0], 2))

    def follow(self, passing: Passing, values: Any, wet: Tensor, state: Tensor) -> Any:
        heard = passing.audio if passing.key is None else passing.key
        level = heard.abs().mean(1)[:, AHEAD:]
        # Two samples of memory: the mean of the newest three.
        known = torch.cat([state, level], 1)
        mean = (known[:, 2:] + known[:, 1:-1] + known[:, :-2]) / 3.0
        gain = 1.0 / (1.0 + values["depth"][:, None] * mean)
        audio = passing.audio[..., : level.shape[1]]
        weight = wet[:, None]
        return audio * (1.0 - weight + weight * gain)[:, None], known[:, -2:]


@pytest.fixture(autouse=True)
def ducker(monkeypatch: pytest.MonkeyPatch) -> Processor:
    """Let there be one more processor."""
    monkeypatch.setitem(PROCESSORS._entries, "ducker", Ducker())
    return PROCESSORS["ducker"]


def keyed_graph() -> Graph:
    """Return kick and bass, the bass ducked by the kick, its EQ sent to a reverb's return."""
    nodes = [
        *(("input", "kick"), ("input", "bass"), ("equalizer", "kick"), ("ducker", "bass")),
        *(("equalizer", "bass"), ("send", "bass"), ("mix", "room"), ("noise_reverb", "room")),
        *(("mix", "all"), ("one_pole_compressor", "all"), ("output", "all"), ("output", "stem")),
    ]
    edges = [
        *((0, 2), (1, 3), Edge(2, 3, 3.0, KEY), Edge(0, 3, -6.0, KEY), (3, 4), (4, 5), (5, 6)),
        *((6, 7), Edge(2, 8, -3.0), (4, 8), Edge(7, 8, -6.0), (8, 9), (9, 10), (4, 11)),
    ]
    return Graph.of(nodes, edges)


def both(song: Any) -> tuple[Tensor, Tensor]:
    compiled = render_compiled(song.graph, song.settings, song.dry, song.rate, time=song.time)
    walk = render_walk(song.graph, song.settings, song.sounding, song.rate)
    return (torch.zeros_like(walk) if compiled is None else compiled[0]), walk


def test_a_session_with_a_side_chain_renders_alike(random_song):
    song = random_song(1, graph=keyed_graph()).double()
    compiled, walk = both(song)
    # Silence as long as what equalizers ring ahead begins the song; its end is cut elsewhere.
    lead = 3 * 1023 + AHEAD
    scale = walk.abs().max()
    assert (compiled - walk)[:, : song.time - lead].abs().max() < 1e-9 * scale
    args = song.graph, song.settings, song.sounding, song.rate
    assert (render_scheduled(*args) - walk).abs().max() < 1e-12 * scale
    prepared = Prepared(song.graph, song.settings, song.rate, song.time)
    (kept,) = Incremental(prepared, song.dry).render([])  # type: ignore[misc]
    assert (kept - walk)[:, : song.time - lead].abs().max() < 1e-9 * scale


@pytest.mark.parametrize("block_samples", [997, 4_096])
def test_blocks_equal_the_whole(random_song, block_samples):
    song = random_song(1, graph=keyed_graph()).double()
    args = song.graph, song.settings, song.tracks, song.rate
    whole = render_song(*args, block_samples=1 << 20)
    blocks = render_song(*args, block_samples=block_samples)
    assert (blocks - whole).abs().max() < 1e-9 * whole.abs().max()


def test_a_key_sounds_where_what_it_turns_down_is_silent(random_song):
    nodes = [
        *(
            ("input", "kick"),
            ("input", "bass"),
            ("one_pole_compressor", "kick"),
            ("equalizer", "kick"),
        ),
        *(("ducker", "bass"), ("mix", "all"), ("output", "all")),
    ]
    edges = [(0, 2), (2, 3), (1, 4), Edge(2, 4, -3.0, KEY), (3, 5), (4, 5), (5, 6)]
    song = random_song(1, graph=Graph.of(nodes, edges)).double()
    song.tracks[1] = None
    args = song.graph, song.settings, song.tracks, song.rate
    whole = render_song(*args, block_samples=1 << 20)
    blocks = render_song(*args, block_samples=997)
    assert (blocks - whole).abs().max() < 1e-9 * whole.abs().max()


@pytest.mark.parametrize("seed", range(40))
def test_random_graphs_with_keys_and_levels_render_alike(random_song, seed):
    song = random_song(1000 + seed).double()
    compiled, walk = both(song)
    leads = sum(
        compile_plan(song.graph, song.dry.channels, song.rate).reach[i][0]
        for i in song.graph.processors
    )
    scale = walk.abs().max() + 1e-9
    scheduled = render_scheduled(song.graph, song.settings, song.sounding, song.rate)
    assert (scheduled - walk).abs().max() < 1e-9 * scale
    blocks = render_song(song.graph, song.settings, song.tracks, song.rate, block_samples=3_000)
    whole = render_song(song.graph, song.settings, song.tracks, song.rate, block_samples=1 << 20)
    assert (blocks - whole).abs().max() < 1e-8 * scale
    if leads < song.time:
        assert (compiled - walk)[:, : song.time - leads].abs().max() < 1e-7 * scale


def test_gradients_reach_every_setting_through_keys(random_song):
    song = random_song(1, graph=keyed_graph()).double()
    weight = torch.from_numpy(np.random.default_rng(0).standard_normal((2, song.time)))
    weight[:, song.time - 3 * 1023 - AHEAD :] = 0.0

    def gradients(render: Any) -> list[Tensor]:
        settings = song.settings.map(lambda value: value.clone().requires_grad_())
        loss = (render(settings) * weight).sum()
        return list(torch.autograd.grad(loss, settings.tensors()))

    def compiled(settings: Any) -> Tensor:
        audio = render_compiled(song.graph, settings, song.dry, song.rate, time=song.time)
        assert audio is not None
        return audio[0]

    args = song.sounding, song.rate
    for ours, walk in zip(
        gradients(compiled),
        gradients(lambda settings: render_walk(song.graph, settings, *args)),
        strict=True,
    ):
        assert walk.abs().max() > 0.0
        assert (ours - walk).abs().max() < 1e-8 * walk.abs().max()


def test_a_stem_is_given_out_beside_the_mix(random_song):
    song = random_song(1, graph=keyed_graph()).double()
    _, stem = song.graph.outputs
    _, taps = render_taps(song.graph, song.settings, song.tracks, song.rate, [stem])
    walk = render_walk(song.graph, song.settings, song.sounding, song.rate, stem)
    lead = 2 * 1023 + AHEAD
    difference = (taps[stem].expand(2, -1) - walk)[:, : song.time - lead]
    assert difference.abs().max() < 1e-9 * walk.abs().max()


def test_removals_are_rendered_as_the_smaller_graph(random_song):
    """One after the other, so that what is remembered must know what a key has passed too."""
    song = random_song(1, graph=keyed_graph()).double()
    incremental = Incremental(Prepared(song.graph, song.settings, song.rate, song.time), song.dry)
    for gone in ([], [2], [3], [5], [2, 7], [4, 9]):
        (kept,) = incremental.render(gone)  # type: ignore[misc]
        smaller = remove_nodes(song.graph, gone)
        settings = song.settings.only(smaller.processors)
        walk = render_walk(smaller, settings, song.sounding, song.rate)
        lead = 3 * 1023 + AHEAD
        assert (kept - walk)[:, : song.time - lead].abs().max() < 1e-8 * walk.abs().max(), gone


def test_a_key_for_a_processor_without_a_side_chain_is_refused(random_song):
    nodes = [("input", "a"), ("input", "b"), ("equalizer", "a"), ("output", "all")]
    graph = Graph.of(nodes, [(0, 2), Edge(1, 2, 0.0, KEY), (2, 3)])
    with pytest.raises(GraphError, match="has none"):
        compile_plan(graph, (1, 1), 30_000.0)


def test_what_no_renderer_can_render_is_an_error(monkeypatch: pytest.MonkeyPatch):
    class Unheard(Processor):
        kind = letter = label = "unheard"
        family = "tone"
        widens = False
        params = ()

        def forward(self, audio: Tensor, values: Any, sample_rate_hz: float) -> Tensor:
            return audio

    monkeypatch.setitem(PROCESSORS._entries, "unheard", Unheard())
    graph = Graph.of([("input", "a"), ("unheard", "a"), ("output", "a")], [(0, 1), (1, 2)])
    with pytest.raises(GraphError, match="'unheard' is neither and cannot be rendered"):
        compile_plan(graph, (1,), 30_000.0)


def test_a_processor_without_settings_is_an_error_and_no_bypass(random_song):
    song = random_song(1, graph=keyed_graph())
    for missing in (2, 3):
        settings = song.settings.only(set(song.graph.processors) - {missing})
        with pytest.raises(GraphError, match=f"settings for node {missing}"):
            render_song(song.graph, settings, song.tracks, song.rate)
