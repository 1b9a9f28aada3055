"""Kick, snare, hi-hat, tom and crash cymbal; what is tuned on them stands in a value of its own."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.random import Generator

from mixtrace.instruments.notes import Note
from mixtrace.instruments.synthesis import band_noise, decay, gate, hz_from_midi, times_s

__all__ = ["Cymbals", "Kick", "Snare", "Tom", "crash", "hihat", "kick", "snare", "tom"]


@dataclass(frozen=True)
class Kick:
    """How a bass drum is tuned.

    Attributes:
        pitch_hz: that it ends at.
        drop_hz: from how much higher it falls.
        ring_s: time in which it halves.
        click: how much of the beater is heard.
    """

    pitch_hz: float = 48.0
    drop_hz: float = 112.0
    ring_s: float = 0.075
    click: float = 0.12


@dataclass(frozen=True)
class Snare:
    """How a snare drum is tuned.

    Attributes:
        head_hz: its two modes.
        ring_s: time in which the lower one halves; the upper one takes two thirds of it.
        wires_hz: lower and upper edge of the wires' noise.
        wires: their share, 0 to 1.
    """

    head_hz: tuple[float, float] = (187.0, 331.0)
    ring_s: float = 0.03
    wires_hz: tuple[float, float] = (1200.0, 9000.0)
    wires: float = 0.3


@dataclass(frozen=True)
class Cymbals:
    """How cymbals sound.

    Attributes:
        partials_hz: of the metal.
        closed_s, open_s: times in which a closed and an open hi-hat halve.
        metal: how much of the partials is heard.
    """

    partials_hz: tuple[float, ...] = (4170.0, 5390.0, 6240.0, 7830.0, 9120.0)
    closed_s: float = 0.018
    open_s: float = 0.13
    metal: float = 0.12


@dataclass(frozen=True)
class Tom:
    """How toms are tuned.

    Attributes:
        ring_s: time in which they halve.
        skin: how much of the stroke on the skin is heard.
    """

    ring_s: float = 0.11
    skin: float = 0.1


def kick(
    note: Note, sample_rate_hz: int, rng: Generator, drum: Kick = Kick()
) -> Float[np.ndarray, " time"]:
    """Return a bass drum: a sine that falls, from 160 to 48 Hz at first, and the beater's click."""
    time_s = times_s(0.45, sample_rate_hz)
    frequency_hz = drum.pitch_hz + drum.drop_hz * decay(time_s, 0.018)
    body = np.sin(2.0 * np.pi * np.cumsum(frequency_hz) / sample_rate_hz)
    body *= decay(time_s, drum.ring_s)
    click = band_noise(len(time_s), 1500.0, 6000.0, sample_rate_hz, rng) * decay(time_s, 0.002)
    fade = gate(time_s, 0.4, attack_s=0.001, release_s=0.05)
    return note.velocity * fade * (body + drum.click * note.velocity * click)


def snare(
    note: Note, sample_rate_hz: int, rng: Generator, drum: Snare = Snare()
) -> Float[np.ndarray, " time"]:
    """Return a snare drum: two modes of the head, and wires that ring longer when hit harder."""
    time_s = times_s(0.4, sample_rate_hz)
    low_hz, high_hz = drum.head_hz
    head = np.sin(2.0 * np.pi * low_hz * time_s) * decay(time_s, drum.ring_s)
    head += 0.6 * np.sin(2.0 * np.pi * high_hz * time_s) * decay(time_s, 2.0 * drum.ring_s / 3.0)
    wires = band_noise(len(time_s), *drum.wires_hz, sample_rate_hz, rng)
    wires *= decay(time_s, 0.025 + 0.02 * note.velocity)
    fade = gate(time_s, 0.3, attack_s=0.001, release_s=0.1)
    return note.velocity**1.5 * fade * ((1.0 - drum.wires) * head + drum.wires * wires)


def hihat(
    note: Note, sample_rate_hz: int, rng: Generator, cymbals: Cymbals = Cymbals()
) -> Float[np.ndarray, " time"]:
    """Return a hi-hat: a cluster of inharmonic partials in noise; a long note is an open one."""
    is_open = note.duration_s > 0.3
    time_s = times_s(0.9 if is_open else 0.2, sample_rate_hz)
    noise = band_noise(len(time_s), 6500.0, 15000.0, sample_rate_hz, rng)
    metal = _metal(time_s, cymbals)
    envelope = decay(time_s, cymbals.open_s if is_open else cymbals.closed_s)
    fade = gate(time_s, time_s[-1] - 0.05, attack_s=0.001, release_s=0.05)
    return note.velocity * envelope * fade * (0.5 * noise + cymbals.metal * metal)


def crash(
    note: Note, sample_rate_hz: int, rng: Generator, cymbals: Cymbals = Cymbals()
) -> Float[np.ndarray, " time"]:
    """Return a crash cymbal, which rings for three seconds."""
    time_s = times_s(3.0, sample_rate_hz)
    noise = band_noise(len(time_s), 2500.0, 14000.0, sample_rate_hz, rng)
    envelope = decay(time_s, 4.0 * cymbals.open_s)
    fade = gate(time_s, time_s[-1] - 0.3, attack_s=0.003, release_s=0.3)
    return note.velocity * envelope * fade * (0.6 * noise + cymbals.metal * _metal(time_s, cymbals))


def tom(
    note: Note, sample_rate_hz: int, rng: Generator, drum: Tom = Tom()
) -> Float[np.ndarray, " time"]:
    """Return a tom that falls by a fourth to the note's pitch, and the stroke on its skin."""
    time_s = times_s(0.7, sample_rate_hz)
    frequency_hz = hz_from_midi(note.pitches_midi[0]) * (1.0 + 0.33 * decay(time_s, 0.02))
    body = np.sin(2.0 * np.pi * np.cumsum(frequency_hz) / sample_rate_hz)
    body *= decay(time_s, drum.ring_s)
    skin = band_noise(len(time_s), 800.0, 5000.0, sample_rate_hz, rng) * decay(time_s, 0.006)
    fade = gate(time_s, 0.55, attack_s=0.001, release_s=0.15)
    return note.velocity * fade * (body + drum.skin * note.velocity * skin)


def _metal(time_s: Float[np.ndarray, " time"], cymbals: Cymbals) -> Float[np.ndarray, " time"]:
    partials_hz = np.array(cymbals.partials_hz)
    return np.sin(2.0 * np.pi * partials_hz[:, None] * time_s).sum(axis=0)
