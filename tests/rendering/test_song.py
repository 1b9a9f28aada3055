"""Whole songs in blocks equal one transform over the whole song."""

import threading
from collections.abc import Iterable
from functools import reduce
from typing import Any

import pytest
import torch

from mixtrace.errors import AudioError
from mixtrace.graph import CONSOLES, Graph, build_console
from mixtrace.parallel import on_threads
from mixtrace.processors import PROCESSORS
from mixtrace.rendering import compile_plan, render_compiled, render_song, render_taps

# The same sums in other orders and at other transform lengths: float32 rounding over some ten
# nodes, as between the strategies.
RELATIVE = 1e-5


def one_shot(song) -> torch.Tensor:
    audio = render_compiled(song.graph, song.settings, song.dry, song.rate, time=song.time)
    assert audio is not None
    return audio[0]


def in_blocks(song, **options) -> torch.Tensor:
    return render_song(song.graph, song.settings, song.tracks, song.rate, **options)


def total(parts: Iterable[torch.Tensor]) -> torch.Tensor:
    """Return the sum of mono and stereo signals."""
    return reduce(torch.add, parts)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("rate", [30_000.0, 44_100.0])
def test_blocks_equal_one_shot(random_song, seed, rate):
    # Blocks shorter than most responses, which do not divide the song.
    song = random_song(seed, rate=rate, time=20_011, silence=0)
    expected = one_shot(song)
    error = (in_blocks(song, block_samples=6_000) - expected).abs().max()
    assert error < RELATIVE * expected.abs().max()


def test_one_thread_and_several_give_the_same(random_song):
    song = random_song(3, silence=0)
    mixes = []
    for count in (1, 2):
        with on_threads(count):
            mixes.append(in_blocks(song, block_samples=3_000))
            assert torch.get_num_threads() == count
    assert (mixes[0] - mixes[1]).abs().max() < RELATIVE * mixes[0].abs().max()


def test_no_thread_keeps_what_gradients_would_need(random_song, monkeypatch):
    nodes = [(kind, name) for name in ("kick", "voice") for kind in ("input", "one_pole_gate")]
    nodes.append(("output", "mix"))
    song = random_song(0, graph=Graph.of(tuple(nodes), ((0, 1), (1, 4), (2, 3), (3, 4))))
    song.tracks[1] = torch.ones(2, song.time)  # mono and stereo: two groups, side by side
    song.tracks[0] = torch.ones(1, song.time)
    gate: Any = type(PROCESSORS["one_pole_gate"])
    follow, seen = gate.follow, []

    def watched(self, *arguments):
        seen.append((torch.is_grad_enabled(), threading.get_ident()))
        return follow(self, *arguments)

    monkeypatch.setattr(gate, "follow", watched)
    with on_threads(2):
        in_blocks(song)
    assert threading.get_ident() not in {thread for _, thread in seen}
    assert not any(enabled for enabled, _ in seen)


@pytest.mark.parametrize("block_samples", [1_500, 11_101, 1 << 20])
def test_the_length_of_a_block_does_not_matter(random_song, block_samples):
    kinds = (
        *("input", "one_pole_gate", "equalizer", "one_pole_compressor", "equalizer"),
        *("gain_automation", "noise_reverb", "output"),
    )
    edges = tuple((i, i + 1) for i in range(len(kinds) - 1))
    graph = Graph.of([(kind, "voice") for kind in kinds], (*edges, (2, 5), (0, 4)))
    song = random_song(7, graph=graph, silence=0)
    expected = one_shot(song)
    error = (in_blocks(song, block_samples=block_samples) - expected).abs().max()
    assert error < RELATIVE * expected.abs().max()


def test_detectors_go_on_through_silent_blocks(random_song):
    # Three blocks of silence, nothing that rings: the gate must still remember the first burst.
    graph = Graph.of(
        (("input", "kick"), ("one_pole_gate", "kick"), ("output", "mix")),
        ((0, 1), (1, 2)),
    )
    song = random_song(0, graph=graph, silence=0)
    (track,) = song.tracks
    track[:, 3000:6500] = 0.0
    settings = song.settings
    for name, value in (("time_ms", 300.0), ("threshold_db", 0.0), ("slope", -3.0)):
        settings.stack("one_pole_gate").values[name].fill_(value)
    expected = one_shot(song)
    forgetful = one_shot(random_song(0, graph=graph, silence=6500))
    assert (expected - forgetful)[:, 6500:].abs().max() > 1e-3 * expected.abs().max()
    error = (in_blocks(song, block_samples=900) - expected).abs().max()
    assert error < RELATIVE * expected.abs().max()


