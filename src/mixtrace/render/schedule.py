"""The scheduled renderer: nodes of one kind in one batch, two channels everywhere.

Source: Lee et al., "GRAFX", DAFx 2024, arXiv 2408.03204; the order of the batches is in `order`.
"""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.graph import INPUT, Graph
from mixtrace.processors import Settings, processor
from mixtrace.render.order import Order, type_schedule

__all__ = ["Observer", "render_scheduled"]

Observer = Callable[[str, tuple[int, ...], Tensor, Tensor], None]
"""Called with the kind and nodes of a batch, what enters it and what leaves it fully wet."""


def render_scheduled(
    graph: Graph,
    settings: Settings,
    tracks: Sequence[Float[Tensor, "_channel time"]],
    sample_rate_hz: float,
    *,
    order: Order = "greedy",
    observer: Observer | None = None,
) -> Float[Tensor, "2 time"]:
    """Render one window, a batch for every step of a type schedule.

    Args:
        graph: any valid graph.
        settings: its settings.
        tracks: dry audio of one or two channels in the order of the graph's inputs.
        sample_rate_hz: its rate.
        order: see `type_schedule`.
        observer: sees both sides of every batch of processors, [node, 2, time] each.
    """
    rows = {i: row for kind in graph.kinds() for row, i in enumerate(graph.of_kind(kind))}
    audio = {i: track.expand(2, -1) for i, track in zip(graph.inputs, tracks, strict=True)}
    for kind, nodes in type_schedule(graph, order):
        if kind == INPUT:
            continue
        arriving = torch.stack([_sum(audio, graph.predecessors[i]) for i in nodes])
        leaving = arriving
        if graph.nodes[nodes[0]].is_processor:
            values, wet = settings.rows(kind, [rows[i] for i in nodes])
            processed = processor(kind).forward(arriving, values, sample_rate_hz)
            if observer is not None:
                observer(kind, nodes, arriving, processed)
            weight = wet[:, None, None]
            leaving = weight * processed + (1.0 - weight) * arriving
        audio.update(zip(nodes, leaving.unbind(0), strict=True))
    return audio[graph.output]


def _sum(audio: dict[int, Tensor], nodes: Sequence[int]) -> Tensor:
    total = audio[nodes[0]]
    for i in nodes[1:]:
        total = total + audio[i]
    return total
