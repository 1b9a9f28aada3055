"""What is transformed and what is not: ways without filters, and regions that share a length."""

import pytest
import torch

from mixtrace.graph import Graph
from mixtrace.rendering import RenderPlan, compile_plan, render_compiled, render_song, render_walk
from mixtrace.rendering.lengths import UNTRANSFORMED, by_length

RATE = 30_000.0

# As between the strategies: float32 rounding over a few nodes and transforms.
RELATIVE = 1e-5


KINDS = {"compressor": "one_pole_compressor", "gate": "one_pole_gate", "reverb": "noise_reverb"}


def graph_of(kinds: str, *edges: tuple[int, int]) -> Graph:
    return Graph.of([(KINDS.get(kind, kind), "voice") for kind in kinds.split()], edges)


def regions(plan: RenderPlan) -> list[tuple[tuple[int, ...], tuple[int, ...], bool]]:
    """Return sources, nodes and whether no filter is there, of every region that hears dynamics."""
    found = [region for stage in plan.stages for region in stage.regions]
    inputs = set(plan.graph.inputs)
    return [(r.sources, r.nodes, r.memoryless) for r in found if not inputs >= set(r.sources)]


BUS = graph_of(
    # 0       1          2            3     4          5      6   7             8
    "input compressor gain_panning input compressor reverb mix stereo_imager output",
    (0, 1), (1, 2), (3, 4), (4, 5), (2, 6), (5, 6), (6, 7), (7, 8),
)  # fmt: skip
GAINS = graph_of(
    "input compressor gain_panning input mix output", (0, 1), (1, 2), (2, 4), (3, 4), (4, 5)
)
SHARED = graph_of(
    # 0       1          2         3          4         5        6     7          8
    "input compressor reverb gain_panning gate input compressor mix output",
    (0, 1), (1, 2), (1, 7), (2, 4), (4, 8), (5, 6), (6, 3), (3, 7), (7, 8),
)  # fmt: skip
TWICE = graph_of(
    # 0       1          2      3      4          5          6      7
    "input compressor reverb output gate equalizer input compressor",
    (0, 1), (1, 2), (2, 3), (1, 3), (6, 7), (7, 5), (5, 4), (4, 3), (7, 3),
)  # fmt: skip
INPUT = graph_of(
    # 0       1          2       3     4     5         6
    "input compressor reverb input mix gain_panning output",
    (0, 1), (1, 2), (2, 4), (3, 5), (5, 4), (4, 6),
)  # fmt: skip
OUTLET = graph_of(
    # 0       1          2      3       4       5      6            7         8
    "input compressor reverb input compressor mix gate gain_panning output",
    (0, 1), (1, 2), (3, 4), (2, 5), (4, 5), (5, 6), (5, 7), (6, 7), (7, 8),
)  # fmt: skip


def test_a_way_without_filters_is_a_region_of_its_own_up_to_the_sink():
    plan = compile_plan(BUS, (1, 1), RATE)
    assert regions(plan) == [((4,), (5, 6, 7), False), ((1,), (2, 6, 7), True)]
    (stage,) = (stage for stage in plan.stages if len(stage.regions) == 2)
    assert all(region.ends == (8,) for region in stage.regions)
    assert "(1,) => gain_panning+mix+stereo_imager => (8,)" in str(plan)


def test_a_region_without_filters_takes_inputs_too():
    plan = compile_plan(GAINS, (1, 2), RATE)
    assert regions(plan) == [((1, 3), (2, 4), True)]


def test_an_input_whose_spectrum_is_needed_at_its_sink_stays_with_the_filters():
    plan = compile_plan(INPUT, (1, 1), RATE)
    assert regions(plan) == [((1, 3), (2, 5, 4), False)]


def test_a_source_of_two_regions_enters_each_once():
    plan = compile_plan(SHARED, (1, 1), RATE)
    for sources, nodes, memoryless in regions(plan):
        assert not (memoryless and 2 in nodes)
        assert (1 in sources) == (2 in nodes or 7 in nodes)


@pytest.mark.parametrize("graph", [BUS, GAINS, SHARED, TWICE, INPUT, OUTLET])
@pytest.mark.parametrize("seed", range(3))
def test_divided_regions_equal_the_walk_and_the_blocks(random_song, graph, seed):
    song = random_song(seed, graph=graph)
    walk = render_walk(graph, song.settings, song.sounding, song.rate)
    compiled = render_compiled(graph, song.settings, song.dry, song.rate, time=song.time)
    assert compiled is not None
    assert (compiled[0] - walk).abs().max() < RELATIVE * walk.abs().max()
    blocks = render_song(graph, song.settings, song.tracks, song.rate, block_samples=3_300)
    assert (blocks - walk).abs().max() < RELATIVE * walk.abs().max()


def test_divided_regions_have_the_gradients_of_the_walk(random_song):
    song = random_song(1, graph=BUS).double()
    weight = torch.linspace(-1.0, 1.0, song.time)

    def gradients(render) -> list[torch.Tensor]:
        settings = song.settings.map(lambda value: value.clone().requires_grad_())
        leaves = [v for stack in settings.stacks for v in stack.values.values()]
        found = torch.autograd.grad((render(settings) * weight).sum(), leaves, allow_unused=True)
        return [g for g in found if g is not None]

    walk = gradients(lambda settings: render_walk(BUS, settings, song.sounding, song.rate))

    def compiled(settings):
        audio = render_compiled(BUS, settings, song.dry, song.rate, time=song.time)
        assert audio is not None
        return audio[0]

    for ours, expected in zip(gradients(compiled), walk, strict=True):
        # float64, sums over 12,000 samples and as many bins.
        assert (ours - expected).abs().max() < 1e-9 * (expected.abs().max() + 1e-3)


def test_regions_that_share_a_sink_share_a_length_and_distant_ones_do_not(random_song):
    graph = graph_of(
        # 0       1          2      3       4          5          6
        "input compressor reverb input compressor equalizer output",
        (0, 1), (1, 2), (2, 6), (3, 4), (4, 5), (5, 6),
    )  # fmt: skip
    plan = compile_plan(graph, (1, 1), RATE)
    # The reverb of two seconds at 180,000 samples: the equalizer's 115,200 cost more beside it.
    assert [len(g) for g in by_length(plan, plan.stages[-1], 114_000, None).values()] == [2]
    # Were the window short the reverb would be ten times as long as the equalizer.
    assert [len(g) for g in by_length(plan, plan.stages[-1], 6_000, None).values()] == [1, 1]
    gains = compile_plan(GAINS, (1, 1), RATE)
    assert list(by_length(gains, gains.stages[-1], 114_000, None)) == [UNTRANSFORMED]
    song = random_song(0, graph=graph)
    walk = render_walk(graph, song.settings, song.sounding, song.rate)
    compiled = render_compiled(graph, song.settings, song.dry, song.rate, time=song.time)
    assert compiled is not None
    assert (compiled[0] - walk).abs().max() < RELATIVE * walk.abs().max()
