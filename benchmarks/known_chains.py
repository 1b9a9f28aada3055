"""What an engineer would do to the tracks of a song: chains, groups, sends and a master, drawn.

Draws follow habits, not ranges: bells stand where an instrument is boosted or cut, compressors
where it is compressed. What depends on the sound is drawn as what it should do to it: by how many
dB a compressor turns down, how loud a reverb is. `known_strips` turns that into settings.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.random import Generator

__all__ = ["Desk", "Strip", "draw"]

Wish = dict[str, Any]

# Habits of each family: high-pass (chance, Hz from, to); places of bells and shelves (shape, Hz
# from, to, chance of a boost); chances of compressor, gate, saturation, delay, reverb; attack and
# release in ms; distance of the pan pot from the centre; level in the mix in dB; chance of a send.
_BELL, _LOW, _HIGH = "bell", "low_shelf", "high_shelf"
_HABITS: dict[str, dict[str, Any]] = {
    "kick": {
        "high_pass": (0.1, 25, 35),
        "places": [(_BELL, 50, 80, 0.9), (_BELL, 280, 450, 0.1), (_BELL, 2500, 5000, 0.9)],
        "chances": (0.65, 0.3, 0.15, 0.0, 0.0),
        "times": ((3, 25), (50, 160)),
        "pan": (0.0, 0.0),
        "level_db": -3.0,
        "send": 0.1,
    },
    "snare": {
        "high_pass": (0.8, 70, 120),
        "places": [(_BELL, 180, 250, 0.8), (_BELL, 500, 900, 0.15), (_HIGH, 5000, 9000, 0.9)],
        "chances": (0.7, 0.4, 0.2, 0.0, 0.4),
        "times": ((3, 25), (50, 180)),
        "pan": (0.0, 0.1),
        "level_db": -4.0,
        "send": 0.8,
    },
    "overheads": {
        "high_pass": (0.9, 150, 350),
        "places": [(_BELL, 350, 600, 0.1), (_HIGH, 8000, 12000, 0.85)],
        "chances": (0.25, 0.0, 0.0, 0.0, 0.0),
        "times": ((5, 30), (80, 250)),
        "pan": (0.0, 0.0),
        "level_db": -9.0,
        "send": 0.2,
    },
    "toms": {
        "high_pass": (0.7, 50, 80),
        "places": [(_BELL, 80, 130, 0.85), (_BELL, 350, 550, 0.1), (_BELL, 3500, 5500, 0.9)],
        "chances": (0.35, 0.5, 0.0, 0.0, 0.2),
        "times": ((3, 20), (60, 200)),
        "pan": (0.25, 0.6),
        "level_db": -10.0,
        "send": 0.6,
    },
    "drums": {
        "high_pass": (0.5, 25, 40),
        "places": [(_LOW, 70, 110, 0.8), (_BELL, 300, 500, 0.1), (_HIGH, 6000, 10000, 0.85)],
        "chances": (0.7, 0.15, 0.3, 0.0, 0.2),
        "times": ((5, 30), (60, 250)),
        "pan": (0.0, 0.0),
        "level_db": -2.0,
        "send": 0.4,
    },
    "bass": {
        "high_pass": (0.25, 28, 42),
        "places": [(_LOW, 70, 120, 0.7), (_BELL, 180, 320, 0.15), (_BELL, 700, 1200, 0.85)],
        "chances": (0.85, 0.0, 0.3, 0.0, 0.0),
        "times": ((5, 30), (80, 300)),
        "pan": (0.0, 0.0),
        "level_db": -3.0,
        "send": 0.05,
    },
    "guitar": {
        "high_pass": (0.85, 80, 140),
        "places": [(_BELL, 220, 400, 0.15), (_BELL, 2000, 4000, 0.7), (_HIGH, 6000, 9000, 0.6)],
        "chances": (0.3, 0.0, 0.15, 0.25, 0.3),
        "times": ((5, 30), (80, 300)),
        "pan": (0.25, 0.85),
        "level_db": -7.0,
        "send": 0.5,
    },
    "keys": {
        "high_pass": (0.8, 80, 160),
        "places": [(_BELL, 280, 450, 0.15), (_BELL, 1800, 3500, 0.75), (_HIGH, 7000, 11000, 0.7)],
        "chances": (0.3, 0.0, 0.05, 0.1, 0.3),
        "times": ((5, 30), (100, 300)),
        "pan": (0.2, 0.6),
        "level_db": -8.0,
        "send": 0.6,
    },
    "vocal": {
        "high_pass": (0.95, 80, 130),
        "places": [(_BELL, 200, 380, 0.1), (_BELL, 2500, 5000, 0.8), (_HIGH, 8000, 12000, 0.9)],
        "chances": (0.9, 0.0, 0.15, 0.3, 0.5),
        "times": ((2, 15), (60, 250)),
        "pan": (0.0, 0.1),
        "level_db": -1.0,
        "send": 0.95,
    },
    "backing": {
        "high_pass": (0.95, 110, 200),
        "places": [(_BELL, 250, 450, 0.1), (_BELL, 2500, 4500, 0.6), (_HIGH, 8000, 12000, 0.8)],
        "chances": (0.7, 0.0, 0.0, 0.2, 0.5),
        "times": ((2, 15), (60, 250)),
        "pan": (0.2, 0.5),
        "level_db": -7.0,
        "send": 0.9,
    },
}
_DRUMS = ("kick", "snare", "overheads", "toms", "drums")
_VOICES = ("vocal", "backing")
_BUSES = (("drums", _DRUMS, 0.8), ("guitars", ("guitar",), 0.3), ("vocals", _VOICES, 0.3))
"""Groups: name, families, chance where there are two tracks or more."""


@dataclass
class Strip:
    """A strip as it is wished for.

    Attributes:
        name, role, family: of the strip.
        feeds: name of the bus or master it leads to.
        processors: in order.
        level_db: level wanted at its end, RMS where it sounds; of buses and returns, the fader.
        pan: -1 to 1.
        sends: name of a return -> level wanted there, in dB re the strip's own sound.
    """

    name: str
    role: str
    family: str
    feeds: str
    processors: list[Wish] = field(default_factory=list)
    level_db: float = 0.0
    pan: float = 0.0
    sends: dict[str, float] = field(default_factory=dict)


@dataclass
class Desk:
    """The strips of a song in the order of the sound: tracks, buses, returns, master."""

    strips: list[Strip]

    def of(self, role: str) -> list[Strip]:
        """Return the strips of one role."""
        return [strip for strip in self.strips if strip.role == role]


def draw(number: int, tracks: list[tuple[str, str]], plugins: bool, rng: Generator) -> Desk:
    """Return the desk of a song.

    Args:
        number: of the song; returns and a master's dynamics come by turns, so that both halves
            have them.
        tracks: names and families.
        plugins: whether LV2 plug-ins do most of the work; else pedalboard does.
        rng: all other draws.
    """
    beat_ms = 60_000.0 / rng.uniform(80.0, 140.0)
    shared = (number // 2) % 2 == 1
    strips = [_track(*track, plugins, shared, beat_ms, rng) for track in tracks]
    _alternate_sides(strips)
    buses = _buses(strips, plugins, rng)
    returns = _returns(strips, plugins, beat_ms, rng) if shared else []
    if sum(s.family in _DRUMS for s in strips) >= 2 and rng.random() < 0.3:
        returns.append(_parallel(strips, plugins, rng))
    if not shared and not any(p["type"] == "reverb" for s in strips for p in s.processors):
        wettest = max(strips, key=lambda s: _HABITS[s.family]["send"])
        wettest.processors.append(_reverb(plugins, rng))
    master = Strip("master", "master", "master", "")
    if (number // 4) % 3 == 0:
        limits = plugins and rng.random() < 0.7
        master.processors.append(_limiter(rng) if limits else _glue(plugins, rng))
    return Desk([*strips, *buses, *returns, master])


def _track(
    name: str, family: str, plugins: bool, shared: bool, beat_ms: float, rng: Generator
) -> Strip:
    habit = _HABITS[family]
    compressed, gated, saturated, delayed, wet = rng.random(5) < habit["chances"]
    strip = Strip(name, "track", family, "master")
    if gated:
        strip.processors.append(_gate(plugins, rng))
    if bands := _bands(habit, rng):
        strip.processors.append({"type": "eq", "engine": _engine(plugins), "bands": bands})
    if compressed:
        strip.processors.append(_compressor(habit["times"], (2.0, 8.0), plugins, rng))
    if saturated:
        strip.processors.append(
            {"type": "saturation", "engine": "pedalboard", "peak_db": _round(rng.uniform(-1, 5))}
        )
    if delayed and not shared:
        strip.processors.append(_delay(plugins, beat_ms, rng))
    if wet and not shared:
        strip.processors.append(_reverb(plugins, rng))
    rides = rng.random() < {"vocal": 0.45, "backing": 0.2, "guitar": 0.15}.get(family, 0.0)
    if rides:
        strip.processors.append(_ride(rng))
    strip.level_db = _round(habit["level_db"] + rng.normal(0.0, 1.5))
    strip.pan = _round(rng.uniform(*habit["pan"]) / 0.05, 0) * 0.05 * rng.choice([-1.0, 1.0])
    return strip


def _bands(habit: Wish, rng: Generator) -> list[Wish]:
    chance, low, high = habit["high_pass"]
    bands: list[Wish] = []
    if rng.random() < chance:
        bands.append({"shape": "high_pass", "frequency_hz": _hertz(low, high, rng)})
    places = habit["places"]
    count = int(rng.choice([0, 1, 2, 3], p=[0.05, 0.3, 0.4, 0.25]))
    for i in sorted(rng.permutation(len(places))[:count]):
        shape, low, high, boosts = places[i]
        size = float(np.clip(abs(rng.normal(3.8, 1.4)), 1.5, 7.5))
        q = 0.707 if shape != _BELL else float(np.exp(rng.normal(0.1, 0.3)))
        bands.append(
            {
                "shape": shape,
                "frequency_hz": _hertz(low, high, rng),
                "gain_db": _round(size if rng.random() < boosts else -size),
                "q": round(q, 3),
            }
        )
    return bands


def _compressor(
    times: tuple[tuple[float, float], tuple[float, float]],
    reduction_db: tuple[float, float],
    plugins: bool,
    rng: Generator,
) -> Wish:
    engine = ("calf", "lsp")[int(rng.random() < 0.4)] if plugins else "pedalboard"
    ratio = _round(float(np.clip(np.exp(rng.normal(1.25, 0.35)), 2.0, 6.0)))
    soft_db = float(rng.choice([0.0, 6.0, 12.0])) if engine == "calf" else 0.0
    attack_ms, release_ms = (_hertz(*span, rng) for span in times)
    detector = {"detector": "rms", "average_ms": 10.0} if engine == "lsp" else {"detector": "peak"}
    return {
        "type": "compressor",
        "engine": engine,
        "ratio": ratio,
        "attack_ms": attack_ms,
        "release_ms": release_ms,
        "knee_db": soft_db,
        "linked": engine != "pedalboard",
        **detector,
        "reduction_db": _round(rng.uniform(*reduction_db)),
        "make_up_db": 0.0,
    }


def _glue(plugins: bool, rng: Generator) -> Wish:
    wish = _compressor(((8, 30), (100, 300)), (1.5, 4.0), plugins, rng)
    return wish | {"ratio": _round(rng.uniform(2.0, 3.0))}


def _gate(plugins: bool, rng: Generator) -> Wish:
    ends: Wish = {"range_db": -40.0, "knee_db": 0.0} if plugins else {}
    return {
        "type": "gate",
        "engine": "calf" if plugins else "pedalboard",
        "below_db": _round(rng.uniform(18.0, 26.0)),
        "ratio": _round(rng.uniform(3.0, 8.0)),
        "attack_ms": _round(rng.uniform(0.5, 2.0)),
        "release_ms": _hertz(40, 150, rng),
        **ends,
    }


def _limiter(rng: Generator) -> Wish:
    return {
        "type": "limiter",
        "engine": "calf",
        "reduction_db": _round(rng.uniform(2.0, 5.0)),
        "ceiling_db": _round(-rng.uniform(0.5, 2.0)),
        "look_ahead_ms": 5.0,
        "release_ms": _hertz(40, 150, rng),
    }


def _ride(rng: Generator) -> Wish:
    count = int(rng.integers(4, 9))
    places = np.sort(rng.random(count))
    return {
        "type": "ride",
        "engine": "fader",
        "knots": [[round(float(place), 3), _round(rng.normal(0.0, 2.5))] for place in places],
    }


def _delay(plugins: bool, beat_ms: float, rng: Generator) -> Wish:
    part = float(rng.choice([0.5, 0.75, 1.0]))
    return {
        "type": "delay",
        "engine": "calf" if plugins else "pedalboard",
        "time_ms": _round(part * beat_ms, 1),
        "feedback": _round(rng.uniform(0.1, 0.45), 2),
        "wet_db": _round(-rng.uniform(9.0, 19.0)),
    }


def _reverb(plugins: bool, rng: Generator) -> Wish:
    wet_db = _round(-rng.uniform(8.0, 19.0))
    if not plugins:
        return {
            "type": "reverb",
            "engine": "pedalboard",
            "room_size": _round(rng.uniform(0.1, 0.8), 2),
            "damping": _round(rng.uniform(0.2, 0.7), 2),
            "width": _round(rng.uniform(0.6, 1.0), 2),
            "wet_db": wet_db,
        }
    return {
        "type": "reverb",
        "engine": "calf",
        "decay_time": _round(rng.uniform(0.4, 1.0), 2),
        "hf_damp": _hertz(4000, 9000, rng),
        "room_size": int(rng.integers(0, 5)),
        "diffusion": _round(rng.uniform(0.4, 0.8), 2),
        "predelay": _round(rng.uniform(0.0, 40.0)),
        "bass_cut": _hertz(60, 200, rng),
        "treble_cut": _hertz(5000, 12000, rng),
        "wet_db": wet_db,
    }


def _alternate_sides(strips: list[Strip]) -> None:
    """Put panned tracks left and right by turns."""
    side = 1.0
    for strip in strips:
        if abs(strip.pan) > 0.15:
            strip.pan, side = round(side * abs(strip.pan), 2), -side
        strip.pan = round(float(strip.pan), 2) + 0.0


def _buses(strips: list[Strip], plugins: bool, rng: Generator) -> list[Strip]:
    buses = []
    for name, families, chance in _BUSES:
        members = [s for s in strips if s.family in families]
        if len(members) < 2 or len(members) == len(strips) or rng.random() >= chance:
            continue
        bus = Strip(name, "bus", "bus", "master", level_db=_round(rng.normal(0.0, 1.0)))
        if rng.random() < 0.6:
            bus.processors.append(_glue(plugins, rng))
        for member in members:
            member.feeds = name
        buses.append(bus)
    return buses


def _returns(strips: list[Strip], plugins: bool, beat_ms: float, rng: Generator) -> list[Strip]:
    makers = {"reverb": _reverb(plugins, rng), "delay": _delay(plugins, beat_ms, rng)}
    names = (("reverb",), ("reverb", "delay"), ("delay",))[int(rng.choice(3, p=[0.45, 0.4, 0.15]))]
    returns = []
    for name in names:
        wish = {key: value for key, value in makers[name].items() if key != "wet_db"}
        returns.append(Strip(f"{name} return", "return", name, "master", [wish]))
        likely = sorted(strips, key=lambda s: rng.random() - _HABITS[s.family]["send"])
        chances = [_HABITS[s.family]["send"] * (1.0 if name == "reverb" else 0.6) for s in likely]
        count = int(np.sum(rng.random(len(likely)) < chances))
        for strip in likely[: int(np.clip(count, 2, max(2, len(strips) - 1)))]:
            strip.sends[f"{name} return"] = _round(-rng.uniform(8.0, 18.0))
    return returns


def _parallel(strips: list[Strip], plugins: bool, rng: Generator) -> Strip:
    wish = _compressor(((1, 5), (50, 120)), (10.0, 16.0), plugins, rng)
    wish["ratio"] = _round(rng.uniform(6.0, 10.0))
    for strip in strips:
        if strip.family in _DRUMS:
            strip.sends["parallel"] = 0.0
    return Strip("parallel", "return", "parallel", "master", [wish], _round(-rng.uniform(2.0, 8.0)))


def _engine(plugins: bool) -> str:
    return "calf" if plugins else "pedalboard"


def _hertz(low: float, high: float, rng: Generator) -> float:
    """Return a frequency or a time, drawn along a logarithmic scale, with three digits."""
    return float(f"{np.exp(rng.uniform(np.log(low), np.log(high))):.3g}")


def _round(value: float, digits: int = 1) -> float:
    return round(float(value), digits) + 0.0
