"""What a data set holds, counted and measured song by song."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Float

from mixtrace.corpus import GraphDataset
from mixtrace.processors import PROCESSORS
from mixtrace.surveying.measuring import (
    GRID_HZ,
    LEVELS_DB,
    Measured,
    Quantity,
    measured,
    quantity_of,
)
from mixtrace.surveying.places import places_of, removed_place
from mixtrace.surveying.tallies import CurveTally, Numbers

__all__ = ["ALL", "FACTS", "SEND", "Kept", "Survey", "take_survey"]

ALL = "all"
"""The place that stands for all places together."""

SEND = Quantity("", "send_db", "level of sends", "dB")
"""By the track that sends, the wires behind the send included."""

FACTS: Mapping[str, str] = {
    "seconds": "length, s",
    "tracks": "tracks (sources)",
    "unused_tracks": "tracks left out",
    "buses": "buses",
    "returns": "returns",
    "processors": "processors",
    "nodes": "nodes",
    "edges": "edges",
    "l_a_sum": "L_a of the plain sum",
    "l_a": "L_a of the graph",
    "removed": "share removed",
}
"""Numbers of a song -> in words."""

_WANTED = {
    "nodes": ("node", "kind", "role", "strip_name", "family"),
    "edges": ("source", "send_db"),
    "removed": ("node", "kind", "strip_name"),
}


@dataclass
class Kept:
    """Processors of one kind in one place: how many stayed, and how many were tried and removed."""

    kept: int = 0
    removed: int = 0

    @property
    def console(self) -> int:
        """How many there were before any was removed."""
        return self.kept + self.removed

    @property
    def share(self) -> float:
        """The share that stayed."""
        return self.kept / self.console


@dataclass(eq=False)
class Survey:
    """What a data set holds.

    Attributes:
        songs: their identities.
        datasets: how many songs each corpus has that they come from.
        licences: whose audio they are.
        truths: how many of the graphs are those that mixed the songs, and were not found.
        facts: name in `FACTS` -> its value for each song; NaN where it is not known.
        kept: (kind, place) -> what stayed.
        settings: (quantity, place) -> the numbers.
        tones: (kind, place) -> tone curves over `GRID_HZ`.
        levels: (kind, place) -> gains over `LEVELS_DB`.
    """

    songs: list[str] = field(default_factory=list)
    datasets: list[str] = field(default_factory=list)
    licences: set[str] = field(default_factory=set)
    truths: int = 0
    facts: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in FACTS})
    kept: dict[tuple[str, str], Kept] = field(default_factory=lambda: defaultdict(Kept))
    settings: dict[tuple[Quantity, str], Numbers] = field(
        default_factory=lambda: defaultdict(Numbers)
    )
    tones: dict[tuple[str, str], CurveTally] = field(
        default_factory=lambda: defaultdict(lambda: CurveTally(len(GRID_HZ)))
    )
    levels: dict[tuple[str, str], CurveTally] = field(
        default_factory=lambda: defaultdict(lambda: CurveTally(len(LEVELS_DB)))
    )

    def fact(self, name: str) -> Float[np.ndarray, " song"]:
        """Return a number of all songs."""
        return np.array(self.facts[name], np.float64)


def take_survey(
    dataset: GraphDataset, on_song: Callable[[int, int], None] = lambda done, total: None
) -> Survey:
    """Count and measure the songs of a data set; one song at a time is in memory.

    Args:
        dataset: where they are.
        on_song: told how many songs are read, of how many.

    Raises:
        StoreError: a table or a graph is damaged.
    """
    survey = Survey()
    songs = dataset.tables["songs"].to_pylist()
    rows = dataset.tables.by_song(_WANTED)
    for number, (song, (_, own)) in enumerate(zip(songs, rows, strict=True), 1):
        places = places_of(own["nodes"])
        _add_facts(survey, song, own)
        _add_kept(survey, own, places)
        _add_sends(survey, own, places)
        for where, found in _by_place(dataset, song, places):
            _add_measured(survey, where, found)
        on_song(number, len(songs))
    return survey


def _add_facts(survey: Survey, song: Mapping[str, Any], own: Mapping[str, list[Any]]) -> None:
    survey.songs.append(song["song"])
    survey.datasets.append(song["dataset"])
    survey.licences.add(song["licence"])
    survey.truths += song["found"] is False
    console = song["console_processors"]
    told: dict[str, Any] = {**song, "nodes": len(own["nodes"]), "edges": len(own["edges"])}
    told["removed"] = 1.0 - song["processors"] / console if console else None
    for name, values in survey.facts.items():
        values.append(np.nan if told[name] is None else float(told[name]))


def _add_kept(survey: Survey, own: Mapping[str, list[Any]], places: Mapping[int, str]) -> None:
    for row in own["nodes"]:
        if row["kind"] in PROCESSORS:
            for where in (places[row["node"]], ALL):
                survey.kept[row["kind"], where].kept += 1
    for row in own["removed"]:
        if row["kind"] not in PROCESSORS:
            continue
        for where in (removed_place(row, own["nodes"]), ALL):
            survey.kept[row["kind"], where].removed += 1


def _add_sends(survey: Survey, own: Mapping[str, list[Any]], places: Mapping[int, str]) -> None:
    for row in own["edges"]:
        if row["send_db"] is not None:
            for where in (places.get(row["source"], "other"), ALL):
                survey.settings[SEND, where].add(np.array([row["send_db"]]))


def _add_measured(survey: Survey, where: str, found: Measured) -> None:
    for name, values in found.numbers.items():
        survey.settings[quantity_of(found.kind, name), where].add(values.ravel())
    if found.tone_db is not None:
        survey.tones[found.kind, where].add(found.tone_db)
    if found.level_db is not None:
        survey.levels[found.kind, where].add(found.level_db)


def _by_place(
    dataset: GraphDataset, song: Mapping[str, Any], places: Mapping[int, str]
) -> Iterator[tuple[str, Measured]]:
    """Yield what was measured of a song's processors, place by place and in all of them."""
    name = song["song"]
    gains_db = {} if song["gains_sha256"] is None else dataset.gains(name).gains_db
    for every in measured(dataset.graph(name), gains_db):
        found = np.array([places.get(i, "other") for i in every.nodes])
        yield ALL, every
        for where in dict.fromkeys(found.tolist()):
            yield where, every.only(found == where)
