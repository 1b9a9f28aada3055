"""Shaker, tambourine, claps and congas."""

import numpy as np
from jaxtyping import Float
from numpy.random import Generator

from mixtrace.instruments.notes import Note
from mixtrace.instruments.synthesis import band_noise, decay, gate, hz_from_midi, samples, times_s

__all__ = ["clap", "conga", "shaker", "tambourine"]

_HANDS_S = (0.0, 0.011, 0.024)
_JINGLES_HZ = np.array([5120.0, 6870.0, 8150.0, 9730.0, 11400.0])


def shaker(
    note: Note, sample_rate_hz: int, rng: Generator, low_hz: float
) -> Float[np.ndarray, " time"]:
    """Return a shaker: noise above `low_hz` that swells before it stops."""
    time_s = times_s(0.13, sample_rate_hz)
    noise = band_noise(len(time_s), low_hz, 13000.0, sample_rate_hz, rng)
    return 0.5 * note.velocity * noise * gate(time_s, 0.05, attack_s=0.045, release_s=0.07)


def tambourine(
    note: Note, sample_rate_hz: int, rng: Generator, ring_s: float
) -> Float[np.ndarray, " time"]:
    """Return a tambourine: jingles that halve in `ring_s`, and noise."""
    time_s = times_s(0.35, sample_rate_hz)
    jingles = np.sin(2.0 * np.pi * _JINGLES_HZ[:, None] * time_s).sum(axis=0)
    noise = band_noise(len(time_s), 5000.0, 14000.0, sample_rate_hz, rng)
    fade = gate(time_s, 0.25, attack_s=0.002, release_s=0.1)
    return note.velocity * fade * decay(time_s, ring_s) * (0.1 * jingles + 0.4 * noise)


def clap(
    note: Note, sample_rate_hz: int, rng: Generator, ring_s: float
) -> Float[np.ndarray, " time"]:
    """Return some people's claps: three bursts within 25 ms, and a tail that halves in `ring_s`."""
    time_s = times_s(0.35, sample_rate_hz)
    noise = band_noise(len(time_s), 900.0, 5000.0, sample_rate_hz, rng)
    envelope = np.zeros_like(time_s)
    begins = [samples(at_s + 0.002 * rng.random(), sample_rate_hz) for at_s in _HANDS_S]
    for begin in begins:
        envelope[begin:] = decay(time_s[: len(time_s) - begin], 0.004)
    last = begins[-1]
    envelope[last:] += 0.5 * decay(time_s[: len(time_s) - last], ring_s)
    return 0.6 * note.velocity * noise * envelope * gate(time_s, 0.25, attack_s=1e-3, release_s=0.1)


def conga(
    note: Note, sample_rate_hz: int, rng: Generator, ring_s: float
) -> Float[np.ndarray, " time"]:
    """Return a conga of the note's pitch, which halves in `ring_s`."""
    time_s = times_s(0.4, sample_rate_hz)
    frequency_hz = hz_from_midi(note.pitches_midi[0]) * (1.0 + 0.1 * decay(time_s, 0.01))
    body = np.sin(2.0 * np.pi * np.cumsum(frequency_hz) / sample_rate_hz) * decay(time_s, ring_s)
    slap = band_noise(len(time_s), 1200.0, 6000.0, sample_rate_hz, rng) * decay(time_s, 0.003)
    fade = gate(time_s, 0.3, attack_s=0.001, release_s=0.1)
    return note.velocity * fade * (body + 0.15 * note.velocity * slap)
