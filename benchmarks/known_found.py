"""The parts of a mix as a stored graph makes it: what each track contributes to the whole."""

import numpy as np
import torch
from jaxtyping import Float
from known_measures import BLOCK_S, block_gain, gain_db, movement_db, under_gain
from known_truth import Part, Parts
from torch import Tensor

from mixtrace.graph import OUTPUT, Graph
from mixtrace.processors import TimeDomainProcessor, processor
from mixtrace.rendering import render_taps
from mixtrace.session import Session
from mixtrace.store import StoredGraph

__all__ = ["found_parts"]

Audio = Float[np.ndarray, "2 time"]
_COMPRESSORS, _GATES = ("one_pole_compressor", "compressor"), ("one_pole_gate", "gate")


def found_parts(stored: StoredGraph, session: Session) -> Parts:
    """Render a stored graph, and tell what each of its tracks contributes.

    A track's audio is taken in the full render as far as it goes alone (its chain, and the bus it
    has for itself), then brought through what it shares with others.

    Args:
        stored: a console, whole or pruned.
        session: its tracks, aligned as at the fit, at the rate of the render.
    """
    graph = stored.graph
    ways = {i: _way(graph, i) for i in graph.inputs}
    in_time = {i for i in graph.processors if _acts_in_time(graph, i)}
    around = in_time | {p for i in in_time for p in graph.predecessors[i]}
    dry = {track.name: torch.from_numpy(track.audio) for track in session.tracks}
    tracks = [dry[graph.name(i)] for i in graph.inputs]
    taps = around | {_alone(graph, way)[-1] for way in ways.values()}
    mix, tapped = render_taps(graph, stored.settings, tracks, session.sample_rate_hz, taps)
    render = _Render(stored, session.sample_rate_hz, tapped)
    parts = {
        graph.name(i): render.part(_alone(graph, way), way, track)
        for (i, way), track in zip(ways.items(), tracks, strict=True)
    }
    return Parts(parts, mix.numpy())


def _way(graph: Graph, node: int) -> list[int]:
    """Return the nodes from an input to the last before the output."""
    way: list[int] = []
    while graph.nodes[node].kind != OUTPUT:
        way.append(node)
        if len(graph.successors[node]) != 1:
            raise SystemExit("Expected a console, in which each node feeds one other.")
        node = graph.successors[node][0]
    return way


def _alone(graph: Graph, way: list[int]) -> list[int]:
    """Return the nodes of a way that no other track passes."""
    shared = [n for n, i in enumerate(way) if len(graph.predecessors[i]) > 1]
    return way[: shared[0]] if shared else way


def _acts_in_time(graph: Graph, node: int) -> bool:
    return isinstance(processor(graph.nodes[node].kind), TimeDomainProcessor)


class _Render:
    """A rendered graph with the audio on both sides of what acts in time."""

    def __init__(self, stored: StoredGraph, rate: int, tapped: dict[int, Tensor]) -> None:
        self._graph, self._settings = stored.graph, stored.settings
        self._rate, self._block = rate, round(BLOCK_S * rate)
        self._tapped = tapped
        self._gains: dict[int, Float[np.ndarray, "2 block"]] = {}

    def part(self, alone: list[int], way: list[int], dry: Tensor) -> Part:
        """Return what a track contributes, from the nodes it passes alone and all it passes."""
        compressors = [i for i in alone if self._graph.nodes[i].kind in _COMPRESSORS]
        around = [(self._before(i), self._stereo(i)) for i in compressors]
        moving = [i for i in way if self._graph.nodes[i].kind in (*_COMPRESSORS, *_GATES)]
        blocks = np.zeros(-(-dry.shape[-1] // self._block))
        total_db = sum(
            (gain_db(self._before(i), self._stereo(i), self._block) for i in moving), blocks
        )
        audio = self._stereo(alone[-1])
        for i in way[len(alone) :]:
            if self._graph.nodes[i].is_processor:
                audio = self._through(i, audio)
        moved_db = movement_db(dry.numpy(), around, self._block)
        return Part(audio, moved_db, len(compressors), total_db)

    def _through(self, node: int, audio: Audio) -> Audio:
        """Return a part of what enters a node as it leaves it."""
        if _acts_in_time(self._graph, node):
            if node not in self._gains:
                gain = block_gain(self._before(node), self._stereo(node), self._block)
                self._gains[node] = gain
            return under_gain(audio, self._gains[node], self._block)
        (own,) = self._settings.groups([node])
        entering = torch.from_numpy(audio)
        leaving = processor(own.kind).forward(entering[None], own.values, self._rate)[0]
        return (own.wet * leaving + (1.0 - own.wet) * entering).numpy()

    def _before(self, node: int) -> Audio:
        return np.sum([self._stereo(p) for p in self._graph.predecessors[node]], 0)

    def _stereo(self, node: int) -> Audio:
        return self._tapped[node].expand(2, -1).numpy()
