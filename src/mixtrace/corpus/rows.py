"""One song's rows in the tables of a data set, from the files of its result."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mixtrace.corpus.gain_file import gain_name, read_gains
from mixtrace.corpus.song_file import CollectedSong, read_song
from mixtrace.corpus.song_row import FoundFacts, Row, read_found, song_row
from mixtrace.errors import StoreError
from mixtrace.graph import Edge, Strip
from mixtrace.processors import WET, processor
from mixtrace.session import guess_group
from mixtrace.store import (
    GRAPH,
    SURENESS,
    Interval,
    Setting,
    StoredGraph,
    StoredTrack,
    Sureness,
    is_plain_file,
    read_document,
    read_graph,
    read_sureness,
)
from mixtrace.store.graph_file import GRAPH_SCHEMA

__all__ = ["Row", "SongRows", "read_rows"]


def read_rows(folder: Path, place: str) -> "SongRows":
    """Return the rows of the song whose result lies in a folder.

    Args:
        folder: with `song.json` and the files of a result.
        place: the folder as the tables name it, relative to the data set.

    Raises:
        StoreError: a file is missing or damaged.
    """
    known, stored = read_song(folder), read_graph(folder / GRAPH)
    path = folder / SURENESS
    sureness = read_sureness(path, stored) if is_plain_file(path) else Sureness({})
    document = read_document(folder / GRAPH, GRAPH_SCHEMA)
    found = read_found(folder) if known.found else None
    return SongRows(known, stored, sureness, found, _gained(folder, known, stored), document, place)


@dataclass(frozen=True, eq=False)
class SongRows:
    """What the tables hold of one song.

    Attributes:
        known: what the collection knows of it.
        stored: its graph.
        sureness: how sure its settings are.
        found: how it was found and how well it matches; None where it is the truth.
        gained: the nodes whose gain over the song is kept.
        document: its `graph.json`.
        place: the folder of its result in the data set.
    """

    known: CollectedSong
    stored: StoredGraph
    sureness: Sureness
    found: FoundFacts | None
    gained: frozenset[int]
    document: Mapping[str, Any]
    place: str

    def tables(self) -> dict[str, list[Row]]:
        """Return its rows by table."""
        return {
            "songs": [self._song()],
            "tracks": [*self._tracks()],
            "nodes": [*self._nodes()],
            "edges": [self._edge(edge) for edge in self.stored.graph.edges],
            "removed": [*self._removed()],
        }

    def _song(self) -> Row:
        vectors = self.document["params_sha256"]
        return song_row(self.known, self.stored, self.found, vectors, self.place)

    def _tracks(self) -> Iterator[Row]:
        strips = [self.stored.graph.nodes[i].strip for i in self.stored.graph.inputs]
        for track, strip in zip(self.stored.tracks, strips, strict=True):
            yield self._track(track, strip)
        for track in self.stored.unused:
            yield self._track(track, None)

    def _track(self, track: StoredTrack, strip: int | None) -> Row:
        lies = track.alignment
        return {
            "song": self.known.song,
            "track": track.name,
            "strip": strip,
            "group": track.group,
            "family": guess_group(track.name),
            "instrument": self.known.facts.instruments.get(track.name, ""),
            "used": strip is not None,
            "delay_s": lies.delay_s,
            "polarity": lies.polarity,
            "drift_ppm": lies.drift_ppm,
            "confidence": lies.confidence,
        }

    def _nodes(self) -> Iterator[Row]:
        graph = self.stored.graph
        parameters = {entry["id"]: entry.get("parameters", {}) for entry in self.document["nodes"]}
        increases = dict(zip(graph.processors, self.known.without, strict=False))
        places: dict[int, int] = {}
        for i, node in graph.nodes.items():
            strip = graph.strips[node.strip]
            places[node.strip] = places.get(node.strip, -1) + 1
            low, high = self._limits(i, WET, 1)
            yield {
                "song": self.known.song,
                "node": i,
                "kind": node.kind,
                "role": strip.role,
                "strip": node.strip,
                "strip_name": strip.name,
                **self._heard_on(strip),
                "place": places[node.strip],
                "keyed": graph.keyed(i),
                "wet": float(self.stored.settings.value(i, WET)) if node.is_processor else None,
                "wet_low": low[0] if low else None,
                "wet_high": high[0] if high else None,
                "l_a_without": increases.get(i),
                "settings": [self._setting(i, *each) for each in parameters[i].items()],
                "gain_vector": gain_name(i) if i in self.gained else None,
            }

    def _heard_on(self, strip: Strip) -> Row:
        """Return what plays on a strip: of a bus, what its name suggests."""
        family = guess_group(strip.name) if strip.role in ("track", "bus") else ""
        known = self.known.facts.instruments.get(strip.name, "") if strip.role == "track" else ""
        return {"family": family, "instrument": known or strip.instrument}

    def _setting(self, node: int, name: str, entry: Mapping[str, Any]) -> Row:
        values = [] if "tensor" in entry else [*_flat(entry["value"])]
        low, high = self._limits(node, name, len(values))
        return {
            "name": name,
            "unit": entry.get("unit", ""),
            "values": values,
            "low": low,
            "high": high,
            "vector": entry.get("tensor"),
        }

    def _limits(
        self, node: int, name: str, rows: int
    ) -> tuple[list[float] | None, list[float] | None]:
        """Return where the numbers of a setting lie nine times of ten; None where not told."""
        found = [self._intervals.get(Setting(node, name, row)) for row in range(rows)]
        if not found or None in found:
            return None, None
        told = [each for each in found if each is not None]
        return [each.low for each in told], [each.high for each in told]

    @cached_property
    def _intervals(self) -> Mapping[Setting, Interval]:
        return self.sureness.intervals

    def _edge(self, edge: Edge) -> Row:
        return {
            "song": self.known.song,
            "source": edge.source,
            "destination": edge.destination,
            "port": edge.port,
            "level_db": edge.level_db,
            "send_db": self._send_db(edge),
        }

    def _send_db(self, edge: Edge) -> float | None:
        """Return the level of a send with that of the wire behind it; None for other nodes."""
        node = self.stored.graph.nodes[edge.source]
        if not node.is_processor or processor(node.kind).removal != "cut":
            return None
        return edge.level_db + float(self.stored.node(edge.source).mixed_db("level_db"))

    def _removed(self) -> Iterator[Row]:
        for each in self.found.fit["removed"] if self.found else ():
            yield {
                "song": self.known.song,
                "node": each["node"],
                "kind": each["kind"],
                "strip_name": each["name"],
                "round": each["round"],
                "l_a": each["loss"],
            }


def _gained(folder: Path, known: CollectedSong, stored: StoredGraph) -> frozenset[int]:
    """Return the nodes whose gain over the song is kept."""
    if known.gains_sha256 is None:
        return frozenset()
    nodes = frozenset(read_gains(folder, known.gains_sha256).gains_db)
    strange = nodes.difference(stored.graph.processors)
    if strange:
        raise StoreError(
            f"Expected gains of processors of the graph in {folder}; there are some of node "
            f"{min(strange)}, which is none. Collect the corpus anew."
        )
    return nodes


def _flat(value: Any) -> Iterator[float]:
    """Yield the numbers of nested lists.

    >>> [*_flat([[1.0, 2.0], [3.0]])]
    [1.0, 2.0, 3.0]
    """
    if isinstance(value, list):
        for each in value:
            yield from _flat(each)
    elif math.isfinite(value):
        yield float(value)
