"""What a score compares: facts of a mix, the same for the truth and for a found graph.

A place is a track's own strip, a group of tracks, or the master. Curves over frequency stand on
`known_curves.GRID_HZ`, gains over time in blocks of 5 ms. Thresholds are of peaks, in dB re the
level (RMS where it sounds) of what enters, so that a gain ahead of a compressor does not count.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

__all__ = [
    "DYNAMICS",
    "HEARD_DB",
    "RMS_UNDER_PEAK_DB",
    "SCHEMA",
    "TRUTH",
    "Dynamics",
    "Echo",
    "Facts",
    "Place",
    "read_truth",
]

TRUTH = "truth.json"
SCHEMA = "mixtrace.known-song/1"
DYNAMICS = ("compressor", "gate", "limiter")
HEARD_DB = -40.0
"""Third octaves and blocks that are weaker, re the loudest, do not count."""

RMS_UNDER_PEAK_DB = 3.0103
"""A sine's RMS under its peaks: what is added to the threshold of a detector of RMS."""

_SPACE = ("delay", "reverb")
Curve = Float[np.ndarray, " value"]


@dataclass(frozen=True, eq=False)
class Dynamics:
    """A compressor, gate or limiter.

    Attributes:
        kind: one of `DYNAMICS`.
        effect_db: by how much it moves the gain.
        curve_db: its gain over time, without what it adds all the time.
        threshold_db: of peaks, re the level that enters.
        ratio, attack_ms, release_ms: None where it has no such dial.
    """

    kind: str
    effect_db: float
    curve_db: Curve
    threshold_db: float | None = None
    ratio: float | None = None
    attack_ms: float | None = None
    release_ms: float | None = None


@dataclass(frozen=True)
class Echo:
    """A delay or a reverb that a track reaches.

    Attributes:
        kind: delay or reverb.
        via: the return it stands on; empty for an insert.
        wet_db: energy of its sound over that of the track's own.
        rt60_s, time_ms, feedback: None where it has no such dial.
    """

    kind: str
    via: str
    wet_db: float
    rt60_s: float | None = None
    time_ms: float | None = None
    feedback: float | None = None


@dataclass(frozen=True, eq=False)
class Place:
    """What happens on a track's own strip, on a group or on the master.

    Attributes:
        tracks: whose sound passes it.
        eq_db: the gain of all its equalizers.
        eq_effect_db: how far they are from a mere gain, where there is sound.
        bells: centre and gain of each bell; None where the equalizer is drawn as a curve.
        dynamics: in order.
        saturation_db: by how much saturation changes the sound; 0 for none.
        ride_db: its automation over time; None for none.
        ride_effect_db: by how much that moves.
        echoes: of a track: its inserts, and the returns it feeds.
        level_db: of a track: all constant gain on its way to the mix.
        pan: of a track: -1 to 1.
    """

    tracks: frozenset[str]
    eq_db: Curve
    eq_effect_db: float = 0.0
    bells: tuple[tuple[float, float], ...] | None = ()
    dynamics: tuple[Dynamics, ...] = ()
    saturation_db: float = 0.0
    ride_db: Curve | None = None
    ride_effect_db: float = 0.0
    echoes: tuple[Echo, ...] = ()
    level_db: float = 0.0
    pan: float = 0.0

    def of_kind(self, kind: str) -> list[Dynamics]:
        """Return its dynamics of one kind."""
        return [one for one in self.dynamics if one.kind == kind]


@dataclass(frozen=True, eq=False)
class Facts:
    """A mix.

    Attributes:
        half: development or unseen.
        tracks, groups: places by name.
        master: the last place.
        returns: name -> delay, reverb or parallel.
        sends: name of a return -> track -> how loud it is there, in dB re the track.
        heard: by name of a track: where on the grid the dry track sounds.
        on: by name of a place: the blocks in which it sounds.
    """

    half: str
    tracks: dict[str, Place]
    groups: dict[str, Place]
    master: Place
    returns: dict[str, str] = field(default_factory=dict)
    sends: dict[str, dict[str, float]] = field(default_factory=dict)
    heard: dict[str, Bool[np.ndarray, " value"]] = field(default_factory=dict)
    on: dict[str, Bool[np.ndarray, " block"]] = field(default_factory=dict)


