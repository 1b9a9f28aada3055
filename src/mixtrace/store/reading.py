"""Reading `graph.json`, which may be a stranger's: keys, types, shapes and ranges are checked."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.numpy import load
from torch import Tensor

from mixtrace.errors import GraphError, StoreError
from mixtrace.graph import Graph, graph_from_json
from mixtrace.params import ParamSpec
from mixtrace.processors import NodeSettings, Settings, processor
from mixtrace.session import Alignment
from mixtrace.session.song import MOST_NAME_CHARACTERS, MOST_TRACKS
from mixtrace.store.files import JSON, read_document
from mixtrace.store.folder import PARAMS
from mixtrace.store.graph_file import (
    DOCUMENT_KEYS,
    GRAPH_SCHEMA,
    TRACK_KEYS,
    StoredGraph,
    StoredTrack,
)
from mixtrace.store.opening import read_bytes

__all__ = ["read_graph"]

_LONGEST_DELAY_S = 301.0  # the farthest a track is looked for, and the precise pass around it
_MOST_DRIFT_PPM = 400.0  # the fastest clock that is looked for, and what is found beyond the line


def read_graph(path: Path) -> StoredGraph:
    """Return the graph of a `graph.json`, with the long vectors of the file beside it.

    Raises:
        StoreError: a missing or damaged file, another schema version, or content that is not a
            valid graph with settings that fit it.
    """
    document = read_document(path, GRAPH_SCHEMA)
    try:
        _check_keys(document, DOCUMENT_KEYS, "the document")
        tensors = _read_params(path.with_name(PARAMS), document["params_sha256"])
        tracks, unused = (
            tuple(_read_track(entry) for entry in _listed(document[key], key))
            for key in ("tracks", "unused")
        )
        graph = graph_from_json(document)
        _check_names(graph, tracks)
        settings = _read_settings(graph, document["nodes"], tensors)
        settings.check({i: graph.nodes[i].kind for i in graph.processors})
        return StoredGraph(_text(document["song"], "song"), tracks, graph, settings, unused)
    except (GraphError, StoreError) as error:
        raise StoreError(f"{path} cannot be used. {error}") from error


def _read_params(path: Path, expected_hash: JSON) -> dict[str, np.ndarray]:
    try:
        packed = read_bytes(path)
        tensors = load(packed)
    except StoreError:
        raise
    except (OSError, SafetensorError, ValueError, KeyError) as error:
        raise StoreError(
            f"Expected its long parameters in {path.name} beside it; that file is missing or "
            "damaged. Copy both files together."
        ) from error
    if hashlib.sha256(packed).hexdigest() != expected_hash:
        raise StoreError(
            f"Expected the {path.name} that was written with it; the one beside it is another. "
            "Copy both files together."
        )
    return tensors


def _read_track(entry: JSON) -> StoredTrack:
    _check_keys(entry, TRACK_KEYS, "a track")
    polarity = entry["polarity"]
    if type(polarity) is not int or abs(polarity) != 1:
        raise StoreError(f"Expected a polarity of 1 or -1; got {_shown(polarity)}. Correct it.")
    delay_s = _number(entry["delay_s"], "delay_s")
    if abs(delay_s) > _LONGEST_DELAY_S:
        raise StoreError(
            f"Expected a delay_s within {_LONGEST_DELAY_S:.0f} s; got {delay_s:g}. Correct it."
        )
    drift_ppm = _number(entry["drift_ppm"], "drift_ppm")
    if abs(drift_ppm) > _MOST_DRIFT_PPM:
        raise StoreError(
            f"Expected a drift_ppm within {_MOST_DRIFT_PPM:.0f}; got {drift_ppm:g}. Correct it."
        )
    confidence = _number(entry["confidence"], "confidence")
    alignment = Alignment(delay_s, polarity, confidence, drift_ppm)
    return StoredTrack(_text(entry["name"], "name"), _text(entry["group"], "group"), alignment)


def _check_names(graph: Graph, tracks: Sequence[StoredTrack]) -> None:
    for strip in graph.strips.values():
        _text(strip.name, "name")
        _text(strip.instrument, "instrument")
    inputs = [graph.name(i) for i in graph.inputs]
    if inputs != [track.name for track in tracks]:
        raise StoreError(
            f"Expected one track for each input, in order; there are {len(tracks)} tracks for "
            f"{len(inputs)} inputs, or their names differ. Correct the tracks."
        )


def _read_settings(
    graph: Graph, nodes: list[dict[str, JSON]], tensors: Mapping[str, np.ndarray]
) -> Settings:
    found: dict[int, NodeSettings] = {}
    for entry in nodes:
        i, kind = entry["id"], entry["kind"]
        own = ("parameters", "wet") if graph.nodes[i].is_processor else ()
        _check_keys(entry, ("id", "kind", "strip", *own), f"node {i}")
        if not own:
            continue
        specs = processor(kind).params
        _check_keys(entry["parameters"], [spec.name for spec in specs], f"node {i}")
        values = {
            spec.name: _read_entry(entry["parameters"][spec.name], spec, i, tensors)
            for spec in specs
        }
        found[i] = NodeSettings(kind, values, _number(entry["wet"], f"wet of node {i}"))
    return Settings.of({i: found[i] for kind in graph.kinds() for i in graph.of_kind(kind)})


def _read_entry(
    entry: JSON, spec: ParamSpec, node: int, tensors: Mapping[str, np.ndarray]
) -> Tensor:
    where = f"{spec.name} of node {node}"
    source = "tensor" if isinstance(entry, dict) and "tensor" in entry else "value"
    _check_keys(entry, (source, "unit") if spec.unit else (source,), where)
    if spec.unit and entry["unit"] != spec.unit:
        raise StoreError(f"Expected {where} in {spec.unit!r}; got {_shown(entry['unit'])}.")
    if source == "value":
        value = entry["value"]
        shape = _shape(spec, len(value) if isinstance(value, list) else 0)
        array = np.array(value, np.float64) if _is_array(value, shape) else None
    else:
        array = _named(entry["tensor"], tensors)
        shape = _shape(spec, len(array) if array is not None and array.ndim else 0)
    if array is None or array.shape != shape or array.dtype.kind != "f":
        came = "something else" if array is None else f"{array.dtype} of shape {array.shape}"
        raise StoreError(f"Expected {where} as numbers of shape {shape}; got {came}. Correct it.")
    with np.errstate(over="ignore"):  # the range check names what has become infinite
        return torch.from_numpy(array.astype(np.float32))


def _shape(spec: ParamSpec, length: int) -> tuple[int, ...]:
    """Return the shape that a parameter should have; where its length varies it has its own."""
    return (max(1, length), *spec.shape[1:]) if spec.varies else spec.shape


def _named(name: JSON, tensors: Mapping[str, np.ndarray]) -> np.ndarray | None:
    return tensors.get(name) if isinstance(name, str) else None


def _is_array(value: JSON, shape: Sequence[int]) -> bool:
    """Return whether a value is a number or nested lists of numbers of a shape."""
    if not shape:
        return type(value) is float or (type(value) is int and abs(value) <= 1e30)
    listed = isinstance(value, list) and len(value) == shape[0]
    return listed and all(_is_array(entry, shape[1:]) for entry in value)


def _check_keys(table: JSON, expected: Sequence[str], where: str) -> None:
    found = set(table) if isinstance(table, dict) else None
    if found != set(expected):
        wrong = "no table" if found is None else _shown(sorted(found ^ set(expected))[0])
        raise StoreError(
            f"Expected the keys {', '.join(expected)} in {where}; "
            f"missing, unknown or wrong is {wrong}. Correct it."
        )


def _listed(value: JSON, where: str) -> list[JSON]:
    if not isinstance(value, list) or len(value) > MOST_TRACKS:
        raise StoreError(
            f"Expected a list of {where}, at most {MOST_TRACKS}; got {_shown(value)}. Correct it."
        )
    return value


def _text(value: JSON, where: str) -> str:
    if not isinstance(value, str) or not value.isprintable() or len(value) > MOST_NAME_CHARACTERS:
        raise StoreError(
            f"Expected printable text of at most {MOST_NAME_CHARACTERS} characters as {where}; "
            f"got {_shown(value)}. Correct it."
        )
    return value


def _number(value: JSON, where: str) -> float:
    if type(value) not in (int, float) or abs(value) > 1e30:
        raise StoreError(f"Expected a number as {where}; got {_shown(value)}. Correct it.")
    return float(value)


def _shown(value: JSON) -> str:
    return ascii(value[:60] if isinstance(value, str | list) else value)[:60]
