"""Spectra through linear nodes: the compiled loops against tensor operations."""

import pytest
import torch
from torch import Tensor

from mixtrace.rendering import compile_plan, linear_operators, propagate, propagate_reference
from mixtrace.rendering.plan import Region, RenderPlan

FFT_LENGTH = 2 * 60_480
"""Longer than a slab of bins, and no multiple of one."""


def linear_parts(song) -> list[tuple[RenderPlan, Region]]:
    channels = tuple(0 if t is None else t.shape[0] for t in song.tracks)
    plan = compile_plan(song.graph, channels, song.rate)
    return [(plan, region) for stage in plan.stages for region in stage.regions]


def random_spectra(plan: RenderPlan, region: Region, windows: int) -> dict[int, Tensor]:
    generator = torch.Generator().manual_seed(1)
    shapes = {s: (windows, plan.channels[s], FFT_LENGTH // 2 + 1) for s in region.sources}
    draw = {s: torch.randn(*shape, 2, generator=generator).double() for s, shape in shapes.items()}
    return {s: torch.view_as_complex(value) for s, value in draw.items()}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("windows", [1, 2])
def test_compiled_loops_equal_tensor_operations(random_song, seed, windows):
    song = random_song(seed).double()
    for plan, region in linear_parts(song):
        results = []
        for function in (propagate, propagate_reference):
            settings = song.settings.map(lambda v: v.clone().requires_grad_())
            operators = linear_operators(plan, settings, region.nodes, FFT_LENGTH)
            spectra = random_spectra(plan, region, windows)
            leaves = [s.requires_grad_() for s in spectra.values()]
            leaves += [stack.wet for stack in settings.stacks]
            powers: list[Tensor] = []
            ends = function(
                plan, operators, region.nodes, spectra, region.ends,
                lambda entering, leaving, powers=powers: powers.extend((entering, leaving)),
            )  # fmt: skip
            weights = torch.linspace(-1.0, 1.0, FFT_LENGTH // 2 + 1)
            parts = [(end * weights * (0.3 + 0.7j)).real.sum() for end in ends.values()]
            total = torch.stack([*parts, *(p.log().sum() for p in powers)]).sum()
            gradients = torch.autograd.grad(total, leaves, allow_unused=True)
            known = [g for g in gradients if g is not None]
            results.append([*ends.values(), *powers, *known])
        assert len(results[0]) == len(results[1])
        for compiled, reference in zip(*results, strict=True):
            # float64, sums over 60,000 bins in another order.
            scale = reference.detach().abs().max()
            assert (compiled - reference).abs().max() <= 1e-9 * (scale + 1e-3)
