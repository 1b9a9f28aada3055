"""What single effects of a generated mix are, drawn by an engineer's habits.

All draws are stated in docs/corpus.md, "Generated songs".
"""

from typing import Any

import numpy as np
from numpy.random import Generator

from mixtrace.generating.habits import BELL, Habit, Place
from mixtrace.generating.timbres import logarithmic
from mixtrace.generating.wishes import Compression, Dialled, Driving, Gating, Limiting
from mixtrace.interpret import node_of

__all__ = [
    "draw_compressor",
    "draw_delay",
    "draw_drive",
    "draw_equalizer",
    "draw_gate",
    "draw_glue",
    "draw_limiter",
    "draw_parallel",
    "draw_reverb",
    "draw_ride",
    "draw_send",
    "draw_tone",
]

_BANDS = (0.05, 0.3, 0.4, 0.25)  # how often an EQ has none, one, two or three bells and shelves
_DECAYS = (1.15, 1.08, 1.0, 0.9, 0.75, 0.55)  # of a reverb's six bands, against the middle
_FLAT_BELL = (1000.0, 0.0, 1.0)
_SLOPES = (12.0, 12.0, 24.0)


def draw_equalizer(habit: Habit, rng: Generator) -> Dialled | None:
    """Return an equalizer at some of the usual places of an instrument; None for none."""
    chance, low_hz, high_hz = habit.high_pass
    passes: dict[str, float] = {"high_pass_db_per_octave": 0.0, "low_pass_db_per_octave": 0.0}
    if rng.random() < chance:
        passes["high_pass_hz"] = logarithmic(low_hz, high_hz, rng)
        passes["high_pass_db_per_octave"] = float(rng.choice(_SLOPES))
    count = int(rng.choice(len(_BANDS), p=_BANDS))
    chosen = sorted(rng.permutation(len(habit.places))[:count])
    bands = [_band(habit.places[i], (1.5, 7.5), rng) for i in chosen]
    if not bands and "high_pass_hz" not in passes:
        return None
    return _equalizer(bands, passes)


def draw_tone(rng: Generator) -> Dialled:
    """Return a gentle equalizer of a bus or of the whole mix: one or two wide bands."""
    places = (
        Place("low_shelf", 60.0, 140.0, 0.6),
        Place(BELL, 200.0, 500.0, 0.1),
        Place(BELL, 1500.0, 4000.0, 0.6),
        Place("high_shelf", 6000.0, 12000.0, 0.8),
    )
    count = int(rng.integers(1, 3))
    chosen = sorted(rng.permutation(len(places))[:count])
    bands = [_band(places[i], (0.8, 2.5), rng) for i in chosen]
    return _equalizer(bands, {"high_pass_db_per_octave": 0.0, "low_pass_db_per_octave": 0.0})


def draw_compressor(habit: Habit, rng: Generator) -> Compression:
    """Return a compressor of a track."""
    ratio = float(np.clip(np.exp(rng.normal(1.2, 0.35)), 1.5, 10.0))
    return Compression(
        reduction_db=_rounded(rng.uniform(2.0, 8.0)),
        ratio=_rounded(ratio),
        knee_db=float(rng.choice([0.0, 3.0, 6.0, 12.0])),
        attack_ms=logarithmic(*habit.attack_ms, rng),
        release_ms=logarithmic(*habit.release_ms, rng),
    )


def draw_glue(rng: Generator) -> Compression:
    """Return a compressor of a bus or the mix: slow, of a low ratio."""
    return Compression(
        reduction_db=_rounded(rng.uniform(1.0, 4.0)),
        ratio=_rounded(rng.uniform(1.5, 4.0)),
        knee_db=float(rng.choice([3.0, 6.0, 12.0])),
        attack_ms=logarithmic(8.0, 30.0, rng),
        release_ms=logarithmic(100.0, 300.0, rng),
    )


def draw_parallel(rng: Generator) -> Compression:
    """Return a compressor that crushes drums beside the drums themselves."""
    return Compression(
        reduction_db=_rounded(rng.uniform(10.0, 16.0)),
        ratio=_rounded(rng.uniform(6.0, 10.0)),
        knee_db=3.0,
        attack_ms=logarithmic(1.0, 5.0, rng),
        release_ms=logarithmic(50.0, 120.0, rng),
    )


