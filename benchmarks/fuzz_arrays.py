"""Damage to files of arrays that keeps their form: other types, shapes and values."""

import hashlib
import json
import struct
from pathlib import Path

import numpy as np
from safetensors.numpy import load, save

__all__ = ["damaged_arrays", "with_own_hash"]

_TYPES = (np.float16, np.float32, np.float64, np.int64, np.int32, np.uint8, np.bool_)
_VALUES = (0.0, -1.0, 1e-38, 1e6, 1e30, np.inf, -np.inf, np.nan, 65_504.0)
_FACTS = (0, -1, 1e-300, 1e9, 1e300, True, None, "1", [], {})


def damaged_arrays(whole: bytes, rng: np.random.Generator) -> bytes:
    """Return a safetensors file with one to three arrays or facts changed."""
    (length,) = struct.unpack("<Q", whole[:8])
    metadata = json.loads(whole[8 : 8 + length]).get("__metadata__")
    arrays = load(whole)
    for _ in range(rng.integers(1, 4)):
        name = list(arrays)[int(rng.integers(len(arrays)))]
        with np.errstate(all="ignore"):
            changed = _changed(arrays[name], rng)
        arrays[name] = np.ascontiguousarray(changed) if changed.ndim else changed
        if metadata and rng.random() < 0.2:
            facts = json.loads(metadata["mixtrace"])
            key = list(facts)[int(rng.integers(len(facts)))]
            facts[key] = _FACTS[int(rng.integers(len(_FACTS)))]
            metadata = {"mixtrace": json.dumps(facts)}
        if rng.random() < 0.1:
            del arrays[name]
        if not arrays:
            break
    return save(arrays, metadata)


def _changed(array: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    match int(rng.integers(0, 6)):
        case 0:
            return array.astype(_TYPES[int(rng.integers(len(_TYPES)))])
        case 1:
            return array[:0] if array.ndim else array
        case 2:
            return array[None] if rng.random() < 0.5 else array.reshape(-1)
        case 3 if array.ndim and len(array):
            return np.concatenate([array, array[:1]])
        case 4:
            return np.array(array.reshape(-1)[0] if array.size else 0, array.dtype)
        case _:
            value = _VALUES[int(rng.integers(len(_VALUES)))]
            changed = array.copy().reshape(-1)
            if changed.size and changed.dtype.kind == "f":
                changed[int(rng.integers(changed.size))] = value
                changed = np.full_like(changed, value) if rng.random() < 0.2 else changed
            return changed.reshape(array.shape)


def with_own_hash(folder: Path) -> None:
    """Write the hash of a graph's parameters into it, so that their content is looked at."""
    path = folder / "graph.json"
    document = json.loads(path.read_text("utf-8"))
    packed = (folder / "params.safetensors").read_bytes()
    document["params_sha256"] = hashlib.sha256(packed).hexdigest()
    path.write_text(json.dumps(document), "utf-8")