def read_truth(path: Path) -> Facts:
    """Return the facts of a truth.json that `known_songs` wrote."""
    truth = json.loads(path.read_text("utf-8"))
    if truth.get("schema") != SCHEMA:
        raise SystemExit(f"Expected a truth.json of known_songs.py; {path} is none.")
    strips = {strip["name"]: strip for strip in truth["strips"]}
    on = {name: _within(strip["blocks_db"]) for name, strip in strips.items()}
    members: dict[str, frozenset[str]] = {}
    tracks = [name for name, strip in strips.items() if strip["role"] == "track"]
    for name, strip in strips.items():
        feeding = [t for t in tracks if strips[t]["feeds"] == name]
        members[name] = frozenset([name] if strip["role"] == "track" else feeding)
    members["master"] = frozenset(tracks)
    places = {
        name: _place(strip, strips, members[name], on[name])
        for name, strip in strips.items()
        if strip["role"] != "return"
    }
    returns = {n: s["family"] for n, s in strips.items() if s["role"] == "return"}
    return Facts(
        truth["half"],
        {name: places[name] for name in tracks},
        {name: place for name, place in places.items() if strips[name]["role"] == "bus"},
        places["master"],
        returns,
        {name: _feeding(name, strips) for name in returns},
        {name: _within(strips[name]["spectrum_db"]) for name in tracks},
        on,
    )


def _within(levels_db: list[float]) -> Bool[np.ndarray, " value"]:
    levels = np.array(levels_db)
    return levels >= levels.max() + HEARD_DB


def _place(
    strip: Mapping[str, Any],
    strips: Mapping[str, Any],
    tracks: frozenset[str],
    on: Bool[np.ndarray, " block"],
) -> Place:
    done = strip["processors"]
    eqs = [p for p in done if p["type"] == "eq"]
    bands = [band for eq in eqs for band in eq["bands"] if band["shape"] == "bell"]
    rides = [p for p in done if p["type"] == "ride"]
    is_track = strip["role"] == "track"
    return Place(
        tracks,
        np.array(strip["eq_db"]),
        max((eq["effect_db"] for eq in eqs), default=0.0),
        tuple((band["frequency_hz"], band["gain_db"]) for band in bands),
        tuple(_dynamics(p) for p in done if p["type"] in DYNAMICS),
        max((p["effect_db"] for p in done if p["type"] == "saturation"), default=0.0),
        np.sum([p["curve_db"] for p in rides], 0) if rides else None,
        max((p["effect_db"] for p in rides), default=0.0),
        _echoes(strip, strips) if is_track else (),
        _level_db(strip, strips, on) if is_track else 0.0,
        strip["pan"],
    )


def _dynamics(told: Mapping[str, Any]) -> Dynamics:
    under_db = RMS_UNDER_PEAK_DB if told.get("detector") == "rms" else 0.0
    threshold_db = told.get("threshold_db")
    return Dynamics(
        told["type"],
        told["effect_db"],
        np.array(told["curve_db"]),
        None if threshold_db is None else threshold_db + under_db - told["entering_db"],
        told.get("ratio"),
        told.get("attack_ms"),
        told["release_ms"],
    )


def _echoes(strip: Mapping[str, Any], strips: Mapping[str, Any]) -> tuple[Echo, ...]:
    inserts = [(p, "", p["wet_db"]) for p in strip["processors"] if p["type"] in _SPACE]
    sent = [
        (p, name, send["wet_db"])
        for name, send in strip["sends"].items()
        for p in strips[name]["processors"]
        if p["type"] in _SPACE
    ]
    return tuple(
        Echo(p["type"], via, wet_db, p.get("rt60_s"), p.get("time_ms"), p.get("feedback"))
        for p, via, wet_db in (*inserts, *sent)
    )


def _level_db(
    strip: Mapping[str, Any], strips: Mapping[str, Any], on: Bool[np.ndarray, " block"]
) -> float:
    """Return all constant gain from a track to the mix; of a ride, its median."""
    own = [
        np.median(np.array(p["curve_db"])[on]) for p in strip["processors"] if p["type"] == "ride"
    ]
    way = [strip]
    while way[-1]["feeds"]:
        way.append(strips[way[-1]["feeds"]])
    constant = [p["constant_db"] for one in way for p in one["processors"] if "constant_db" in p]
    return float(sum([*own, *constant, *(one["level_db"] for one in way)]))


def _feeding(name: str, strips: Mapping[str, Any]) -> dict[str, float]:
    sends = {n: s["sends"][name] for n, s in strips.items() if name in s["sends"]}
    return {n: send.get("wet_db", send["level_db"]) for n, send in sends.items()}
