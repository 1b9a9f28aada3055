"""Draws what single effects should be: settings, or what they should do to a sound."""

from typing import Any

import numpy as np
from numpy.random import Generator

from mixtrace.generating.habits import BELL, Habit

__all__ = [
    "draw_compressor",
    "draw_delay",
    "draw_equalizer",
    "draw_gate",
    "draw_glue",
    "draw_limiter",
    "draw_reverb",
    "draw_ride",
    "rounded",
]

Wish = dict[str, Any]


def draw_equalizer(habit: Habit, plugins: bool, rng: Generator) -> Wish | None:
    """Return an equalizer: a high-pass, and up to three of the usual places; None for none."""
    chance, low, high = habit.high_pass
    bands: list[Wish] = []
    if rng.random() < chance:
        bands.append({"shape": "high_pass", "frequency_hz": _drawn(low, high, rng)})
    places = habit.places
    count = int(rng.choice([0, 1, 2, 3], p=[0.05, 0.3, 0.4, 0.25]))
    for i in sorted(rng.permutation(len(places))[:count]):
        shape, low, high, boosts = places[i]
        size = float(np.clip(abs(rng.normal(3.8, 1.4)), 1.5, 7.5))
        q = 0.707 if shape != BELL else float(np.exp(rng.normal(0.1, 0.3)))
        bands.append(
            {
                "shape": shape,
                "frequency_hz": _drawn(low, high, rng),
                "gain_db": rounded(size if rng.random() < boosts else -size),
                "q": round(q, 3),
            }
        )
    if not bands:
        return None
    return {"type": "eq", "engine": "calf" if plugins else "pedalboard", "bands": bands}


def draw_compressor(
    times: tuple[tuple[float, float], tuple[float, float]],
    reduction_db: tuple[float, float],
    plugins: bool,
    rng: Generator,
) -> Wish:
    """Return a compressor that turns down by some dB; its threshold is found later."""
    engine = ("calf", "lsp")[int(rng.random() < 0.4)] if plugins else "pedalboard"
    ratio = rounded(float(np.clip(np.exp(rng.normal(1.25, 0.35)), 2.0, 6.0)))
    soft_db = float(rng.choice([0.0, 6.0, 12.0])) if engine == "calf" else 0.0
    attack_ms, release_ms = (_drawn(*span, rng) for span in times)
    detector: Wish = {"detector": "peak"}
    if engine == "lsp":
        detector = {"detector": "rms", "average_ms": 10.0}
    return {
        "type": "compressor",
        "engine": engine,
        "ratio": ratio,
        "attack_ms": attack_ms,
        "release_ms": release_ms,
        "knee_db": soft_db,
        "linked": engine != "pedalboard",
        **detector,
        "reduction_db": rounded(rng.uniform(*reduction_db)),
        "make_up_db": 0.0,
    }


def draw_glue(plugins: bool, rng: Generator) -> Wish:
    """Return a compressor for groups and mixes: slow, of a low ratio."""
    wish = draw_compressor(((8, 30), (100, 300)), (1.5, 4.0), plugins, rng)
    return wish | {"ratio": rounded(rng.uniform(2.0, 3.0))}


def draw_gate(plugins: bool, rng: Generator) -> Wish:
    """Return a gate whose threshold lies some dB below the loud peaks."""
    ends: Wish = {"range_db": -40.0, "knee_db": 0.0} if plugins else {}
    return {
        "type": "gate",
        "engine": "calf" if plugins else "pedalboard",
        "below_db": rounded(rng.uniform(9.0, 17.0)),
        "ratio": rounded(rng.uniform(3.0, 8.0)),
        "attack_ms": rounded(rng.uniform(0.5, 2.0)),
        "release_ms": _drawn(40, 150, rng),
        **ends,
    }


def draw_ride(rng: Generator) -> Wish:
    """Return rides of a fader: knots, as shares of the song and gains."""
    count = int(rng.integers(4, 9))
    places = np.sort(rng.random(count))
    return {
        "type": "ride",
        "engine": "fader",
        "knots": [[round(float(place), 3), rounded(rng.normal(0.0, 2.5))] for place in places],
    }


def draw_limiter(rng: Generator) -> Wish:
    """Return a limiter, driven until its peaks are turned down by some dB."""
    return {
        "type": "limiter",
        "engine": "calf",
        "reduction_db": rounded(rng.uniform(2.0, 5.0)),
        "ceiling_db": rounded(-rng.uniform(0.5, 2.0)),
        "look_ahead_ms": 5.0,
        "release_ms": _drawn(40, 150, rng),
    }


def draw_delay(plugins: bool, beat_ms: float, rng: Generator) -> Wish:
    """Return echoes in time with the song."""
    part = float(rng.choice([0.5, 0.75, 1.0]))
    return {
        "type": "delay",
        "engine": "calf" if plugins else "pedalboard",
        "time_ms": rounded(part * beat_ms, 1),
        "feedback": rounded(rng.uniform(0.1, 0.45), 2),
        "wet_db": rounded(-rng.uniform(9.0, 19.0)),
    }


def draw_reverb(plugins: bool, rng: Generator) -> Wish:
    """Return a reverb of one engine or the other."""
    wet_db = rounded(-rng.uniform(8.0, 19.0))
    if not plugins:
        return {
            "type": "reverb",
            "engine": "pedalboard",
            "room_size": rounded(rng.uniform(0.1, 0.8), 2),
            "damping": rounded(rng.uniform(0.2, 0.7), 2),
            "width": rounded(rng.uniform(0.6, 1.0), 2),
            "wet_db": wet_db,
        }
    return {
        "type": "reverb",
        "engine": "calf",
        "decay_time": rounded(rng.uniform(0.4, 1.0), 2),
        "hf_damp": _drawn(4000, 9000, rng),
        "room_size": int(rng.integers(0, 5)),
        "diffusion": rounded(rng.uniform(0.4, 0.8), 2),
        "predelay": rounded(rng.uniform(0.0, 40.0)),
        "bass_cut": _drawn(60, 200, rng),
        "treble_cut": _drawn(5000, 12000, rng),
        "wet_db": wet_db,
    }


def _drawn(low: float, high: float, rng: Generator) -> float:
    """Return a frequency or a time, drawn along a logarithmic scale, with three digits."""
    return float(f"{np.exp(rng.uniform(np.log(low), np.log(high))):.3g}")


def rounded(value: float, digits: int = 1) -> float:
    """Return a number as people dial it."""
    return round(float(value), digits) + 0.0
