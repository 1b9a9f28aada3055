"""What least squares found, as graphs: a filter a track, or an envelope a track and side."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.graph import (
    INPUT,
    OUTPUT,
    ConsolePreset,
    Edge,
    Graph,
    Node,
    Strip,
    build_console,
)
from mixtrace.processors import NodeSettings, Settings
from mixtrace.processors.base import DESIGN_RATE_HZ
from mixtrace.processors.captured_reverb import captured_taps

__all__ = ["envelopes_graph", "filters_graph"]

_LOWEST_DB, _HIGHEST_DB = -80.0, 40.0  # what a gain can be
_FADER_DB = 20.0  # the most that an envelope can be
_ONE_SIDE_DB = 10.0 * math.log10(0.5)  # what a pan pot of constant power adds at either end

Filters = Float[Tensor, "2 _input order"]


def filters_graph(
    names: Sequence[tuple[str, str]], filters: Sequence[Filters], sample_rate_hz: int
) -> tuple[Graph, Settings]:
    """Return a graph in which each track passes its filters.

    A `captured_reverb` holds them at unit energy, a `gain_panning` behind it gives them their
    level.

    Args:
        names: track and group of each.
        filters: from each track's channels to left and right.
        sample_rate_hz: the rate.
    """
    graph = build_console(names, ConsolePreset(("captured_reverb", "gain_panning"), ()))
    holders, gains = graph.of_kind("captured_reverb"), graph.of_kind("gain_panning")
    settings: dict[int, NodeSettings] = {}
    for holder, gain, own in zip(holders, gains, filters, strict=True):
        settings[holder], settings[gain] = _held(own, sample_rate_hz)
    return graph, Settings.of(settings)


def _held(filters: Filters, sample_rate_hz: int) -> tuple[NodeSettings, NodeSettings]:
    """Return what holds a track's filters, and the gain behind it."""
    rows = filters[:, 0] if filters.shape[1] == 1 else filters.flatten(0, 1)
    energy = float(rows.double().square().sum()) / 2.0 * sample_rate_hz / DESIGN_RATE_HZ
    level_db = 10.0 * math.log10(max(energy, 1e-30))
    if level_db < _LOWEST_DB:  # a track that is not there: something has to have unit energy
        rows = torch.zeros_like(rows)
        rows[:, 0] = 1.0
    clipped_db = min(max(level_db, _LOWEST_DB), _HIGHEST_DB)
    values = {
        "taps": captured_taps(rows.float()),
        "stored_rate_hz": torch.tensor(float(sample_rate_hz)),
        "decay_factor": torch.tensor(1.0),
        "tone_db_per_octave": torch.tensor(0.0),
        "pre_delay_ms": torch.tensor(0.0),
    }
    gain = {"gain_db": torch.full((2,), clipped_db)}
    return NodeSettings("captured_reverb", values, 1.0), NodeSettings("gain_panning", gain, 1.0)


def envelopes_graph(
    names: Sequence[tuple[str, str]],
    gains: Float[np.ndarray, "2 track frame"],
    moments_s: Float[np.ndarray, " frame"],
) -> tuple[Graph, Settings]:
    """Return a graph in which each track reaches left and right under a gain of its own for each.

    A `fader` passes one side alone, a `fader_automation` behind it moves.

    Args:
        names: track and group of each.
        gains: towards left and right.
        moments_s: of the gains.
    """
    strips = {number: Strip(name, "track") for number, (name, _) in enumerate(names)}
    strips[len(names)] = Strip("master", "master")
    nodes = {number: Node(INPUT, number) for number in range(len(names))}
    output = len(names)
    nodes[output] = Node(OUTPUT, len(names))
    edges: list[Edge] = []
    settings: dict[int, NodeSettings] = {}
    for track in range(len(names)):
        for side, pan in enumerate((-1.0, 1.0)):
            fader, ride = len(nodes), len(nodes) + 1
            nodes |= {fader: Node("fader", track), ride: Node("fader_automation", track)}
            edges += [Edge(track, fader), Edge(fader, ride), Edge(ride, output)]
            settings[fader] = _one_side(pan)
            settings[ride] = _ride(gains[side, track], moments_s)
    return Graph(strips, nodes, tuple(edges)), Settings.of(settings)


def _one_side(pan: float) -> NodeSettings:
    values = {"level_db": torch.tensor(_ONE_SIDE_DB), "pan": torch.tensor(pan)}
    return NodeSettings("fader", values, 1.0)


def _ride(
    gains: Float[np.ndarray, " frame"], moments_s: Float[np.ndarray, " frame"]
) -> NodeSettings:
    gain_db = np.clip(20.0 * np.log10(np.maximum(gains, 1e-10)), _LOWEST_DB, _FADER_DB)
    values = {
        "knot_s": torch.as_tensor(moments_s, dtype=torch.float32),
        "knot_db": torch.as_tensor(gain_db, dtype=torch.float32),
    }
    return NodeSettings("fader_automation", values, 1.0)
