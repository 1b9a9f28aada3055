"""The scheduled renderer: nodes of one kind in one batch, two channels everywhere.

Source: Lee et al., "GRAFX", DAFx 2024, arXiv 2408.03204; the order of the batches is in `order`.
"""

from collections.abc import Callable, Iterator, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.graph import INPUT, KEY, MAIN, Graph
from mixtrace.processors import Settings, Stack
from mixtrace.rendering.order import Order, type_schedule
from mixtrace.rendering.walk import processed_alone
from mixtrace.units import ratio_from_db

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
    audio = {i: track.expand(2, -1) for i, track in zip(graph.inputs, tracks, strict=True)}
    for kind, nodes in type_schedule(graph, order):
        if kind == INPUT:
            continue
        for members, stack in _batches(graph, settings, kind, nodes):
            arriving = torch.stack([_sum(audio, graph, i, MAIN) for i in members])
            leaving = arriving
            if stack is not None:
                key = None
                if graph.keyed(members[0]):
                    key = torch.stack([_sum(audio, graph, i, KEY) for i in members])
                processed = processed_alone(kind, arriving, key, stack.values, sample_rate_hz)
                if observer is not None:
                    observer(kind, members, arriving, processed)
                weight = stack.wet[:, None, None]
                leaving = weight * processed + (1.0 - weight) * arriving
            audio.update(zip(members, leaving.unbind(0), strict=True))
    return audio[graph.output]


def _batches(
    graph: Graph, settings: Settings, kind: str, nodes: tuple[int, ...]
) -> Iterator[tuple[tuple[int, ...], Stack | None]]:
    """Yield nodes of one kind that can be processed in one go, with their settings."""
    if not graph.nodes[nodes[0]].is_processor:
        yield nodes, None
        return
    for keyed in (False, True):
        members = [i for i in nodes if graph.keyed(i) == keyed]
        for stack in settings.groups(members):
            yield stack.nodes, stack


def _sum(audio: dict[int, Tensor], graph: Graph, i: int, port: str) -> Tensor:
    """Return what reaches a port of a node."""
    parts = [
        audio[e.source] * ratio_from_db(e.level_db) if e.level_db else audio[e.source]
        for e in graph.feeds[i]
        if e.port == port
    ]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total
