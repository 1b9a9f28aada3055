"""The dry tracks of a generated song: played, levelled, with noise and with what drums hear."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Float32
from numpy.random import Generator

from mixtrace.generating.band import INSTRUMENTS, Instrument
from mixtrace.generating.grooves import draw_drums
from mixtrace.generating.players import RATE_HZ, Take, players_of_drums, players_of_others
from mixtrace.generating.score import Score
from mixtrace.instruments import band_noise, samples
from mixtrace.units import ratio_from_db

__all__ = ["draw_takes", "rounded_audio"]

_PEAK_DB = (-12.0, -4.0)
_NOISE_DB = (-64.0, -56.0)
_BLEED_DB = (-36.0, -26.0)
"""From where to where: a track's peak, the noise of its room, and a drum in another's microphone,
relative to its own."""

_CLOSE = ("kick", "snare", "hihat", "toms")
"""Drums with a microphone close to them, which hears the others."""

_ABOVE = {"kick": -10.0, "snare": -3.0, "hihat": -6.0, "toms": -3.0, "crash": -2.0}
"""How loud the overheads hear each drum, in dB."""

_PLACES = {"kick": 0.5, "snare": 0.47, "hihat": 0.28, "toms": 0.65, "crash": 0.7}
"""Where they hear it: 0 is left."""

_WAY_S = 0.004  # from a drum to the overheads: 1.4 m
_STEPS = 2.0**23  # of an amplitude of 1 in 24 bits


def draw_takes(
    score: Score, band: Sequence[Instrument], rng: Generator
) -> dict[str, Float32[np.ndarray, "channel time"]]:
    """Return the dry tracks of a song by name, in the order of the band.

    Args:
        score: the song.
        band: who plays.
        rng: source of all draws; each player has a source of its own from it.

    Returns:
        Mono [1, time] or stereo [2, time] tracks that 24 bits hold exactly.
    """
    rngs = dict(zip((*INSTRUMENTS, "crash"), rng.spawn(len(INSTRUMENTS) + 1), strict=True))
    kit = players_of_drums(draw_drums(rng), rng)
    players = kit | players_of_others(bool(rng.random() < 0.55))
    takes = {
        one.name: _levelled(players[one.name](score, rngs[one.name]), rngs[one.name])
        for one in band
        if one.name != "overheads"
    }
    if any(one.name == "overheads" for one in band):
        drums = {name: takes[name] for name in _CLOSE if name in takes}
        drums["crash"] = _levelled(kit["crash"](score, rngs["crash"]), rngs["crash"])
        takes["overheads"] = _overheads(drums, rngs["overheads"])
    tracks = {}
    for one in band:
        track = takes[one.name] + _bleed(one.name, takes, rngs[one.name])
        if one.recorded:
            track += _noise(track.shape, rngs[one.name])
        tracks[one.name] = rounded_audio(track)
    return tracks


def rounded_audio(
    audio: Float[np.ndarray, "channel time"],
) -> Float32[np.ndarray, "channel time"]:
    """Return audio as 24 bits hold it."""
    return (np.round(_STEPS * audio) / _STEPS).astype(np.float32)


def _levelled(take: Take, rng: Generator) -> Float[np.ndarray, "channel time"]:
    """Return a take as [channel, time], at the level that a person recorded it with."""
    level = ratio_from_db(rng.uniform(*_PEAK_DB))
    return level * np.atleast_2d(take) / max(float(np.abs(take).max()), 1e-9)


def _overheads(
    drums: Mapping[str, Float[np.ndarray, "1 time"]], rng: Generator
) -> Float[np.ndarray, "2 time"]:
    """Return what two microphones above the kit hear."""
    late = samples(_WAY_S, RATE_HZ)
    heard = np.zeros((2, next(iter(drums.values())).shape[-1]))
    for name, track in drums.items():
        right = _PLACES[name] + rng.uniform(-0.08, 0.08)
        gains = ratio_from_db(_ABOVE[name]) * np.sqrt([[1.0 - right], [right]])
        heard[:, late:] += gains * track[:, :-late]
    return _levelled(heard, rng)


def _bleed(
    name: str, takes: Mapping[str, Float[np.ndarray, "_channel time"]], rng: Generator
) -> Float[np.ndarray, "_channel time"]:
    """Return what a close microphone hears of the other drums; silence for all other tracks."""
    heard = np.zeros_like(takes[name])
    if name in _CLOSE:
        for other in _CLOSE:
            if other != name and other in takes:
                heard += ratio_from_db(rng.uniform(*_BLEED_DB)) * takes[other]
    return heard


def _noise(shape: tuple[int, ...], rng: Generator) -> Float[np.ndarray, "channel time"]:
    """Return the noise of a room and an amplifier, independent in each channel."""
    channels, time = shape
    noise = [band_noise(time, 60.0, 5000.0, RATE_HZ, rng) for _ in range(channels)]
    return ratio_from_db(rng.uniform(*_NOISE_DB)) * np.stack(noise)
