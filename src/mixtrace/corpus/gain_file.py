"""`gains.safetensors`: what each dynamics processor and each ride did to the level over a song.

One vector a node, named `gain.` and its number in the graph: a gain in dB for each frame from the
song's start, half-precision numbers, NaN where nothing entered that could be heard. Numbers below
32 dB are exact to 0.01 dB, all others to 0.06 dB.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np
from jaxtyping import Float32
from msgspec import Meta, Struct
from safetensors import SafetensorError
from safetensors.numpy import load, save

from mixtrace.errors import StoreError
from mixtrace.store import LARGEST_ARRAYS_BYTES, MOST_RESULT_S, put, read_bytes, stage
from mixtrace.store.tensors import note_of

__all__ = ["GAINS", "GAIN_STEP_S", "GainCurves", "gain_name", "read_gains", "write_gains"]

GAINS = "gains.safetensors"

GAIN_STEP_S = 0.02
"""What frames advance by, to the nearest sample: 240 kB for ten nodes of a song of 4 minutes."""

_SCHEMA = "mixtrace.gains/1"
_KEY = "mixtrace"
_PREFIX = "gain."
_MOST_DB = 300.0


@dataclass(frozen=True, eq=False)
class GainCurves:
    """Gains over a song.

    Attributes:
        step_s: what frames advance by, from the song's start.
        gains_db: node -> its gain in each frame, dry/wet weight and make-up included; NaN where
            what enters is softer than -80 dB.
    """

    step_s: float
    gains_db: Mapping[int, Float32[np.ndarray, " frame"]]


class _Facts(Struct):
    """What the file says beside its arrays."""

    schema: Literal["mixtrace.gains/1"]
    step_s: Annotated[float, Meta(gt=1e-4, le=10.0)]


def gain_name(node: int) -> str:
    """Return what the vector of a node is called.

    >>> gain_name(12)
    'gain.12'
    """
    return f"{_PREFIX}{node}"


def write_gains(folder: Path, curves: GainCurves) -> str:
    """Write the file into the folder of a song's result, and return its digest (SHA-256).

    Raises:
        StoreError: it cannot be written.
    """
    arrays = {gain_name(i): gains.astype(np.float16) for i, gains in curves.gains_db.items()}
    document = json.dumps({"schema": _SCHEMA, "step_s": curves.step_s})
    content = save(dict(sorted(arrays.items())), {_KEY: document})
    with stage(folder) as part_of:
        put(part_of(GAINS), content)
    return hashlib.sha256(content).hexdigest()


def read_gains(folder: Path, digest: str) -> GainCurves:
    """Return the gains of the song whose result lies in a folder.

    Args:
        folder: of the result.
        digest: of the file, as it was written.

    Raises:
        StoreError: there is no such file, a damaged one, or that of another result.
    """
    path = folder / GAINS
    try:
        content = read_bytes(path, LARGEST_ARRAYS_BYTES)
        if hashlib.sha256(content).hexdigest() != digest:
            raise ValueError("its digest is another")
        curves = _curves(content)
    except (OSError, SafetensorError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise StoreError(
            f"Expected {path} to hold the gains that were measured of this song; it cannot be "
            f"read as that ({why}). Collect the corpus anew."
        ) from error
    return curves


def _curves(content: bytes) -> GainCurves:
    """Return what a file holds.

    Raises:
        SafetensorError: it is none.
        ValueError: it holds something else.
    """
    arrays = load(content)
    facts = msgspec.json.decode(note_of(content).get(_KEY, "{}"), type=_Facts)
    gains_db = {_node(name): _whole(name, array) for name, array in arrays.items()}
    lengths = {len(gains) for gains in gains_db.values()}
    if len(lengths) > 1 or max(lengths, default=0) * facts.step_s > MOST_RESULT_S:
        raise ValueError("its vectors are not those of one song")
    return GainCurves(facts.step_s, dict(sorted(gains_db.items())))


def _node(name: str) -> int:
    number = name.removeprefix(_PREFIX)
    if not (number.isdecimal() and name == gain_name(int(number))):
        raise ValueError(f"{name[:40]!r} names no node")
    return int(number)


def _whole(name: str, array: np.ndarray) -> Float32[np.ndarray, " frame"]:
    gains = array.astype(np.float32)
    if array.dtype != np.float16 or array.ndim != 1 or bool((np.abs(gains) > _MOST_DB).any()):
        raise ValueError(f"{name} holds no gains in dB")
    return gains
