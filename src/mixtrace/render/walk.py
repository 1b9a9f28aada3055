"""The naive renderer: node after node, two channels everywhere; the yardstick for the others."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.graph import INPUT, Graph
from mixtrace.processors import Settings, processor

__all__ = ["render_walk"]


def render_walk(
    graph: Graph,
    settings: Settings,
    tracks: Sequence[Float[Tensor, "_channel time"]],
    sample_rate_hz: float,
) -> Float[Tensor, "2 time"]:
    """Render one window by asking the output for its audio, recursively.

    Args:
        graph: any valid graph.
        settings: its settings.
        tracks: dry audio in the order of the graph's inputs.
        sample_rate_hz: its rate.
    """
    done: dict[int, Tensor] = {}
    rows = {i: row for kind in graph.kinds() for row, i in enumerate(graph.of_kind(kind))}
    tracks_of = dict(zip(graph.inputs, tracks, strict=True))

    def audio_of(i: int) -> Tensor:
        if i not in done:
            done[i] = compute(i)
        return done[i]

    def compute(i: int) -> Tensor:
        node = graph.nodes[i]
        if node.kind == INPUT:
            return tracks_of[i].expand(2, -1)
        total = torch.stack([audio_of(p) for p in graph.predecessors[i]]).sum(0)
        if not node.is_processor:
            return total
        values, wet = settings.rows(node.kind, [rows[i]])
        processed = processor(node.kind).forward(total[None], values, sample_rate_hz)[0]
        return wet * processed + (1.0 - wet) * total

    return audio_of(graph.output)