def draw_gate(rng: Generator) -> Gating:
    """Return a gate of a drum."""
    return Gating(
        below_db=_rounded(rng.uniform(9.0, 17.0)),
        range_db=-_rounded(rng.uniform(10.0, 40.0)),
        attack_ms=logarithmic(0.3, 2.0, rng),
        hold_ms=_rounded(rng.uniform(10.0, 60.0)),
        release_ms=logarithmic(40.0, 200.0, rng),
    )


def draw_drive(rng: Generator) -> Driving:
    """Return a saturation that bends the peaks by 2 to 6 dB."""
    bias = 0.0 if rng.random() < 0.5 else round(float(rng.uniform(-0.3, 0.3)), 2)
    return Driving(peak_db=_rounded(rng.uniform(-1.0, 6.0)), bias=bias)


def draw_limiter(rng: Generator) -> Limiting:
    """Return a limiter of the mix."""
    return Limiting(_rounded(rng.uniform(2.0, 5.0)), -1.0, logarithmic(40.0, 150.0, rng))


def draw_ride(seconds: float, rng: Generator) -> Dialled:
    """Return rides of a fader: four to eight knots, one at either end of the song."""
    count = int(rng.integers(4, 9))
    inner = np.linspace(0.0, seconds, count)[1:-1]
    inner += rng.uniform(-0.3, 0.3, count - 2) * seconds / (count - 1)
    knot_db = np.clip(rng.normal(0.0, 2.0, count), -5.0, 5.0)
    return Dialled(
        node_of(
            "fader_automation",
            knot_s=[0.0, *np.round(inner, 2).tolist(), round(seconds, 2)],
            knot_db=np.round(knot_db, 1).tolist(),
        )
    )


def draw_reverb(rng: Generator) -> Dialled:
    """Return the reverb of a return: 0.4 to 2.5 s, its highs shorter than its lows."""
    middle_s = logarithmic(0.4, 2.5, rng)
    return Dialled(
        node_of(
            "parametric_reverb",
            rt60_s=[round(middle_s * part * rng.uniform(0.9, 1.1), 2) for part in _DECAYS],
            pre_delay_ms=_rounded(rng.uniform(0.0, 45.0)),
            width=round(float(rng.uniform(0.5, 1.0)), 2),
        )
    )


def draw_delay(beat_s: float, rng: Generator) -> Dialled:
    """Return the echoes of a return, in time with the song."""
    part = float(rng.choice([0.5, 0.75, 1.0]))
    bounces = rng.random() < 0.35
    return Dialled(
        node_of(
            "feedback_delay",
            time_ms=_rounded(1000.0 * part * beat_s),
            feedback=round(float(rng.uniform(0.1, 0.5)), 2),
            damping_hz=logarithmic(2000.0, 9000.0, rng),
            ping_pong=round(float(rng.uniform(0.6, 1.0)), 2) if bounces else 0.0,
        )
    )


def draw_send(low_db: float, high_db: float, rng: Generator) -> Dialled:
    """Return a send of some level."""
    return Dialled(node_of("send", level_db=_rounded(rng.uniform(low_db, high_db))))


def _band(
    place: Place, gains_db: tuple[float, float], rng: Generator
) -> tuple[Place, float, float, float]:
    """Return a band at a place: its frequency in Hz, its gain in dB and its Q."""
    low_db, high_db = gains_db
    centre_db = low_db + 0.38 * (high_db - low_db)
    size_db = np.clip(rng.normal(centre_db, 0.23 * (high_db - low_db)), low_db, high_db)
    gain_db = _rounded(size_db if rng.random() < place.boosts else -size_db)
    q = round(float(np.clip(np.exp(rng.normal(0.1, 0.3)), 0.4, 3.0)), 2)
    return place, logarithmic(place.low_hz, place.high_hz, rng), gain_db, q


def _equalizer(bands: list[tuple[Place, float, float, float]], passes: dict[str, float]) -> Dialled:
    values: dict[str, Any] = dict(passes)
    bells = []
    for place, hz, gain_db, q in bands:
        if place.shape == BELL:
            bells.append((hz, gain_db, q))
        else:
            values |= {f"{place.shape}_hz": hz, f"{place.shape}_db": gain_db}
    columns = zip(*sorted(bells or [_FLAT_BELL]), strict=True)
    values |= dict(zip(("bell_hz", "bell_db", "bell_q"), map(list, columns), strict=True))
    return Dialled(node_of("parametric_equalizer", **values))


def _rounded(value: float) -> float:
    """Return a number as people dial it."""
    return round(float(value), 1)
