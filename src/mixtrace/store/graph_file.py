"""`graph.json` and `params.safetensors`: a graph, its settings and its tracks, for people to read.

Numbers are physical and carry their unit. What a parameter has up to eight of stands in the JSON,
longer vectors in the safetensors file beside it, whose hash the JSON holds. docs/graph-format.md
describes every key.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import save
from torch import Tensor

from mixtrace.graph import Graph, graph_to_json
from mixtrace.params import ParamSpec
from mixtrace.processors import Settings, processor
from mixtrace.session import Alignment
from mixtrace.store.files import JSON, write_document
from mixtrace.store.fingerprint import mixtrace_version
from mixtrace.store.temporary import put

__all__ = [
    "DOCUMENT_KEYS",
    "GRAPH_SCHEMA",
    "TRACK_KEYS",
    "StoredGraph",
    "StoredTrack",
    "write_graph",
]

GRAPH_SCHEMA = "mixtrace.graph/3"
"""Changes with every change of the format, additions too."""

DOCUMENT_KEYS = ("mixtrace", "song", "params_sha256", "tracks", "unused", "nodes", "edges")
TRACK_KEYS = ("name", "group", "delay_s", "polarity", "confidence", "drift_ppm")

_MOST_INLINE = 8


@dataclass(frozen=True)
class StoredTrack:
    """A track as the graph expects it.

    Attributes:
        name: that of its input node.
        group: its bus.
        alignment: how its file is moved before it is mixed.
    """

    name: str
    group: str
    alignment: Alignment


@dataclass(frozen=True)
class StoredGraph:
    """Everything that is needed to render a mix from its tracks.

    Attributes:
        song: the song's name.
        tracks: in the order of the graph's inputs.
        graph: the structure.
        settings: the numbers.
        unused: tracks of the song that are not heard in its mix and feed nothing.
    """

    song: str
    tracks: tuple[StoredTrack, ...]
    graph: Graph
    settings: Settings
    unused: tuple[StoredTrack, ...] = ()


def write_graph(stored: StoredGraph, graph_path: Path, params_path: Path) -> None:
    """Write the two files of a graph.

    Args:
        stored: the graph; its settings are checked.
        graph_path: where the JSON is written.
        params_path: where the long vectors are; what reads them looks for `params.safetensors`
            beside the JSON.

    Raises:
        GraphError: when the settings do not fit the graph.
        OSError: a file cannot be written.
    """
    graph = stored.graph
    stored.settings.check({kind: len(graph.of_kind(kind)) for kind in graph.kinds()})
    document = graph_to_json(graph)
    tensors: dict[str, np.ndarray] = {}
    for i, spec, value in _parameters(graph, stored.settings):
        entries = document["nodes"][i].setdefault("parameters", {})
        entries[spec.name] = _entry(f"node{i}.{spec.name}", spec, value, tensors)
    for i, wet in _weights(graph, stored.settings):
        document["nodes"][i]["wet"] = _numbers(wet)
    packed = save(dict(sorted(tensors.items())))
    content = {
        "mixtrace": mixtrace_version(),
        "song": stored.song,
        "params_sha256": hashlib.sha256(packed).hexdigest(),
        "tracks": [_track_table(track) for track in stored.tracks],
        "unused": [_track_table(track) for track in stored.unused],
        **document,
    }
    put(params_path, packed)
    write_document(graph_path, GRAPH_SCHEMA, content)


def _parameters(graph: Graph, settings: Settings) -> Iterator[tuple[int, ParamSpec, Tensor]]:
    for kind in graph.kinds():
        for spec in processor(kind).params:
            rows = settings.values[kind][spec.name].detach().cpu()
            yield from ((i, spec, row) for i, row in zip(graph.of_kind(kind), rows, strict=True))


def _weights(graph: Graph, settings: Settings) -> Iterator[tuple[int, Tensor]]:
    for kind in graph.kinds():
        yield from zip(graph.of_kind(kind), settings.wet[kind].detach().cpu(), strict=True)


def _entry(
    name: str, spec: ParamSpec, value: Tensor, tensors: dict[str, np.ndarray]
) -> dict[str, JSON]:
    """Return the JSON of one parameter; a long one is added to the tensors."""
    unit = {"unit": spec.unit} if spec.unit else {}
    if value.numel() <= _MOST_INLINE:
        return {"value": _numbers(value), **unit}
    tensors[name] = np.ascontiguousarray(value.numpy())
    return {"tensor": name, **unit}


def _numbers(value: Tensor) -> JSON:
    """Return a tensor as nested lists of the shortest decimals that give the same tensor again."""
    if value.ndim:
        return [_numbers(row) for row in value]
    return float(str(value.numpy()[()]))


def _track_table(track: StoredTrack) -> dict[str, JSON]:
    how = track.alignment
    values = (
        track.name,
        track.group,
        how.delay_s,
        how.polarity,
        how.confidence,
        how.drift_ppm,
    )
    return dict(zip(TRACK_KEYS, values, strict=True))
