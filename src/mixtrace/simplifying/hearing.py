"""The sound that enters processors: the loudest seconds of it."""

from collections.abc import Collection, Iterator, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.graph import MAIN, Edge, Graph
from mixtrace.processors import Settings
from mixtrace.rendering import render_taps
from mixtrace.simplifying.nearest import Place
from mixtrace.units import ratio_from_db

__all__ = ["places"]

_EXCERPT_S = 10.0
"""Of a song: long enough for some bars, short enough to run a compressor three hundred times."""

_TAP_BYTES = 1_000_000_000


def places(
    graph: Graph,
    settings: Settings,
    tracks: Sequence[Float[Tensor, "_channel time"]],
    sample_rate_hz: int,
    nodes: Collection[int],
) -> Iterator[tuple[int, Place]]:
    """Yield some processors of a graph with the loudest seconds of what enters each.

    The song is rendered in as many passes as keep what is heard of it within 1 GB.

    Args:
        graph: the graph.
        settings: its settings.
        tracks: dry audio in the order of the graph's inputs.
        sample_rate_hz: its rate.
        nodes: the processors.
    """
    most = max(1, _TAP_BYTES // (8 * max(1, tracks[0].shape[-1])))
    waiting = list(nodes)
    while waiting:
        members, waiting = _that_fit(graph, waiting, most)
        taps = list(dict.fromkeys(e.source for i in members for e in _feeds(graph, i)))
        needed = {number for i in taps for number in graph.needed_tracks[i]}
        sounding = [track if n in needed else None for n, track in enumerate(tracks)]
        _, audio = render_taps(graph, settings, sounding, sample_rate_hz, taps)
        for i in members:
            parts = [audio[edge.source] * ratio_from_db(edge.level_db) for edge in _feeds(graph, i)]
            wide = max(len(part) for part in parts)
            entering = torch.stack([part.expand(wide, -1) for part in parts]).sum(0)
            length = round(_EXCERPT_S * sample_rate_hz)
            yield i, Place(settings[i], _loudest(entering, length), sample_rate_hz)


def _feeds(graph: Graph, node: int) -> list[Edge]:
    return [edge for edge in graph.feeds[node] if edge.port == MAIN]


def _that_fit(graph: Graph, waiting: list[int], most: int) -> tuple[list[int], list[int]]:
    """Return the first of some nodes, as many as few enough others feed, and the rest."""
    taps: set[int] = set()
    for count, i in enumerate(waiting):
        taps |= {edge.source for edge in _feeds(graph, i)}
        if len(taps) > most and count:
            return waiting[:count], waiting[count:]
    return waiting, []


def _loudest(audio: Float[Tensor, "channel time"], length: int) -> Float[Tensor, "channel excerpt"]:
    """Return the part of a sound that has most energy, a copy of its own."""
    if audio.shape[-1] <= length:
        return audio.clone()
    total = audio.square().sum(0, dtype=torch.float64).cumsum(0)
    first = int((total[length:] - total[:-length]).argmax()) + 1
    return audio[:, first : first + length].clone()
