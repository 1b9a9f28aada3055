"""The mix of a generated song as it is wished for: strips, sends, buses, returns and a master."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from numpy.random import Generator

from mixtrace.generating.band import Instrument
from mixtrace.generating.draws import (
    draw_compressor,
    draw_delay,
    draw_drive,
    draw_equalizer,
    draw_gate,
    draw_glue,
    draw_limiter,
    draw_parallel,
    draw_reverb,
    draw_ride,
    draw_send,
    draw_tone,
)
from mixtrace.generating.habits import HABITS, Habit
from mixtrace.generating.wishes import Dialled, Levelling, Peaking, Wish
from mixtrace.interpret import node_of

__all__ = ["MixPlan", "StripPlan", "draw_mix"]

_REFERENCE_DB = -24.0
"""Where a track of habitual level 0 dB lies: a dozen of them stay below full scale."""

_LEVEL_SPREAD_DB = 1.5
_PEAK_DB = -1.0
_RIDES = {"vocal": 0.6, "backing": 0.2, "guitar": 0.1, "lead": 0.1}
_BUSES = {"drums": 0.7, "keys": 0.35, "guitars": 0.35, "vocals": 0.4}
"""How often a group of two tracks or more is processed together."""

_RETURNS = ((), ("reverb",), ("reverb", "echo"), ("echo",))
_RETURN_CHANCES = (0.1, 0.4, 0.4, 0.1)
_ECHOES = 0.55  # a track is sent to an echo that much less often than to a reverb
_PARALLEL = 0.25
_TONE, _GLUE, _LIMIT = 0.35, 0.4, 0.45
"""How often a mix has an EQ, a compressor and a limiter at its end; of the rest a fader ends it."""


@dataclass(frozen=True)
class StripPlan:
    """A track as it is wished for.

    Attributes:
        instrument: what is played.
        chain: its processors in order.
        sends: returns that its end feeds, and each send.
    """

    instrument: Instrument
    chain: tuple[Wish, ...]
    sends: Mapping[str, Dialled] = field(default_factory=dict)


@dataclass(frozen=True)
class MixPlan:
    """A mix as it is wished for.

    Attributes:
        tracks: in the order of the song.
        buses, returns: their processors, by name.
        master: its processors.
    """

    tracks: tuple[StripPlan, ...]
    buses: Mapping[str, tuple[Wish, ...]]
    returns: Mapping[str, tuple[Wish, ...]]
    master: tuple[Wish, ...]


def draw_mix(band: Sequence[Instrument], seconds: float, beat_s: float, rng: Generator) -> MixPlan:
    """Return the mix of a song, drawn by an engineer's habits.

    Args:
        band: who plays.
        seconds: how long the song is.
        beat_s: how long a quarter is.
        rng: source of all draws.
    """
    side = float(rng.choice([-1.0, 1.0]))
    tracks = []
    for instrument in band:
        strip, pan = _track(instrument, seconds, side, rng)
        tracks.append(strip)
        side = -side if abs(pan) > 0.15 else side
    buses = _buses(band, rng)
    returns, sends = _returns(band, beat_s, rng)
    fed = tuple(replace(strip, sends=sends.get(strip.instrument.name, {})) for strip in tracks)
    return MixPlan(fed, buses, returns, _master(rng))


def _track(
    instrument: Instrument, seconds: float, side: float, rng: Generator
) -> tuple[StripPlan, float]:
    """Return a track, and where it is panned: far ones left and right by turns."""
    habit = HABITS[instrument.family]
    compressed, gated, driven = rng.random(3) < habit.chances[:3]
    chain: list[Wish | None] = [
        draw_gate(rng) if gated and instrument.recorded else None,
        draw_equalizer(habit, rng),
        draw_compressor(habit, rng) if compressed else None,
        draw_drive(rng) if driven else None,
    ]
    pan = 0.0 if instrument.name == "overheads" else round(side * _distance(habit, rng), 2)
    level_db = _REFERENCE_DB + habit.level_db + rng.normal(0.0, _LEVEL_SPREAD_DB)
    chain.append(Levelling(round(float(level_db), 1), pan + 0.0))
    if rng.random() < _RIDES.get(instrument.family, 0.0):
        chain.append(draw_ride(seconds, rng))
    return StripPlan(instrument, tuple(wish for wish in chain if wish is not None)), pan


def _distance(habit: Habit, rng: Generator) -> float:
    """Return how far from the centre a track stands, in twentieths."""
    return round(float(rng.uniform(*habit.pan)) / 0.05) * 0.05


def _buses(band: Sequence[Instrument], rng: Generator) -> dict[str, tuple[Wish, ...]]:
    buses: dict[str, tuple[Wish, ...]] = {}
    for group, chance in _BUSES.items():
        members = [one for one in band if one.group == group]
        if len(members) < 2 or len(members) == len(band) or rng.random() >= chance:
            continue
        chain: list[Wish] = []
        if rng.random() < 0.3:
            chain.append(draw_tone(rng))
        if rng.random() < 0.65 or not chain:
            chain.append(draw_glue(rng))
        if rng.random() < 0.5:
            level_db = round(float(rng.normal(0.0, 1.2)), 1)
            chain.append(Dialled(node_of("fader", level_db=level_db)))
        buses[group] = tuple(chain)
    return buses


def _returns(
    band: Sequence[Instrument], beat_s: float, rng: Generator
) -> tuple[dict[str, tuple[Wish, ...]], dict[str, dict[str, Dialled]]]:
    """Return the returns, and who is sent to them: two tracks at least."""
    made: dict[str, tuple[Wish, ...]] = {}
    sends: dict[str, dict[str, Dialled]] = {}
    names = _RETURNS[int(rng.choice(len(_RETURNS), p=_RETURN_CHANCES))]
    for name in names:
        made[name] = (draw_reverb(rng) if name == "reverb" else draw_delay(beat_s, rng),)
        chances = [HABITS[one.family].send for one in band]
        draws = rng.random(len(band)) / (1.0 if name == "reverb" else _ECHOES)
        wettest = sorted(range(len(band)), key=lambda i: draws[i] - chances[i])
        count = max(2, sum(draws[i] < chances[i] for i in wettest))
        for i in wettest[:count]:
            low_db, high_db = (-20.0, -8.0) if name == "reverb" else (-22.0, -10.0)
            sends.setdefault(band[i].name, {})[name] = draw_send(low_db, high_db, rng)
    drums = [one.name for one in band if one.group == "drums"]
    if len(drums) >= 2 and rng.random() < _PARALLEL:
        made["parallel"] = (draw_parallel(rng),)
        level = draw_send(-12.0, -3.0, rng)
        for name in drums:
            sends.setdefault(name, {})["parallel"] = level
    return made, sends


def _master(rng: Generator) -> tuple[Wish, ...]:
    toned, glued, limited = rng.random(3) < (_TONE, _GLUE, _LIMIT)
    chain: list[Wish] = []
    if toned:
        chain.append(draw_tone(rng))
    if glued:
        chain.append(draw_glue(rng))
    chain.append(draw_limiter(rng) if limited else Peaking(_PEAK_DB))
    return tuple(chain)
