"""`report.safetensors`: what a report tells of the audio, so that it needs no audio again."""

import json
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int64
from safetensors import SafetensorError
from safetensors.numpy import load, save

from mixtrace.errors import StoreError
from mixtrace.graph import Graph
from mixtrace.store.opening import is_plain_file, read_bytes
from mixtrace.store.temporary import put
from mixtrace.store.tensors import note_of

__all__ = ["EVIDENCE", "Evidence", "read_evidence", "write_evidence"]

EVIDENCE = "report.safetensors"

_SCHEMA = "mixtrace.evidence/1"
_KEY = "mixtrace"
_FLOOR_DB = -120.0
_STEP_DB = 0.5
_COARSE = "spectra_db"
"""The largest array; it is stored in steps of half a decibel, a byte each."""

_CURVES = ("input_db", "gain_db")
"""The next largest, stored as half-precision numbers: within 0.06 dB."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """Measured on the whole song, at the mix's own rate.

    Levels are mean squares in dB re full scale, -120 dB at least.

    Attributes:
        frame_s: what the spectra advance by, from the song's start.
        curve_s: the same for levels and gains of the dynamics nodes.
        bands_hz: edges of the bands, one more than there are.
        spectra_db: (target, estimate) by (mid, side), in steps of 0.5 dB.
        window_losses: L_a (published) of the evaluation windows.
        track_spectra_db: every track's mean spectrum, (dry, processed), in the order of the inputs.
        track_sides_db: every track's mean level, (dry, processed) by (left, right).
        dynamics: the dynamics nodes.
        input_db: the level that enters each.
        gain_db: what each does to it, dry/wet weight included; 0 in silence.
        increases: how much L_a rises when each processor is removed, in the graph's order; NaN
            where that was not weighed.
    """

    frame_s: float
    curve_s: float
    bands_hz: Float32[np.ndarray, " edge"]
    spectra_db: Float32[np.ndarray, "2 2 band frame"]
    window_losses: Float32[np.ndarray, " window"]
    track_spectra_db: Float32[np.ndarray, "track 2 band"]
    track_sides_db: Float32[np.ndarray, "track 2 2"]
    dynamics: Int64[np.ndarray, " dynamics"]
    input_db: Float32[np.ndarray, "dynamics curve"]
    gain_db: Float32[np.ndarray, "dynamics curve"]
    increases: Float32[np.ndarray, " processor"]


_NUMBERS = ("frame_s", "curve_s")
_ARRAYS = tuple(entry.name for entry in fields(Evidence) if entry.name not in _NUMBERS)


def write_evidence(evidence: Evidence, path: Path) -> None:
    """Write the file.

    Raises:
        OSError: it cannot be written.
    """
    arrays = {name: np.ascontiguousarray(getattr(evidence, name)) for name in _ARRAYS}
    steps = np.round((arrays[_COARSE] - _FLOOR_DB) / _STEP_DB)
    arrays[_COARSE] = np.clip(steps, 0, 255).astype(np.uint8)
    arrays |= {name: arrays[name].astype(np.float16) for name in _CURVES}
    document = {"schema": _SCHEMA, **{name: getattr(evidence, name) for name in _NUMBERS}}
    put(path, save(dict(sorted(arrays.items())), {_KEY: json.dumps(document)}))


def read_evidence(path: Path, graph: Graph) -> Evidence:
    """Return what was measured of a graph's song.

    Raises:
        StoreError: no such file, a damaged one, or that of another graph.
    """
    if not is_plain_file(path):
        raise StoreError(
            f"Expected {path.name} in {path.parent}; there is none, for the fit was made without "
            "a report. Run mixtrace fit again with --fresh."
        )
    packed = read_bytes(path)
    try:
        document = json.loads(note_of(packed).get(_KEY, "{}"))
        arrays = load(packed)
        evidence = _evidence(document, arrays)
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(path) from error
    if not _is_whole(evidence) or not _belongs(evidence, graph):
        raise _damaged(path)
    return evidence


def _damaged(path: Path) -> StoreError:
    return StoreError(
        f"Expected {path} to hold what was measured of this result; it is damaged or belongs to "
        "another. Run mixtrace fit again with --fresh."
    )


def _evidence(document: dict, arrays: dict[str, np.ndarray]) -> Evidence:
    if document["schema"] != _SCHEMA:
        raise ValueError(document["schema"])
    kept = {name: arrays[name] for name in _ARRAYS}
    kept |= {name: kept[name].astype(np.float32) for name in _CURVES}
    kept[_COARSE] = (_FLOOR_DB + _STEP_DB * kept[_COARSE]).astype(np.float32)
    frame_s, curve_s = (float(document[name]) for name in _NUMBERS)
    return Evidence(frame_s, curve_s, **kept)


def _is_whole(evidence: Evidence) -> bool:
    """Return whether every number is one that can be drawn, or nothing was weighed."""
    steps = (evidence.frame_s, evidence.curve_s)
    arrays = (getattr(evidence, name) for name in _ARRAYS if name != "increases")
    weighed = np.isfinite(evidence.increases)
    if not weighed.all() and not np.isnan(evidence.increases).all():
        return False
    return all(0.0 < step < np.inf for step in steps) and all(
        bool(np.isfinite(array).all()) for array in arrays
    )


def _belongs(evidence: Evidence, graph: Graph) -> bool:
    """Return whether the shapes are those of the graph's song, and none is empty."""
    bands, tracks = len(evidence.bands_hz) - 1, len(graph.inputs)
    curves = evidence.gain_db.shape
    return (
        evidence.spectra_db.shape[:3] == (2, 2, bands)
        and evidence.spectra_db.size > 0
        and evidence.track_spectra_db.shape == (tracks, 2, bands)
        and evidence.track_sides_db.shape == (tracks, 2, 2)
        and evidence.input_db.shape == curves
        and len(curves) == 2
        and curves[0] == len(evidence.dynamics)
        and curves[1] > 0
        and set(evidence.dynamics.tolist()) <= set(graph.processors)
        and evidence.increases.shape == (len(graph.processors),)
        and evidence.window_losses.ndim == 1
        and evidence.window_losses.size > 0
    )
