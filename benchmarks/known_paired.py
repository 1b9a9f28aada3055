"""Settings of a result beside the true ones that they stand for.

Truth and result use other units in places: thresholds count from the level that enters, the level
of a track is all constant gain to the mix. Where they do, the true setting is what the dial would
read if the quantity were the true one and all else as it is.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from known_facts import TRUTH, Dynamics, Echo, Facts, read_truth
from known_facts_found import found_facts
from known_matching import WET_DB, loudest
from known_ways import way

from mixtrace.params import ParamSpec
from mixtrace.processors import WET, processor
from mixtrace.session import read_session
from mixtrace.store import Setting, StoredGraph

__all__ = ["Pair", "paired"]

_SAME_OCTAVES = 0.5  # bells and shelves farther apart are not each other's
_TOLD_DB = 0.5
_EFFECT_DB = 0.5

Told = Mapping[str, Any]


@dataclass(frozen=True)
class Pair:
    """A setting and the truth.

    Attributes:
        label: what it is called in tables.
        setting: which.
        kind: of its node.
        spec: its parameter; None for a weight.
        value, true: as found, and as it should be.
    """

    label: str
    setting: Setting
    kind: str
    spec: ParamSpec | None
    value: float
    true: float


def paired(song: Path, stored: StoredGraph) -> list[Pair]:
    """Return the settings of a result that the truth can be compared with."""
    told = {
        strip["name"]: strip for strip in json.loads((song / TRUTH).read_text("utf-8"))["strips"]
    }
    true = read_truth(song / TRUTH)
    alignments = {track.name: track.alignment for track in stored.tracks}
    session = read_session(song, alignments=alignments)
    audio = {track.name: track.audio for track in session.tracks}
    names = [stored.graph.name(i) for i in stored.graph.inputs]
    found = found_facts(stored, [audio[name] for name in names], session.sample_rate_hz)
    pairs: list[Pair] = []
    for i in stored.graph.inputs:
        name = stored.graph.name(i)
        pairs += _Track(stored, i, told[name], true, found).pairs()
    return pairs


class _Track:
    """A track of a result and of the truth."""

    def __init__(
        self, stored: StoredGraph, node: int, told: Told, true: Facts, found: Facts
    ) -> None:
        self._stored, self._told = stored, told
        name = stored.graph.name(node)
        self._true, self._found = true.tracks[name], found.tracks[name]
        self._heard = true.heard[name]
        self._nodes = [i for i in way(stored.graph, node).own if i in stored.settings]

    def pairs(self) -> Iterator[Pair]:
        """Yield what can be compared."""
        yield from self._place()
        yield from self._equalizer()
        yield from self._dynamics()
        yield from self._echoes()

    def _of_kind(self, *kinds: str) -> list[int]:
        return [i for i in self._nodes if self._stored.graph.nodes[i].kind in kinds]

    def _pair(self, label: str, node: int, name: str, true: float, row: int = 0) -> Pair:
        entry = processor(self._stored.graph.nodes[node].kind)
        spec = None if name == WET else entry.param(name)
        return Pair(
            label, Setting(node, name, row), entry.kind, spec, self._value(node, name, row), true
        )

    def _value(self, node: int, name: str, row: int = 0) -> float:
        own = self._stored.node(node)
        return own.wet if name == WET else float(own.array(name).reshape(-1)[row])

    def _place(self) -> Iterator[Pair]:
        for node in self._of_kind("fader")[:1]:
            true, found = self._true, self._found
            constant_db = float(np.median((found.eq_db - true.eq_db)[self._heard]))
            off_db = found.level_db + constant_db - true.level_db
            level_db = self._value(node, "level_db") - off_db
            yield self._pair("fader: level", node, "level_db", level_db)
            pan = self._value(node, "pan") - (found.pan - true.pan)
            yield self._pair("fader: pan", node, "pan", pan)

    def _equalizer(self) -> Iterator[Pair]:
        bands = [b for p in self._told["processors"] if p["type"] == "eq" for b in p["bands"]]
        for node in self._of_kind("parametric_equalizer")[:1]:
            yield from self._bells(node, [b for b in bands if b["shape"] == "bell"])
            for band in bands:
                yield from self._band(node, band)

    def _band(self, node: int, band: Told) -> Iterator[Pair]:
        shape, words = band["shape"], band["shape"].replace("_", " ")
        true_hz = band["frequency_hz"]
        if shape in ("high_pass", "low_pass"):
            if self._value(node, f"{shape}_db_per_octave"):
                yield self._pair(f"EQ: {words} frequency", node, f"{shape}_hz", true_hz)
        elif shape != "bell":
            found_db = self._value(node, f"{shape}_db")
            near = abs(np.log2(self._value(node, f"{shape}_hz") / true_hz)) <= 2 * _SAME_OCTAVES
            if found_db * band["gain_db"] > 0.0 and abs(found_db) >= _TOLD_DB and near:
                yield self._pair("EQ: shelf frequency", node, f"{shape}_hz", true_hz)
                yield self._pair("EQ: shelf gain", node, f"{shape}_db", band["gain_db"])

    def _bells(self, node: int, bands: Sequence[Told]) -> Iterator[Pair]:
        own = self._stored.node(node)
        places = np.log2(own.array("bell_hz"))
        gains_db = own.array("bell_db")
        distances = [
            (abs(places[row] - np.log2(band["frequency_hz"])), row, number)
            for row in range(len(places))
            for number, band in enumerate(bands)
            if gains_db[row] * band["gain_db"] > 0.0 and abs(gains_db[row]) >= _TOLD_DB
        ]
        rows: set[int] = set()
        numbers: set[int] = set()
        for distance, row, number in sorted(distances):
            if distance > _SAME_OCTAVES or row in rows or number in numbers:
                continue
            rows.add(row)
            numbers.add(number)
            band = bands[number]
            yield self._pair("EQ: bell frequency", node, "bell_hz", band["frequency_hz"], row)
            yield self._pair("EQ: bell gain", node, "bell_db", band["gain_db"], row)
            yield self._pair("EQ: bell Q", node, "bell_q", band["q"], row)

    def _dynamics(self) -> Iterator[Pair]:
        for kind, names in (
            ("compressor", ("threshold", "ratio", "attack", "release")),
            ("gate", ("threshold", "attack", "release")),
        ):
            nodes = self._of_kind(kind)
            ours, theirs = self._true.of_kind(kind), self._found.of_kind(kind)
            if not (nodes and ours and theirs) or ours[0].effect_db < _EFFECT_DB:
                continue
            for name in names:
                yield from self._dial(kind, nodes[0], name, ours[0], theirs[0])

    def _dial(
        self, kind: str, node: int, name: str, true: Dynamics, found: Dynamics
    ) -> Iterator[Pair]:
        label = f"{kind}: {name}"
        if name == "threshold" and true.threshold_db is not None:
            assert found.threshold_db is not None
            value = self._value(node, "threshold_db") + true.threshold_db - found.threshold_db
            yield self._pair(label, node, "threshold_db", value)
        elif name == "ratio" and true.ratio is not None:
            yield self._pair(label, node, "ratio", true.ratio)
        elif name in ("attack", "release"):
            value = getattr(true, f"{name}_ms")
            if value is not None:
                yield self._pair(label, node, f"{name}_ms", value)

    def _echoes(self) -> Iterator[Pair]:
        for kind, node_kind in (("delay", "feedback_delay"), ("reverb", "captured_reverb")):
            nodes = self._of_kind(node_kind)
            true, found = loudest(kind, self._true), loudest(kind, self._found)
            if (
                not nodes
                or true is None
                or found is None
                or min(true.wet_db, found.wet_db) < WET_DB
            ):
                continue
            yield self._level(kind, nodes[0], true, found)
            if kind == "delay" and true.time_ms is not None:
                yield self._pair("delay: time", nodes[0], "time_ms", true.time_ms)
                if true.feedback is not None:
                    yield self._pair("delay: feedback", nodes[0], "feedback", true.feedback)
            if kind == "reverb" and true.rt60_s and found.rt60_s:
                factor = self._value(nodes[0], "decay_factor") * true.rt60_s / found.rt60_s
                yield self._pair("reverb: decay", nodes[0], "decay_factor", factor)

    def _level(self, kind: str, node: int, true: Echo, found: Echo) -> Pair:
        wet = self._value(node, WET)
        odds = wet / max(1.0 - wet, 1e-6) * 10.0 ** ((true.wet_db - found.wet_db) / 20.0)
        return self._pair(f"{kind}: level", node, WET, odds / (1.0 + odds))
