"""What enters and leaves single nodes of a result, and the gain between the two, frame by frame."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor

from mixtrace.graph import MAIN, Edge, Graph
from mixtrace.rendering import render_taps
from mixtrace.session import Session
from mixtrace.store import StoredGraph
from mixtrace.units import ratio_from_db
from mixtrace.verbs.dry_tracks import tracks_reaching

__all__ = [
    "FLOOR_DB",
    "Group",
    "Report",
    "around",
    "entering",
    "frame_gains_db",
    "power_db",
    "tapped",
]

FLOOR_DB = -120.0
"""The least level that is told."""

_SOUNDING_DB = -80.0
_TAP_BYTES = 1_000_000_000

Report = Callable[[int, int], None]
"""Called with what is done, and of how much."""

Group = tuple[list[int], int]
"""Nodes whose audio is wanted together, and the one it is wanted for."""

_Tapped = tuple[list[int], int, dict[int, Float[Tensor, "2 time"]]]
"""A group with its audio."""


def around(graph: Graph, node: int) -> Group:
    """Return a processor with the nodes whose sound it works on, as a group for it."""
    return [*(edge.source for edge in _heard(graph, node)), node], node


def entering(
    graph: Graph, node: int, audio: Mapping[int, Float[Tensor, "2 time"]]
) -> Float[Tensor, "2 time"]:
    """Return what a processor works on, from the audio of its group."""
    parts = [audio[edge.source] * ratio_from_db(edge.level_db) for edge in _heard(graph, node)]
    return torch.stack(parts).sum(0)


def tapped(
    stored: StoredGraph,
    session: Session,
    groups: Sequence[Group],
    report: Report,
) -> Iterator[_Tapped]:
    """Yield each group of nodes with their audio, in as many passes as keep it within 1 GB.

    A pass renders no other tracks than those that reach its nodes.

    Args:
        stored: the result.
        session: its song.
        groups: what is wanted.
        report: called with the passes through the song done and their total.
    """
    most = max(4, _TAP_BYTES // (8 * session.mix.shape[1]))
    passes: list[list[Group]] = [[]]
    for group in groups:
        nodes = {i for members, _ in [*passes[-1], group] for i in members}
        if len(nodes) > most and passes[-1]:
            passes.append([])
        passes[-1].append(group)
    for done, members in enumerate(passes, 1):
        yield from _pass(stored, session, members)  # its audio is let go before the next
        report(done, len(passes))


def frame_gains_db(
    before: Float[Tensor, "2 time"], after: Float[Tensor, "2 time"], frame_samples: int
) -> tuple[Float32[np.ndarray, " frame"], Float32[np.ndarray, " frame"]]:
    """Return the level that enters a node and the gain that it meets there, both in dB.

    Levels are mean squares of both channels, -120 dB at least. Where nothing sounds, below -80 dB,
    the gain is NaN.
    """
    missing = -before.shape[1] % frame_samples
    powers = [
        torch.nn.functional.pad(signal, (0, missing))
        .square()
        .mean(0)
        .unflatten(0, (-1, frame_samples))
        .mean(1)
        for signal in (before, after)
    ]
    enters_db, leaves_db = (power_db(power.numpy()) for power in powers)
    gains_db = np.where(enters_db > _SOUNDING_DB, leaves_db - enters_db, np.nan)
    return enters_db, gains_db.astype(np.float32)


def power_db(power: np.ndarray) -> np.ndarray:
    """Return powers in dB, -120 at least."""
    return np.maximum(10.0 * np.log10(power + 1e-30), FLOOR_DB).astype(np.float32)


def _heard(graph: Graph, node: int) -> list[Edge]:
    """Return what a processor works on."""
    return [edge for edge in graph.feeds[node] if edge.port == MAIN]


def _pass(stored: StoredGraph, session: Session, groups: Sequence[Group]) -> Iterator[_Tapped]:
    taps = dict.fromkeys(i for nodes, _ in groups for i in nodes)
    tracks = tracks_reaching(taps, stored.graph, session.audio)
    rate = session.sample_rate_hz
    _, audio = render_taps(stored.graph, stored.settings, tracks, rate, list(taps))
    for nodes, subject in groups:
        yield nodes, subject, {i: audio[i].expand(2, -1) for i in nodes}
