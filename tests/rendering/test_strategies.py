"""Compiled plan, type schedule and naive walk give the same audio, and the walk the right one."""

from functools import reduce
from typing import get_args

import numpy as np
import pytest
import scipy.signal
import torch
from torch import Tensor

from mixtrace.graph import MAIN, Edge, Graph
from mixtrace.processors import PROCESSORS, FilterProcessor, MatrixProcessor, processor
from mixtrace.rendering import (
    Order,
    RenderPlan,
    compile_plan,
    render_compiled,
    render_scheduled,
    render_walk,
)

SEEDS = range(32)

# The strategies round differently: a few ulp of float32 (6e-8) over some ten nodes and transforms.
RELATIVE = 1e-5


def chain(*kinds: str) -> Graph:
    """Return input -> kinds -> output."""
    nodes = [(kind, "voice") for kind in ("input", *kinds, "output")]
    return Graph.of(tuple(nodes), tuple((i, i + 1) for i in range(len(nodes) - 1)))


def difference(a: Tensor, b: Tensor) -> Tensor:
    """Return the largest difference of the channels at each sample, relative to the peak of b."""
    return (a - b).abs().amax(0) / b.abs().max()


def ringing_samples(plan: RenderPlan) -> int:
    """Return how many last samples hear, through a zero-phase filter, what a region did not cut.

    Told from the definition: a filter rings past the window's end; each zero-phase filter behind
    it in its region brings that 1,023 samples further into the window.
    """
    regions = [set(region.nodes) for stage in plan.stages for region in stage.regions]
    rings: dict[int, bool] = {}
    inside: dict[int, int] = {}
    for i in plan.wiring.order:
        kind = plan.wiring.kinds[i]
        feeds = plan.feeds[i]
        fused = [p for p in feeds if any({p, i} <= region for region in regions)]
        rung = any(rings[p] for p in fused)
        inside[i] = max((inside[p] for p in feeds), default=0)
        if kind == "equalizer" and (rung or inside[i]):
            inside[i] += 1023
        rings[i] = rung or (kind in PROCESSORS and isinstance(processor(kind), FilterProcessor))
    return inside[plan.graph.output]


@pytest.mark.parametrize("seed", SEEDS)
def test_compiled_equals_the_walk(random_song, seed):
    song = random_song(seed)
    walk = render_walk(song.graph, song.settings, song.sounding, song.rate)
    compiled = render_compiled(song.graph, song.settings, song.dry, song.rate, time=song.time)
    assert compiled is not None
    plan = compile_plan(song.graph, song.dry.channels, song.rate)
    exact = song.time - ringing_samples(plan)
    assert exact > song.time // 4
    assert difference(compiled[0], walk)[:exact].max() < RELATIVE, str(plan)


def test_the_random_songs_hold_every_hard_case(random_song):
    songs = [random_song(seed) for seed in SEEDS]
    plans = [compile_plan(s.graph, s.dry.channels, s.rate) for s in songs]
    regions = [region for plan in plans for stage in plan.stages for region in stage.regions]
    assert any(region.outlets for region in regions), "no region is divided"
    assert any(ringing_samples(plan) for plan in plans), "nothing rings past the end"
    assert any(t is None for s in songs for t in s.tracks), "no silent track"
    assert any(plan.channels[plan.graph.output] == 1 for plan in plans), "no mix stays mono"
    assert any(
        plan.channels[i] == 1 and kind == "one_pole_compressor"
        for plan in plans
        for i, kind in plan.wiring.kinds.items()
    ), "no one_pole_compressor hears mono"
    edges = [[(e.source, e.destination) for e in s.graph.edges] for s in songs]
    assert any(len(set(pairs)) < len(pairs) for pairs in edges), "no edge counts twice"
    assert any(plan.wiring.gains for plan in plans), "no edge has a level"
    assert any("send" in s.graph.kinds() for s in songs), "no send"


@pytest.mark.parametrize("seed", SEEDS[::2])
def test_scheduled_equals_the_walk(random_song, seed):
    song = random_song(seed, silence=0)
    args = (song.graph, song.settings, song.sounding, song.rate)
    walk = render_walk(*args)
    for order in get_args(Order):
        assert difference(render_scheduled(*args, order=order), walk).max() < RELATIVE


@pytest.mark.parametrize(
    ("kinds", "samples", "rate"),
    [
        ("noise_reverb equalizer", 1023, 30_000.0),
        ("noise_reverb equalizer", 1504, 44_100.0),
        ("twenty_tap_delay equalizer", 1023, 30_000.0),
        ("equalizer equalizer", 1023, 30_000.0),
        ("noise_reverb stereo_imager equalizer equalizer", 2046, 30_000.0),
        ("noise_reverb equalizer one_pole_compressor", 1023, 30_000.0),
        ("noise_reverb one_pole_compressor equalizer", 0, 30_000.0),
        ("equalizer noise_reverb", 0, 30_000.0),
    ],
)
def test_only_the_lead_of_each_zero_phase_filter_behind_a_filter_may_differ(
    random_song, kinds, samples, rate
):
    song = random_song(1, graph=chain(*kinds.split()), rate=rate)
    walk = render_walk(song.graph, song.settings, song.sounding, rate)
    compiled = render_compiled(song.graph, song.settings, song.dry, rate, time=song.time)
    assert compiled is not None
    exact = song.time - samples
    error = difference(compiled[0], walk)
    assert error[:exact].max() < RELATIVE
    if samples:
        # The equalizer's response fades towards its ends, so the first of these samples hear
        # little: what matters is that the statement is not empty.
        assert error[exact:].max() > 1e-3


