"""`report.safetensors`: what a report tells of the audio, so that it needs no audio again."""

import json
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np
from jaxtyping import Float32, Int64
from msgspec import Meta, Struct
from safetensors import SafetensorError
from safetensors.numpy import load, save

from mixtrace.errors import StoreError
from mixtrace.graph import Graph
from mixtrace.losses import HOP_S
from mixtrace.store.maxima import MOST_RESULT_S
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
        gain_db: what each does to it, dry/wet weight included, beyond its make-up gain; 0 in
            silence.
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
_TYPES = {_COARSE: np.uint8, "dynamics": np.int64} | dict.fromkeys(_CURVES, np.float16)
"""How arrays are stored; all others in single precision."""

_DIMENSIONS = {
    "bands_hz": 1,
    "spectra_db": 4,
    "window_losses": 1,
    "track_spectra_db": 3,
    "track_sides_db": 3,
    "dynamics": 1,
    "input_db": 2,
    "gain_db": 2,
    "increases": 1,
}

_MOST_DB = 300.0
"""Of a level: its power is a number in single precision."""

_LARGEST = 1e6
"""Of a loss or a frequency."""

_Step = Annotated[float, Meta(gt=1e-4, le=10.0)]


class _Facts(Struct):
    """What the file says beside its arrays."""

    schema: Literal["mixtrace.evidence/1"]
    frame_s: _Step
    curve_s: _Step


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
        facts = msgspec.json.decode(note_of(packed).get(_KEY, "{}"), type=_Facts)
        arrays = load(packed)
        evidence = _evidence(facts, arrays)
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


def _evidence(facts: _Facts, arrays: dict[str, np.ndarray]) -> Evidence:
    for name, array in arrays.items():
        if array.dtype != _TYPES.get(name, np.float32) or array.ndim != _DIMENSIONS[name]:
            raise ValueError(f"{name} is {array.dtype} in {array.ndim} dimensions")
    kept = dict(arrays)
    kept |= {name: kept[name].astype(np.float32) for name in _CURVES}
    kept[_COARSE] = (_FLOOR_DB + _STEP_DB * kept[_COARSE]).astype(np.float32)
    return Evidence(facts.frame_s, facts.curve_s, **kept)


def _is_whole(evidence: Evidence) -> bool:
    """Return whether every number is one that can be drawn, or nothing was weighed."""
    if np.isnan(evidence.increases).all():
        evidence = replace(evidence, increases=np.zeros_like(evidence.increases))
    arrays = {name: getattr(evidence, name) for name in _ARRAYS if name != "dynamics"}
    for name, array in arrays.items():
        most = _MOST_DB if name.endswith("_db") else _LARGEST
        if not bool((np.abs(array) <= most).all()):
            return False
    low_hz = float(evidence.bands_hz[0]) if len(evidence.bands_hz) > 1 else 0.0
    rise = bool((np.diff(evidence.bands_hz) > 0.0).all())
    durations_s = (
        evidence.frame_s * evidence.spectra_db.shape[-1],
        evidence.curve_s * evidence.gain_db.shape[-1],
        HOP_S * evidence.window_losses.size,
    )
    return low_hz > 0.0 and rise and max(durations_s) <= MOST_RESULT_S


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
        and curves[0] == len(evidence.dynamics)
        and curves[1] > 0
        and set(evidence.dynamics.tolist()) <= set(graph.processors)
        and evidence.increases.shape == (len(graph.processors),)
        and evidence.window_losses.size > 0
    )
