"""The naive renderer: node after node, two channels everywhere; the yardstick for the others."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.errors import GraphError
from mixtrace.graph import INPUT, KEY, MAIN, Graph
from mixtrace.processors import Settings, TimeDomainProcessor, Values, processor

__all__ = ["processed_alone", "render_walk"]


def render_walk(
    graph: Graph,
    settings: Settings,
    tracks: Sequence[Float[Tensor, "_channel time"]],
    sample_rate_hz: float,
    node: int | None = None,
) -> Float[Tensor, "2 time"]:
    """Render one window by asking the output for its audio, recursively.

    Args:
        graph: any valid graph.
        settings: its settings.
        tracks: dry audio in the order of the graph's inputs.
        sample_rate_hz: its rate.
        node: whose audio is wanted; None for that of the mix.
    """
    done: dict[int, Tensor] = {}
    tracks_of = dict(zip(graph.inputs, tracks, strict=True))

    def audio_of(i: int) -> Tensor:
        if i not in done:
            done[i] = compute(i)
        return done[i]

    def reaching(i: int, port: str) -> list[Tensor]:
        edges = [edge for edge in graph.feeds[i] if edge.port == port]
        return [audio_of(edge.source) * 10.0 ** (edge.level_db / 20.0) for edge in edges]

    def compute(i: int) -> Tensor:
        kind = graph.nodes[i].kind
        if kind == INPUT:
            return tracks_of[i].expand(2, -1)
        total = torch.stack(reaching(i, MAIN)).sum(0)
        if not graph.nodes[i].is_processor:
            return total
        keys = reaching(i, KEY)
        key = torch.stack(keys).sum(0)[None] if keys else None
        (stack,) = settings.groups([i])
        processed = processed_alone(kind, total[None], key, stack.values, sample_rate_hz)[0]
        return stack.wet * processed + (1.0 - stack.wet) * total

    return audio_of(graph.output if node is None else node)


def processed_alone(
    kind: str,
    audio: Float[Tensor, "node 2 time"],
    key: Float[Tensor, "node 2 time"] | None,
    values: Values,
    sample_rate_hz: float,
) -> Float[Tensor, "node 2 time"]:
    """Return what nodes of one kind make of audio, fully wet, under a key where they have one.

    Raises:
        GraphError: a key for a processor that cannot listen to it.
    """
    entry = processor(kind)
    if key is None:
        return entry.forward(audio, values, sample_rate_hz)
    if not isinstance(entry, TimeDomainProcessor) or KEY not in entry.inputs:
        raise GraphError(
            f"Expected a key to feed a processor with a side-chain; a {entry.label} has none. "
            "Feed its main input, or remove that edge."
        )
    return entry.from_rest(audio, key, values, sample_rate_hz)
