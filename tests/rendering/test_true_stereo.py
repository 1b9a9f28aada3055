"""Filters whose channels cross: every renderer against sums over channels written out here."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.signal
import torch
from torch import Tensor

from mixtrace.graph import Edge, Graph
from mixtrace.params import Affine, ParamSpec
from mixtrace.processors import PROCESSORS, FilterProcessor, ImpulseResponse, Settings
from mixtrace.rendering import (
    Incremental,
    Operators,
    Prepared,
    compile_plan,
    linear_operators,
    propagate,
    propagate_reference,
    render_compiled,
    render_scheduled,
    render_song,
    render_walk,
)

TAPS = 40
FFT_LENGTH = 2 * 4_320
"""Longer than a slab of bins, and no multiple of one."""


class Crossing(FilterProcessor):
    """Any four responses, a few milliseconds long."""

    kind = label = "crossing"
    letter = "!"
    family = "space"
    widens = True
    params = (
        ParamSpec(
            name="taps",
            unit="",
            low=-10.0,
            high=10.0,
            neutral=None,
            init=0.0,
            warp=Affine(1.0),
            shape=(4, TAPS),
            label="taps",
        ),
    )

    def impulse_response(self, values: Any, sample_rate_hz: float) -> ImpulseResponse:
        return ImpulseResponse(values["taps"], 0)

    def reach(self, sample_rate_hz: float, lengths: Any) -> tuple[int, int]:
        return 0, TAPS


@pytest.fixture(autouse=True)
def crossing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be one more processor."""
    monkeypatch.setitem(PROCESSORS._entries, "crossing", Crossing())


def room() -> Graph:
    """Return two tracks, one through a crossing, both sent to another one behind a compressor."""
    kinds = [
        *("input", "input", "crossing", "equalizer", "mix", "one_pole_compressor", "crossing"),
        *("stereo_imager", "mix", "crossing", "output"),
    ]
    edges = [
        *((0, 2), (1, 3), (2, 4), Edge(3, 4, -6.0), (4, 5), (5, 6), (6, 7), (2, 8), (3, 8), (7, 8)),
        *((8, 9), (9, 10), (1, 8)),
    ]
    return Graph.of([(kind, f"n{i}") for i, kind in enumerate(kinds)], edges)


def linear_only() -> Graph:
    """Return the same without dynamics and without what rings ahead."""
    kinds = ["input", "input", "crossing", "gain_panning", "mix", "crossing", "output"]
    return Graph.of(
        [(kind, f"n{i}") for i, kind in enumerate(kinds)],
        [(0, 2), (1, 3), (2, 4), (3, 4), (4, 5), (5, 6), (2, 6), (1, 5)],
    )


def random_spectra(shapes: dict[int, int], windows: int) -> dict[int, Tensor]:
    generator = torch.Generator().manual_seed(1)
    bins = FFT_LENGTH // 2 + 1
    return {
        source: torch.view_as_complex(
            torch.randn(windows, count, bins, 2, generator=generator).double()
        )
        for source, count in shapes.items()
    }


