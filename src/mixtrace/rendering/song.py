"""Whole songs, and what leaves single nodes of them, at any rate; how is told in `blocks`."""

from collections.abc import Callable, Collection, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.errors import AudioError
from mixtrace.graph import Graph
from mixtrace.parallel import on_threads
from mixtrace.processors import Settings
from mixtrace.rendering.blocks import BlockRun
from mixtrace.rendering.plan import compile_plan

__all__ = ["render_song", "render_taps"]

BLOCK_SAMPLES = 1 << 17
"""Three seconds at 44.1 kHz: most reverberation then takes a transform of two blocks, whose length
is a power of two."""

Progress = Callable[[int, int], None]
"""Called with the number of blocks done and their total."""


def render_song(
    graph: Graph,
    settings: Settings,
    tracks: Sequence[Float[Tensor, "_channel time"] | None],
    sample_rate_hz: float,
    *,
    block_samples: int = BLOCK_SAMPLES,
    progress: Progress | None = None,
) -> Float[Tensor, "2 time"]:
    """Render a whole song; see `render_taps`."""
    mix, _ = render_taps(
        graph, settings, tracks, sample_rate_hz, (), block_samples=block_samples, progress=progress
    )
    return mix


@torch.no_grad()
def render_taps(
    graph: Graph,
    settings: Settings,
    tracks: Sequence[Float[Tensor, "_channel time"] | None],
    sample_rate_hz: float,
    taps: Collection[int],
    *,
    span: tuple[int, int] | None = None,
    block_samples: int = BLOCK_SAMPLES,
    progress: Progress | None = None,
) -> tuple[Float[Tensor, "2 time"], dict[int, Float[Tensor, "_channel span"]]]:
    """Render a whole song, and what leaves some of its nodes on the way.

    Args:
        graph: any valid graph.
        settings: its settings.
        tracks: dry audio of one or two channels, all of one length, in the order of the graph's
            inputs; None where a track is silent. None of them is held from one block to the next.
        sample_rate_hz: its rate.
        taps: nodes whose audio is returned too.
        span: the samples of the taps that are wanted, first and end; None for all. The mix is
            always whole.
        block_samples: samples of a block; time and memory vary with it, the result does not.
        progress: see `Progress`.

    Returns:
        The mix, and the audio of each tap, with one channel where both are equal.

    Raises:
        AudioError: when no track says how long the song is, two disagree, or the span does not
            lie in the song.
    """
    like = _any_track(tracks)
    time = like.shape[-1]
    first, end = (0, time) if span is None else span
    if not 0 <= first < end <= time:
        raise AudioError(
            f"Expected a span within the song's {time} samples; got {first} to {end}. "
            "Choose one that begins and ends in the song."
        )
    channels = tuple(
        track.shape[0] if track is not None and bool(track.any()) else 0 for track in tracks
    )
    plan = compile_plan(graph, channels, sample_rate_hz, settings.lengths)
    spans = {i: (first, end) for i in taps} | {graph.output: (0, time)}
    kept = {
        i: (begin, like.new_zeros((max(plan.channels[i], 1), stop - begin)))
        for i, (begin, stop) in spans.items()
    }
    block = min(block_samples, 1 << (time - 1).bit_length())
    run = BlockRun(plan, settings, tracks, kept, block, like)
    steps = -(-(time + run.lag) // block)
    with on_threads(1):
        for step in range(steps):
            run.advance(step * block)
            if progress is not None:
                progress(step + 1, steps)
    mix = kept[graph.output][1]
    tapped = {i: mix[:, first:end] if i == graph.output else kept[i][1] for i in taps}
    return mix.expand(2, -1), tapped


def _any_track(tracks: Sequence[Tensor | None]) -> Tensor:
    lengths = {track.shape[-1] for track in tracks if track is not None}
    if len(lengths) != 1:
        came = f"lengths {sorted(lengths)}" if lengths else "only None"
        raise AudioError(
            f"Expected tracks of one length in samples; got {came}. Pad the shorter tracks with "
            "zeros, and pass zeros for at least one silent track."
        )
    return next(track for track in tracks if track is not None)
