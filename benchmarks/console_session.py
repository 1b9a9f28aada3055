"""A made session of 12 tracks, two returns, a parallel bus and a side-chain, from end to end.

    python benchmarks/console_session.py [--steps 200] [--seconds 12]

Prints how far the renderers lie apart, gradients against finite differences setting by setting, and
how near a descent comes to the planted settings from what a rough reading of the mix would leave.
"""

import argparse
import math
import time
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from mixtrace.descent import Descent, Recipe, SongWindows, Variables, draw_batch, song_loss
from mixtrace.examples.desk import desk_session, desk_tracks, plant_desk, read_roughly
from mixtrace.processors import WET, Settings, processor
from mixtrace.rendering import (
    DryAudio,
    Incremental,
    Prepared,
    render_compiled,
    render_scheduled,
    render_song,
    render_walk,
)

RATE_HZ = 30_000
PACE = 0.25
"""Of what the parameters state: the start is near, and no search for it."""


def renderers(rate: int, seconds: float) -> list[str]:
    """Return a row for each renderer: the largest difference from the walk, over the peak."""
    graph, settings = plant_desk()
    tracks = [torch.from_numpy(take) for take in desk_tracks(rate, seconds).values()]
    dry = DryAudio([track[None] for track in tracks], torch.zeros(1))
    length = tracks[0].shape[-1]
    walk = render_walk(graph, settings, tracks, rate)
    compiled = render_compiled(graph, settings, dry, rate, time=length)
    kept = Incremental(Prepared(graph, settings, rate, length), dry).render([])
    assert compiled is not None and kept is not None
    mixes = {
        "`render_compiled`": compiled[0],
        "`render_scheduled`": render_scheduled(graph, settings, tracks, rate),
        "`render_song`": render_song(graph, settings, tracks, rate),
        "`Incremental`": kept[0],
    }
    scale = float(walk.abs().max())
    return [
        f"| {n} | {rate} | {float((m - walk).abs().max()) / scale:.1e} |" for n, m in mixes.items()
    ]


def gradients() -> str:
    """Return how gradients compare with finite differences in float64, one setting at a time."""
    graph, planted = plant_desk()
    settings = planted.map(lambda value: value.double())
    for stack in settings.stacks:
        stack.wet.fill_(0.8)  # off the end of its range
        if "length_s" in stack.values:
            stack.values["length_s"].fill_(0.5)  # what rings on would lie behind the end
    begin, length = 30_000, 20_000
    takes = desk_tracks(RATE_HZ, 2.0).values()
    cut = [torch.from_numpy(take[None, :, begin : begin + length]).double() for take in takes]
    dry = DryAudio(cut, torch.tensor([2.9]).double())
    weight = torch.from_numpy(np.random.default_rng(0).standard_normal((2, length)))

    def heard(of: Settings) -> Tensor:
        audio = render_compiled(graph, of, dry, RATE_HZ, time=length)
        assert audio is not None
        return (audio[0] * weight).sum()

    leaves = settings.map(lambda value: value.clone().requires_grad_())
    slopes = iter(torch.autograd.grad(heard(leaves), leaves.tensors(), allow_unused=True))
    named = [(s, name) for s in settings.stacks for name in s.values]
    off: list[tuple[float, str]] = []
    for stack, name in [*named, *((stack, WET) for stack in settings.stacks)]:
        slope, value = next(slopes), stack.tensor(name).view(-1)
        if slope is None or (name != WET and processor(stack.kind).param(name).rate == 0.0):
            continue
        for n, told in enumerate(slope.flatten().tolist()):
            before, ends = float(value[n]), []
            step = 1e-6 * (1.0 + abs(before))
            for sign in (1.0, -1.0):
                value[n] = before + sign * step
                ends.append(float(heard(settings)))
            value[n] = before
            found = (ends[0] - ends[1]) / (2.0 * step)
            # Below 1e-4 a difference of sums of 40,000 products is their rounding.
            off.append((abs(told - found) / max(abs(found), 1e-4), f"{stack.kind} {name}"))
    off.sort()
    middle, (worst, of) = off[len(off) // 2][0], off[-1]
    return (
        f"Gradients of {len(off)} settings against finite differences: half lie within "
        f"{middle:.0e}, all within {worst:.0e} (the worst: {of})."
    )


def descend(seconds: float, steps: int) -> str:
    """Return how near a descent comes."""
    session = desk_session(RATE_HZ, seconds)
    graph, planted = plant_desk()
    windows = SongWindows(session)
    recipe = Recipe(pace=PACE, second_moment=0.98)
    # What draws settings away from the mix stays out: the settings that made it are there.
    objective = replace(recipe.objective, parsimony=0.0, gain_staging=0.0)
    start = read_roughly(planted, np.random.default_rng(0))
    descent = Descent(graph, Variables.from_settings(start), windows, recipe)
    began = time.monotonic()
    for step in range(steps):
        rate = 0.02 + 0.49 * (1.0 + math.cos(math.pi * step / steps))
        descent.step(draw_batch(windows, recipe, 0, step), objective, rate=rate)
    took = time.monotonic() - began
    floor, before, after = (
        song_loss(graph, settings, windows)["published"]
        for settings in (planted, start, descent.settings)
    )
    return (
        f"L_a (published): {before:.3f} at the start, {after:.4f} after {steps} steps of two "
        f"windows ({took:.0f} s), {floor:.4f} at the planted settings."
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=12.0)
    given = parser.parse_args()
    graph, _ = plant_desk()
    print(f"{len(graph.inputs)} tracks, {len(graph.strips)} strips, {len(graph.nodes)} nodes\n")
    print("| renderer | Hz | largest difference from the walk, over the peak |")
    print("| --- | --- | --- |")
    for rate in (30_000, 44_100):
        print("\n".join(renderers(rate, min(given.seconds, 4.0))), flush=True)
    print(f"\n{gradients()}\n", flush=True)
    print(descend(given.seconds, given.steps))


if __name__ == "__main__":
    main()
