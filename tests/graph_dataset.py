"""Small data sets of graphs, written row by row from graphs that a test makes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mixtrace.corpus.schema import TABLES, marked
from mixtrace.interpret import Desk, TrackStrip, node_of
from mixtrace.processors import NodeSettings
from mixtrace.session import Alignment, guess_group
from mixtrace.store import GRAPH, PARAMS, StoredGraph, StoredTrack, write_graph

__all__ = ["PlannedSong", "desk", "write_dataset"]


@dataclass(frozen=True)
class PlannedSong:
    """A song of a data set.

    Attributes:
        desk: its graph.
        facts: its row of the table of songs, where it matters.
        removed: (kind, name of the strip) of each removed processor.
    """

    desk: Desk
    facts: Mapping[str, Any]
    removed: Sequence[tuple[str, str]] = ()


def desk(
    tracks: Mapping[str, Sequence[NodeSettings]],
    sends: Mapping[str, Mapping[str, NodeSettings]] | None = None,
    **more: Any,
) -> Desk:
    """Return a desk of tracks with a fader each behind what is given, and sends by track."""
    strips = [
        TrackStrip(name, "", [*nodes, node_of("fader", level_db=-3.0)], (sends or {}).get(name, {}))
        for name, nodes in tracks.items()
    ]
    return Desk(strips, **more)


def write_dataset(folder: Path, songs: Mapping[str, PlannedSong]) -> None:
    """Write tables and graphs of songs."""
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    for song, planned in songs.items():
        graph, settings = planned.desk.built()
        tracks = tuple(StoredTrack(graph.name(i), "", Alignment()) for i in graph.inputs)
        place = f"songs/{len(rows['songs'])}"
        (folder / place).mkdir(parents=True)
        files = (folder / place / name for name in (GRAPH, PARAMS))
        write_graph(StoredGraph(song, tracks, graph, settings), *files)
        kept, gone = len(graph.processors), len(planned.removed)
        told = {"song": song, "folder": place, "tracks": len(tracks), "processors": kept}
        told |= {"console_processors": kept + gone, "dataset": "tree", "licence": "CC0"}
        told |= {"unused_tracks": 0, "buses": len(planned.desk.buses)}
        rows["songs"].append(told | {"returns": len(planned.desk.returns)} | dict(planned.facts))
        for i, node in graph.nodes.items():
            strip = graph.strips[node.strip]
            row = {"song": song, "node": i, "kind": node.kind, "role": strip.role}
            family = guess_group(strip.name) if strip.role in ("track", "bus") else ""
            rows["nodes"].append(row | {"strip_name": strip.name, "family": family})
        for edge in graph.edges:
            sends = graph.nodes[edge.source].kind == "send"
            level_db = float(settings.value(edge.source, "level_db")) if sends else None
            row = {"song": song, "source": edge.source, "destination": edge.destination}
            rows["edges"].append(row | {"send_db": level_db})
        for kind, strip_name in planned.removed:
            row = {"song": song, "node": 999, "kind": kind, "strip_name": strip_name}
            rows["removed"].append(row)
    (folder / "tables").mkdir(parents=True)
    for name in TABLES:
        table = pa.Table.from_pylist(rows[name], schema=marked(name))
        pq.write_table(table, folder / "tables" / f"{name}.parquet")
