"""What an engineer would do to the tracks of a song: chains, groups, sends and a master, drawn.

Draws follow habits, not ranges: bells stand where an instrument is boosted or cut, compressors
where it is compressed. What depends on the sound is drawn as what it should do to it: by how many
dB a compressor turns down, how loud a reverb is. `known_strips` turns that into settings.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from known_wishes import (
    draw_compressor,
    draw_delay,
    draw_equalizer,
    draw_gate,
    draw_glue,
    draw_limiter,
    draw_reverb,
    draw_ride,
    rounded,
)
from numpy.random import Generator

from mixtrace.generating.habits import HABITS

__all__ = ["Desk", "Strip", "draw"]

Wish = dict[str, Any]

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
        wettest = max(strips, key=lambda s: HABITS[s.family].send)
        wettest.processors.append(draw_reverb(plugins, rng))
    master = Strip("master", "master", "master", "")
    if (number // 4) % 3 == 0:
        limits = plugins and rng.random() < 0.7
        master.processors.append(draw_limiter(rng) if limits else draw_glue(plugins, rng))
    return Desk([*strips, *buses, *returns, master])


def _track(
    name: str, family: str, plugins: bool, shared: bool, beat_ms: float, rng: Generator
) -> Strip:
    habit = HABITS[family]
    compressed, gated, saturated, delayed, wet = rng.random(5) < habit.chances
    strip = Strip(name, "track", family, "master")
    if gated:
        strip.processors.append(draw_gate(plugins, rng))
    if equalizer := draw_equalizer(habit, plugins, rng):
        strip.processors.append(equalizer)
    if compressed:
        strip.processors.append(
            draw_compressor((habit.attack_ms, habit.release_ms), (2.0, 8.0), plugins, rng)
        )
    if saturated:
        strip.processors.append(
            {"type": "saturation", "engine": "pedalboard", "peak_db": rounded(rng.uniform(-1, 5))}
        )
    if delayed and not shared:
        strip.processors.append(draw_delay(plugins, beat_ms, rng))
    if wet and not shared:
        strip.processors.append(draw_reverb(plugins, rng))
    rides = rng.random() < {"vocal": 0.45, "backing": 0.2, "guitar": 0.15}.get(family, 0.0)
    if rides:
        strip.processors.append(draw_ride(rng))
    strip.level_db = rounded(habit.level_db + rng.normal(0.0, 1.5))
    strip.pan = rounded(rng.uniform(*habit.pan) / 0.05, 0) * 0.05 * rng.choice([-1.0, 1.0])
    return strip


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
        bus = Strip(name, "bus", "bus", "master", level_db=rounded(rng.normal(0.0, 1.0)))
        if rng.random() < 0.6:
            bus.processors.append(draw_glue(plugins, rng))
        for member in members:
            member.feeds = name
        buses.append(bus)
    return buses


def _returns(strips: list[Strip], plugins: bool, beat_ms: float, rng: Generator) -> list[Strip]:
    makers = {"reverb": draw_reverb(plugins, rng), "delay": draw_delay(plugins, beat_ms, rng)}
    names = (("reverb",), ("reverb", "delay"), ("delay",))[int(rng.choice(3, p=[0.45, 0.4, 0.15]))]
    returns = []
    for name in names:
        wish = {key: value for key, value in makers[name].items() if key != "wet_db"}
        returns.append(Strip(f"{name} return", "return", name, "master", [wish]))
        likely = sorted(strips, key=lambda s: rng.random() - HABITS[s.family].send)
        chances = [HABITS[s.family].send * (1.0 if name == "reverb" else 0.6) for s in likely]
        count = int(np.sum(rng.random(len(likely)) < chances))
        for strip in likely[: int(np.clip(count, 2, max(2, len(strips) - 1)))]:
            strip.sends[f"{name} return"] = rounded(-rng.uniform(8.0, 18.0))
    return returns


def _parallel(strips: list[Strip], plugins: bool, rng: Generator) -> Strip:
    wish = draw_compressor(((1, 5), (50, 120)), (10.0, 16.0), plugins, rng)
    wish["ratio"] = rounded(rng.uniform(6.0, 10.0))
    for strip in strips:
        if strip.family in _DRUMS:
            strip.sends["parallel"] = 0.0
    return Strip(
        "parallel", "return", "parallel", "master", [wish], rounded(-rng.uniform(2.0, 8.0))
    )
