"""A song's row in the table of songs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mixtrace.corpus.song_file import CollectedSong
from mixtrace.store import StoredGraph, read_fit, read_metrics

__all__ = ["FoundFacts", "Row", "read_found", "song_row"]

Row = dict[str, Any]


@dataclass(frozen=True, eq=False)
class FoundFacts:
    """How a graph was found, and how well it matches.

    Attributes:
        fit: what `fit.json` says.
        metrics: what `metrics.json` says.
    """

    fit: Mapping[str, Any]
    metrics: Mapping[str, Any]


def read_found(folder: Path) -> FoundFacts:
    """Return how the graph in a folder was found.

    Raises:
        StoreError: a file is missing or damaged.
    """
    return FoundFacts(read_fit(folder), read_metrics(folder))


def song_row(
    known: CollectedSong, stored: StoredGraph, found: FoundFacts | None, vectors: str, place: str
) -> Row:
    """Return the row; what only a search tells is left out where the graph is the truth.

    Args:
        known: what the collection knows of the song.
        stored: its graph.
        found: how that was found; None where it is the truth.
        vectors: digest of its long settings.
        place: the folder of its result in the data set.
    """
    graph = stored.graph
    roles = [strip.role for strip in graph.strips.values()]
    row = {
        "song": known.song,
        "dataset": known.dataset,
        "licence": known.licence,
        "artist": known.facts.artist,
        "title": known.facts.title,
        "genre": known.facts.genre,
        "split": known.facts.split,
        "notes": [*known.facts.notes],
        "found": known.found,
        "seconds": known.seconds,
        "sample_rate_hz": known.sample_rate_hz,
        "tracks": len(stored.tracks),
        "unused_tracks": len(stored.unused),
        "buses": roles.count("bus"),
        "returns": roles.count("return"),
        "processors": len(graph.processors),
        "mixtrace": known.mixtrace,
        "folder": place,
        "vectors_sha256": vectors,
        "gains_sha256": known.gains_sha256,
    }
    return row if found is None else row | _found(known, found)


def _found(known: CollectedSong, found: FoundFacts) -> Row:
    """Return what only a search tells."""
    fit, metrics = found.fit, found.metrics
    held_out = metrics.get("held_out")
    return {
        "notes": [*known.facts.notes, *fit["notes"]],
        "console_processors": fit["processors"]["console"],
        "l_a_sum": fit["losses"].get("sum", {}).get("published"),
        "l_a": metrics["published"]["l_a"],
        "l_a_eq4": metrics["eq4"]["l_a"],
        "l_a_unseen": held_out and held_out["unseen"]["published"]["l_a"],
        "mae": metrics.get("mae"),
        "mrsd": metrics.get("mrsd"),
        **metrics["target"],
        "loudness_difference_lu": metrics["loudness_difference_lu"],
        "ended": fit["ended"],
        "seed": fit["config"]["seed"],
    }
