"""`graph.json` and `params.safetensors`: a graph, its settings and its tracks, for people to read.

Numbers are physical and carry their unit. What a parameter has up to eight of stands in the JSON,
longer vectors in the safetensors file beside it, whose hash the JSON holds. docs/graph-format.md
describes every key.
"""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from safetensors.numpy import save
from torch import Tensor

from mixtrace.graph import Graph, graph_to_json
from mixtrace.params import ParamSpec
from mixtrace.processors import WET, NodeSettings, Settings, processor
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

GRAPH_SCHEMA = "mixtrace.graph/4"
"""Changes with every change of the format, additions too."""

DOCUMENT_KEYS = (
    *("mixtrace", "song", "params_sha256", "tracks", "unused"),
    *("strips", "nodes", "edges"),
)
TRACK_KEYS = ("name", "group", "delay_s", "polarity", "confidence", "drift_ppm")

_MOST_INLINE = 8


@dataclass(frozen=True)
class StoredTrack:
    """A track as the graph expects it.

    Attributes:
        name: that of its strip.
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

    def node(self, number: int) -> NodeSettings:
        """Return the settings of a processor, and whether its key is fed."""
        return replace(self.settings[number], keyed=self.graph.keyed(number))


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
    stored.settings.check({i: graph.nodes[i].kind for i in graph.processors})
    document = graph_to_json(graph)
    tensors: dict[str, np.ndarray] = {}
    for entry in document["nodes"]:
        i = entry["id"]
        if i in stored.settings:
            entry["parameters"] = {
                spec.name: _entry(
                    f"node{i}.{spec.name}",
                    spec,
                    stored.settings.value(i, spec.name).detach().cpu(),
                    tensors,
                )
                for spec in processor(entry["kind"]).params
            }
            entry["wet"] = _numbers(stored.settings.value(i, WET).detach().cpu())
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
