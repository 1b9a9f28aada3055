"""How loud what enters each dynamics processor is: one robust level each, for thresholds to follow.

A level is the mean square of blocks of 50 ms in dB, of those that sound: above -70 dB, and no more
than 10 dB below the mean of these, as loudness is gated in ITU-R BS.1770.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Float
from torch import Tensor

from mixtrace.graph import KEY, MAIN, Edge, Graph
from mixtrace.processors import DynamicsProcessor, processor
from mixtrace.progress import Steps
from mixtrace.rendering import render_taps
from mixtrace.session import Views
from mixtrace.store import StoredGraph
from mixtrace.units import ratio_from_db

__all__ = ["block_level_db", "dynamics_of", "entering_levels_db", "stages"]

BLOCK_S = 0.05

_SILENT = 1e-7  # -70 dB
_GATE = 0.1  # -10 dB
_TAP_BYTES = 1_000_000_000


def dynamics_of(graph: Graph) -> tuple[int, ...]:
    """Return the processors whose gain follows a level."""
    return tuple(
        i for i in graph.processors if isinstance(processor(graph.nodes[i].kind), DynamicsProcessor)
    )


def stages(graph: Graph) -> list[list[int]]:
    """Return the dynamics processors in the order of the sound: each after all that come before.

    Those of one stage do not hear one another.
    """
    dynamics = set(dynamics_of(graph))
    depth: dict[int, int] = {}
    for i in graph.order:
        before = [edge.source for edge in graph.feeds[i]]
        depth[i] = max((depth[j] + (j in dynamics) for j in before), default=0)
    places = sorted({depth[i] for i in dynamics})
    return [[i for i in graph.order if i in dynamics and depth[i] == place] for place in places]


def block_level_db(powers: Float[np.ndarray, " block"]) -> float | None:
    """Return the level of what sounds, from the mean squares of its blocks; None for silence.

    >>> block_level_db(np.array([0.01, 0.01, 0.0, 1e-9])), block_level_db(np.zeros(3))
    (-20.0, None)
    """
    sounding = powers[powers > _SILENT]
    if not len(sounding):
        return None
    heard = sounding[sounding >= _GATE * sounding.mean()]
    return float(10.0 * np.log10(heard.mean()))


def entering_levels_db(
    stored: StoredGraph,
    tracks: Views[Float[Tensor, "_channel time"] | None] | Sequence[Tensor],
    sample_rate_hz: int,
    nodes: Sequence[int],
    report: Steps,
) -> dict[int, float | None]:
    """Return the level of what dynamics processors listen to; None where that is silent.

    Args:
        stored: a result.
        tracks: its dry tracks, in the order of the graph's inputs.
        sample_rate_hz: their rate.
        nodes: the processors.
        report: see `Steps`.
    """
    graph = stored.graph
    like = next(track for track in tracks if track is not None)
    at_once = max(1, _TAP_BYTES // (8 * like.shape[-1]))
    found: dict[int, float | None] = {}
    passes = list(_passes(graph, nodes, at_once))
    for number, members in enumerate(passes):
        taps = dict.fromkeys(edge.source for i in members for edge in _listens(graph, i))

        def progress(done: int, total: int, number: int = number) -> None:
            report("listening", number * total + done, len(passes) * total)

        _, audio = render_taps(
            graph, stored.settings, tracks, sample_rate_hz, list(taps), progress=progress
        )
        for i in members:
            parts = [
                audio[e.source].expand(2, -1) * ratio_from_db(e.level_db)
                for e in _listens(graph, i)
            ]
            found[i] = block_level_db(_block_powers(sum(parts[1:], parts[0]), sample_rate_hz))
    return found


def _listens(graph: Graph, node: int) -> list[Edge]:
    """Return what a processor hears: its key, or what it works on."""
    port = KEY if graph.keyed(node) else MAIN
    return [edge for edge in graph.feeds[node] if edge.port == port]


def _passes(graph: Graph, nodes: Sequence[int], at_once: int) -> Iterator[list[int]]:
    """Yield processors whose inputs may be held at once."""
    members: list[int] = []
    taps: set[int] = set()
    for i in nodes:
        heard = {edge.source for edge in _listens(graph, i)}
        if members and len(taps | heard) > at_once:
            yield members
            members, taps = [], set()
        members.append(i)
        taps |= heard
    if members:
        yield members


def _block_powers(
    audio: Float[Tensor, "2 time"], sample_rate_hz: int
) -> Float[np.ndarray, " block"]:
    size = round(BLOCK_S * sample_rate_hz)
    power = audio.double().square().mean(0).numpy()
    whole = np.pad(power, (0, -len(power) % size))
    return whole.reshape(-1, size).mean(1)