def test_four_rows_are_output_by_input():
    audio = np.random.default_rng(0).standard_normal((2, 300))
    taps = np.random.default_rng(1).standard_normal((4, TAPS))
    left = scipy.signal.fftconvolve(audio[0], taps[0]) + scipy.signal.fftconvolve(audio[1], taps[1])
    right = scipy.signal.fftconvolve(audio[0], taps[2]) + scipy.signal.fftconvolve(
        audio[1], taps[3]
    )
    expected = torch.from_numpy(np.stack([left, right])[:, :300])
    values = {"taps": torch.from_numpy(taps)[None]}
    output = Crossing().forward(torch.from_numpy(audio)[None], values, 30_000.0)
    torch.testing.assert_close(output[0], expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("windows", [1, 3])
def test_compiled_loops_equal_tensor_operations(random_song, seed, windows):
    song = random_song(seed, graph=(room, linear_only)[seed % 2]()).double()
    plan = compile_plan(song.graph, song.dry.channels, song.rate)
    for region in (region for stage in plan.stages for region in stage.regions):
        results = []
        for function in (propagate, propagate_reference):
            settings = song.settings.map(lambda v: v.clone().requires_grad_())
            operators = linear_operators(plan, settings, region.nodes, FFT_LENGTH)
            spectra = random_spectra({s: plan.channels[s] for s in region.sources}, windows)
            leaves = [s.requires_grad_() for s in spectra.values()] + settings.tensors()
            powers: list[Tensor] = []
            ends = function(
                plan, operators, region.nodes, spectra, region.ends,
                lambda entering, leaving, powers=powers: powers.extend((entering, leaving)),
            )  # fmt: skip
            weights = torch.linspace(-1.0, 1.0, FFT_LENGTH // 2 + 1)
            parts = [(end * weights * (0.3 + 0.7j)).real.sum() for end in ends.values()]
            total = torch.stack([*parts, *(p.log().sum() for p in powers)]).sum()
            gradients = torch.autograd.grad(total, leaves, allow_unused=True)
            results.append([*ends.values(), *powers, *(g for g in gradients if g is not None)])
        assert len(results[0]) == len(results[1])
        for compiled, reference in zip(*results, strict=True):
            # float64, sums over 4,000 bins in another order.
            scale = reference.detach().abs().max()
            assert (compiled - reference).abs().max() <= 1e-10 * (scale + 1e-3)


@pytest.mark.parametrize("seed", range(4))
def test_every_renderer_gives_the_same_audio(random_song, seed):
    song = random_song(seed, graph=room()).double()
    walk = render_walk(song.graph, song.settings, song.sounding, song.rate)
    args = song.graph, song.settings, song.sounding, song.rate
    scheduled = render_scheduled(*args)
    compiled = render_compiled(song.graph, song.settings, song.dry, song.rate, time=song.time)
    blocks = render_song(*args, block_samples=997)
    kept = Incremental(Prepared(song.graph, song.settings, song.rate, song.time), song.dry).render(
        []
    )
    assert compiled is not None and kept is not None
    # The equalizer rings past the end; the songs begin with as much silence as it rings ahead.
    exact = song.time - 1023
    for rendered in (scheduled, compiled[0], blocks, kept[0]):
        assert (rendered - walk)[:, :exact].abs().max() < 1e-9 * walk.abs().max()


@pytest.mark.parametrize("seed", range(2))
def test_what_renders_again_and_again_removes_it_too(random_song, seed):
    song = random_song(seed, graph=linear_only()).double()
    prepared = Prepared(song.graph, song.settings, song.rate, song.time)
    kept = Incremental(prepared, song.dry).render([5])
    dry = song.settings.map(lambda value: value.clone())
    (stack,) = dry.of_kind("crossing")
    stack.wet[stack.nodes.index(5)] = 0.0
    walk = render_walk(song.graph, dry, song.sounding, song.rate)
    assert kept is not None
    assert (kept[0] - walk).abs().max() < 1e-9 * walk.abs().max()


def slope_of(function: Callable[[float], Tensor], step: float) -> Tensor:
    """Return the derivative at zero: central differences, extrapolated."""
    differences = [(function(s) - function(-s)) / (2.0 * s) for s in (step, 2.0 * step)]
    return (4.0 * differences[0] - differences[1]) / 3.0


def test_gradients_are_those_of_finite_differences(random_song):
    song = random_song(3, graph=room(), time=3_000).double()
    weight = torch.from_numpy(np.random.default_rng(0).standard_normal((2, song.time)))

    def loss(settings: Settings) -> Tensor:
        audio = render_compiled(song.graph, settings, song.dry, song.rate, time=song.time)
        assert audio is not None
        return (audio[0] * weight).sum()

    leaves = song.settings.map(lambda value: value.clone().requires_grad_())
    (stack,) = leaves.of_kind("crossing")
    tensors = [stack.values["taps"], stack.wet]
    gradients = torch.autograd.grad(loss(leaves), tensors)
    generator = torch.Generator().manual_seed(2)
    for tensor, gradient in zip(tensors, gradients, strict=True):
        for _ in range(5):
            direction = torch.randn(tensor.shape, generator=generator, dtype=torch.float64)

            def moved(distance: float, tensor=tensor, direction=direction) -> Tensor:
                return loss(leaves.map(lambda v: v + distance * direction if v is tensor else v))

            with torch.no_grad():
                slope = slope_of(moved, 1e-5)
            torch.testing.assert_close((gradient * direction).sum(), slope, rtol=1e-7, atol=1e-8)


def test_a_dry_weight_leaves_the_channels_to_themselves(random_song):
    song = random_song(0, graph=linear_only()).double()
    dry = song.settings.map(lambda value: value.clone())
    for stack in dry.of_kind("crossing"):
        stack.wet[:] = 0.0
    plan = compile_plan(song.graph, (2, 2), song.rate)
    operators: Operators = linear_operators(plan, dry, [2], FFT_LENGTH)
    identity = torch.tensor([1.0, 0.0, 0.0, 1.0], dtype=torch.complex128)
    expected = identity[:, None].expand(-1, FFT_LENGTH // 2 + 1)
    torch.testing.assert_close(operators.responses[2], expected, rtol=0.0, atol=1e-12)