def test_taps_give_the_stems(random_song):
    tracks = [("kick", "drums"), ("snare", "drums"), ("voice", "vocals")]
    graph = build_console(tracks, CONSOLES["paper"])
    song = random_song(11, graph=graph, silence=0)
    song.tracks[:] = [
        torch.randn(1, song.time),
        torch.randn(2, song.time),
        torch.randn(1, song.time),
    ]
    buses = graph.predecessors[graph.output]
    mix, taps = render_taps(
        graph, song.settings, song.tracks, song.rate, [*buses, *graph.inputs, graph.output]
    )
    assert (total(taps[i] for i in buses) - mix).abs().max() < RELATIVE * mix.abs().max()
    assert torch.equal(taps[graph.output], mix)
    for i, track in zip(graph.inputs, song.tracks, strict=True):
        assert torch.equal(taps[i], track)
    # The drums alone: the vocal bus of a console does not touch them.
    (drums,) = [i for i in buses if graph.name(i) == "drums"]
    alone = render_song(graph, song.settings, [*song.tracks[:2], None], song.rate)
    assert (taps[drums] - alone).abs().max() < RELATIVE * alone.abs().max()


@pytest.mark.parametrize("seed", range(3))
def test_every_node_can_be_tapped(random_song, seed):
    song = random_song(seed, silence=0)
    args = (song.graph, song.settings, song.tracks, song.rate)
    mix, taps = render_taps(*args, range(len(song.graph.nodes)), block_samples=7_500)
    # Tapping a node cuts nothing on the way: the mix is the same.
    assert (mix - in_blocks(song)).abs().max() < RELATIVE * mix.abs().max()
    feeds = song.graph.feeds[song.graph.output]
    parts = (taps[edge.source] * 10.0 ** (edge.level_db / 20.0) for edge in feeds)
    assert (total(parts) - mix).abs().max() < RELATIVE * mix.abs().max()
    plan = compile_plan(song.graph, song.dry.channels, song.rate)
    for i, audio in taps.items():
        assert audio.shape == (max(plan.channels[i], 1), song.time)
        assert bool(audio.any()) == (plan.channels[i] > 0)


def test_a_span_of_the_taps_is_cut_from_the_whole(random_song):
    song = random_song(1, silence=0)
    args = (song.graph, song.settings, song.tracks, song.rate)
    nodes = range(len(song.graph.nodes))
    first, end = song.time // 3, song.time // 3 + 1_001
    mix, whole = render_taps(*args, nodes, block_samples=7_500)
    again, part = render_taps(*args, nodes, span=(first, end), block_samples=7_500)
    assert torch.equal(again, mix)
    assert all(torch.equal(part[i], whole[i][:, first:end]) for i in nodes)


@pytest.mark.parametrize("span", [(-1, 5), (5, 5), (0, 10**9)])
def test_a_span_lies_in_the_song(random_song, span):
    song = random_song(0)
    with pytest.raises(AudioError, match="span within"):
        render_taps(song.graph, song.settings, song.tracks, song.rate, [], span=span)


def test_mono_stays_mono_until_something_widens_it(random_song):
    kinds = ("input", "equalizer", "one_pole_compressor", "stereo_imager", "gain_panning", "output")
    graph = Graph.of([(kind, "voice") for kind in kinds], tuple((i, i + 1) for i in range(5)))
    song = random_song(0, graph=graph)
    song.tracks[0] = song.sounding[0][:1]
    _, taps = render_taps(graph, song.settings, song.tracks, song.rate, range(6))
    assert [taps[i].shape[0] for i in range(6)] == [1, 1, 1, 1, 2, 2]


def test_silent_songs_and_progress(random_song):
    song = random_song(0)
    silent = [torch.zeros(1, song.time) for _ in song.tracks]
    calls: list[tuple[int, int]] = []
    mix = render_song(
        song.graph,
        song.settings,
        silent,
        song.rate,
        block_samples=3_000,
        progress=lambda done, total: calls.append((done, total)),
    )
    assert torch.equal(mix, torch.zeros(2, song.time))
    assert calls == [(n + 1, len(calls)) for n in range(len(calls))] and len(calls) == 4


@pytest.mark.parametrize("tracks", [[None], [torch.zeros(1, 5), torch.zeros(1, 6)]])
def test_tracks_must_say_how_long_the_song_is(random_song, tracks):
    song = random_song(0)
    with pytest.raises(AudioError, match="tracks of one length"):
        render_song(song.graph, song.settings, tracks, song.rate)
