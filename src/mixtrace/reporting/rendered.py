"""What processors did to the sound that passed through them, from what was measured of it."""

import numpy as np
import torch
from jaxtyping import Float

from mixtrace.graph import Graph, passages
from mixtrace.processors import FilterProcessor, NodeSettings, Reduction, processor
from mixtrace.processors.base import DESIGN_RATE_HZ
from mixtrace.store import Evidence, StoredGraph
from mixtrace.units import db_from_ratio

__all__ = [
    "band_centres_hz",
    "entering_spectra_db",
    "reduction",
    "response_powers",
    "wet_level_db",
    "wet_levels_db",
]

_SOUNDING_RANGE_DB = 30.0
_LOUD_SHARE, _QUIET_SHARE = 90.0, 10.0
_SILENCE_DB = -80.0
_CLOSED_DB = 3.0


def reduction(evidence: Evidence, node: int) -> Reduction | None:
    """Return what a dynamics node takes away; None where nothing sounds, or for another node."""
    rows = np.flatnonzero(evidence.dynamics == node)
    if not len(rows):
        return None
    level_db = evidence.input_db[rows[0]]
    taken_db = np.abs(np.minimum(0.0, evidence.gain_db[rows[0]]))
    sounding = level_db > _SILENCE_DB
    if not sounding.any():
        return None
    loud_db = float(np.percentile(level_db[sounding], 95.0))
    loud = taken_db[level_db > max(loud_db - _SOUNDING_RANGE_DB, _SILENCE_DB)]
    most_db, least_db = np.percentile(loud, [_LOUD_SHARE, _QUIET_SHARE])
    return Reduction(
        float(most_db),
        float(least_db),
        float((taken_db[sounding] >= _CLOSED_DB).mean()),
        float(taken_db.max()),
    )


def band_centres_hz(evidence: Evidence) -> Float[np.ndarray, " band"]:
    """Return the geometric centres of the bands."""
    edges_hz = evidence.bands_hz.astype(np.float64)
    return np.sqrt(edges_hz[1:] * edges_hz[:-1])


def entering_spectra_db(graph: Graph, evidence: Evidence) -> dict[int, Float[np.ndarray, " band"]]:
    """Return the spectrum of the dry track for every processor of its own chain."""
    return {
        i: evidence.track_spectra_db[graph.inputs.index(passage.head), 0]
        for passage in passages(graph)
        if passage.head in graph.inputs
        for i in passage.processors
    }


def wet_levels_db(stored: StoredGraph, evidence: Evidence) -> dict[int, float]:
    """Return the wet level of every delay and reverb; where many are, this takes seconds."""
    graph, spectra_db = stored.graph, entering_spectra_db(stored.graph, evidence)
    nodes = {i: stored.settings[i] for i in graph.processors}
    return {
        i: wet_level_db(node, spectra_db.get(i), evidence.bands_hz)
        for i, node in nodes.items()
        if _rings(node.kind)
    }


def _rings(kind: str) -> bool:
    """Return whether a processor adds a sound of its own: a delay or a reverb."""
    entry = processor(kind)
    return entry.family == "space" and isinstance(entry, FilterProcessor)


def wet_level_db(
    node: NodeSettings,
    spectrum_db: Float[np.ndarray, " band"] | None,
    edges_hz: Float[np.ndarray, " edge"],
) -> float:
    """Return how loud the wet part of a delay or reverb is against the dry part of a sound.

    Args:
        node: the processor.
        spectrum_db: the sound's spectrum in bands; None for an even one.
        edges_hz: edges of the bands.
    """
    share = node.wet / max(1.0 - node.wet, 1e-6)
    if spectrum_db is None:
        return db_from_ratio(share)
    power = 10.0 ** (spectrum_db.astype(np.float64) / 10.0)
    response = response_powers(node, edges_hz)
    gain = float((power * response).sum() / max(power.sum(), 1e-30))
    return db_from_ratio(share * float(np.sqrt(gain)))


@torch.no_grad()
def response_powers(
    node: NodeSettings, edges_hz: Float[np.ndarray, " edge"]
) -> Float[np.ndarray, " band"]:
    """Return the mean power gain of a filter in bands, both channels, fully wet.

    Of a true stereo filter it is that of two channels that have nothing in common.
    """
    entry = processor(node.kind)
    assert isinstance(entry, FilterProcessor)
    values = {name: value[None] for name, value in node.values.items()}
    taps = entry.impulse_response(values, DESIGN_RATE_HZ).taps[0]
    leaving = min(2, len(taps))
    power = (torch.fft.rfft(taps).abs().square().sum(0) / leaving).double().numpy()
    frequencies_hz = np.linspace(0.0, 0.5 * DESIGN_RATE_HZ, len(power))
    total = np.concatenate([[0.0], np.cumsum(0.5 * (power[1:] + power[:-1]))])
    steps_hz = frequencies_hz[1]
    above = np.interp(edges_hz, frequencies_hz, total)
    widths = np.maximum(np.diff(np.minimum(edges_hz, 0.5 * DESIGN_RATE_HZ)) / steps_hz, 1e-9)
    return np.diff(above) / widths