def test_a_filter_behind_a_zero_phase_one_may_differ_at_the_start(random_song):
    # The first filter rings before a window that begins with sound; the second, whose response
    # lasts 1,023 samples, carries that into the window.
    song = random_song(0, graph=chain("equalizer", "equalizer"), silence=0)
    walk = render_walk(song.graph, song.settings, song.sounding, song.rate)
    compiled = render_compiled(song.graph, song.settings, song.dry, song.rate, time=song.time)
    assert compiled is not None
    error = difference(compiled[0], walk)
    assert error[1023:-1023].max() < RELATIVE
    assert error[:1023].max() > 1e-3
    assert error[-1023:].max() > 1e-3


def test_the_walk_equals_scipy(random_song):
    # Two edges from the imager, a reverb beside it: y = 2 s + r(s), mixed by their weights.
    kinds = ("input", "output", "noise_reverb", "stereo_imager")
    edges = ((0, 3), (3, 1), (3, 2), (3, 1), (2, 1))
    graph = Graph.of([(kind, "voice") for kind in kinds], edges)
    song = random_song(2, graph=graph, silence=0)
    dry = song.sounding[0].expand(2, -1).double().numpy()
    reverb, imager = processor("noise_reverb"), processor("stereo_imager")
    assert isinstance(reverb, FilterProcessor) and isinstance(imager, MatrixProcessor)
    (w_reverb,), (w_imager,) = (
        song.settings.stack(k).wet.numpy() for k in ("noise_reverb", "stereo_imager")
    )
    matrix = imager.matrix(song.settings.stack("stereo_imager").values)[0].double().numpy()
    wide = w_imager * (matrix @ dry) + (1 - w_imager) * dry
    taps = (
        reverb.impulse_response(song.settings.stack("noise_reverb").values, song.rate)
        .taps[0]
        .numpy()
    )
    wet = scipy.signal.fftconvolve(wide, taps.astype(np.float64), axes=1)[:, : song.time]
    expected = 2 * wide + w_reverb * wet + (1 - w_reverb) * wide
    walk = render_walk(graph, song.settings, song.sounding, song.rate)
    assert difference(walk, torch.from_numpy(expected)).max() < RELATIVE


def test_the_three_strategies_have_the_same_gradients(random_song):
    kinds = "equalizer one_pole_compressor stereo_imager gain_panning twenty_tap_delay noise_reverb"
    graph = chain(*kinds.split(), "gain_automation")
    graph = Graph(graph.strips, graph.nodes, (*graph.edges, Edge(1, 3), Edge(5, 8)))
    song = random_song(3, graph=graph).double()
    weight = torch.from_numpy(np.random.default_rng(0).standard_normal((2, song.time)))

    def gradients(render) -> list[Tensor]:
        settings = song.settings.map(lambda value: value.clone().requires_grad_())
        leaves = settings.tensors()
        loss = (render(settings) * weight).sum()
        # The length of an automation does not move while its gains are learnt.
        return [g for g in torch.autograd.grad(loss, leaves, allow_unused=True) if g is not None]

    def compiled(settings):
        audio = render_compiled(graph, settings, song.dry, song.rate, time=song.time)
        assert audio is not None
        return audio[0]

    args = song.sounding, song.rate
    walk = gradients(lambda settings: render_walk(graph, settings, *args))
    assert len(walk) >= 17 and all(g.abs().max() > 0 for g in walk)
    for render in (compiled, lambda settings: render_scheduled(graph, settings, *args)):
        for ours, expected in zip(gradients(render), walk, strict=True):
            # float64 rounds at 1e-16; the sums over 12,000 samples and 131,072 bins cost 1e4.
            assert (ours - expected).abs().max() < 1e-9 * expected.abs().max()


def test_the_observer_sees_both_sides_of_every_processor(random_song):
    song = random_song(5)
    seen: dict[int, tuple[Tensor, Tensor]] = {}

    def observe(kind, nodes, entering, wet):
        (stack,) = song.settings.groups(nodes)
        if not any(map(song.graph.keyed, nodes)):
            assert torch.equal(wet, processor(kind).forward(entering, stack.values, song.rate))
        assert not seen.keys() & set(nodes)
        seen.update(zip(nodes, zip(entering, wet, strict=True), strict=True))

    render_scheduled(song.graph, song.settings, song.sounding, song.rate, observer=observe)
    assert seen.keys() == set(song.graph.processors)
    track_of = dict(zip(song.graph.inputs, song.sounding, strict=True))
    for i, (entering, _) in seen.items():
        feeds = [edge for edge in song.graph.feeds[i] if edge.port == MAIN]
        if all(edge.source in track_of for edge in feeds):
            parts = [track_of[e.source] * 10.0 ** (e.level_db / 20.0) for e in feeds]
            torch.testing.assert_close(entering, reduce(torch.add, parts).expand(2, -1))
