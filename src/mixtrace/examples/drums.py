"""Kick, snare and hi-hat of the demo song."""

import numpy as np
from jaxtyping import Float
from numpy.random import Generator

from mixtrace.examples.score import Note
from mixtrace.examples.synthesis import band_noise, decay, gate, times_s

__all__ = ["hihat", "kick", "snare"]


def kick(note: Note, sample_rate_hz: int, rng: Generator) -> Float[np.ndarray, " time"]:
    """Return a bass drum: a sine that falls from 160 to 48 Hz, and the click of the beater."""
    time_s = times_s(0.45, sample_rate_hz)
    frequency_hz = 48.0 + 112.0 * decay(time_s, 0.018)
    body = np.sin(2.0 * np.pi * np.cumsum(frequency_hz) / sample_rate_hz) * decay(time_s, 0.075)
    click = band_noise(len(time_s), 1500.0, 6000.0, sample_rate_hz, rng) * decay(time_s, 0.002)
    fade = gate(time_s, 0.4, attack_s=0.001, release_s=0.05)
    return note.velocity * fade * (body + 0.12 * note.velocity * click)


def snare(note: Note, sample_rate_hz: int, rng: Generator) -> Float[np.ndarray, " time"]:
    """Return a snare drum: two modes of the head, and wires that ring longer when hit harder."""
    time_s = times_s(0.4, sample_rate_hz)
    head = np.sin(2.0 * np.pi * 187.0 * time_s) * decay(time_s, 0.03)
    head += 0.6 * np.sin(2.0 * np.pi * 331.0 * time_s) * decay(time_s, 0.02)
    wires = band_noise(len(time_s), 1200.0, 9000.0, sample_rate_hz, rng)
    wires *= decay(time_s, 0.025 + 0.02 * note.velocity)
    fade = gate(time_s, 0.3, attack_s=0.001, release_s=0.1)
    return note.velocity**1.5 * fade * (0.7 * head + 0.3 * wires)


def hihat(note: Note, sample_rate_hz: int, rng: Generator) -> Float[np.ndarray, " time"]:
    """Return a hi-hat: a cluster of inharmonic partials in noise; a long note is an open one."""
    is_open = note.duration_s > 0.3
    time_s = times_s(0.9 if is_open else 0.2, sample_rate_hz)
    noise = band_noise(len(time_s), 6500.0, 15000.0, sample_rate_hz, rng)
    partials_hz = np.array([4170.0, 5390.0, 6240.0, 7830.0, 9120.0])
    metal = np.sin(2.0 * np.pi * partials_hz[:, None] * time_s).sum(axis=0)
    envelope = decay(time_s, 0.13 if is_open else 0.018)
    fade = gate(time_s, time_s[-1] - 0.05, attack_s=0.001, release_s=0.05)
    return note.velocity * envelope * fade * (0.5 * noise + 0.12 * metal)
