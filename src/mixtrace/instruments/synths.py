"""Synthesisers: a table of one period read at a pitch; organ, pad, plucked sounds and a lead."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.random import Generator

from mixtrace.instruments.notes import Note
from mixtrace.instruments.synthesis import band_noise, decay, gate, hz_from_midi, times_s

__all__ = ["Lead", "Organ", "Pad", "Pluck", "lead", "organ", "pad", "period", "pluck", "read"]

_POINTS = 4096
_DRAWBARS = (1, 3, 2, 4, 6, 8, 10, 12, 16)
"""Harmonics of the 16' stop that the nine drawbars of an organ sound."""


@dataclass(frozen=True)
class Pluck:
    """A plucked or struck sound: its waveform, and a filter that closes.

    Attributes:
        square: 0 for a sawtooth, 1 for a square.
        cutoff_hz: where the filter begins.
        closed_hz: where it ends.
        closing_s: time in which it goes half of the way.
        ring_s: time in which the sound halves while it is held.
    """

    square: float
    cutoff_hz: float
    closed_hz: float
    closing_s: float
    ring_s: float


@dataclass(frozen=True)
class Pad:
    """A sound of detuned sawtooths.

    Attributes:
        detune_cents: how far the outer ones lie from the middle one.
        cutoff_hz: of its filter.
        attack_s, release_s: how slowly it comes and goes.
    """

    detune_cents: float
    cutoff_hz: float
    attack_s: float
    release_s: float


@dataclass(frozen=True)
class Organ:
    """An organ of drawbars before a rotating loudspeaker.

    Attributes:
        drawbars: 0 to 8, nine of them.
        turns_hz: how fast the loudspeaker turns.
        depth: how deep it modulates, 0 to 1.
        click: how much of the keys' contact is heard.
    """

    drawbars: tuple[int, ...]
    turns_hz: float
    depth: float
    click: float


@dataclass(frozen=True)
class Lead:
    """A held, singing sound.

    Attributes:
        square: 0 for a sawtooth, 1 for a square.
        cutoff_hz: of its filter.
        vibrato_hz: how fast its vibrato is.
        vibrato_semitones: how wide it grows.
        attack_s: how slowly it comes.
    """

    square: float
    cutoff_hz: float
    vibrato_hz: float
    vibrato_semitones: float
    attack_s: float


def period(amplitudes: Float[np.ndarray, " harmonic"]) -> Float[np.ndarray, " point"]:
    """Return a period of harmonics, all sines, from the first one on; its first point once more."""
    spectrum = np.zeros(_POINTS // 2 + 1, dtype=complex)
    spectrum[1 : len(amplitudes) + 1] = -0.5j * _POINTS * amplitudes
    wave = np.fft.irfft(spectrum)
    return np.append(wave, wave[0])


def read(
    table: Float[np.ndarray, " point"], cycles: Float[np.ndarray, " time"]
) -> Float[np.ndarray, " time"]:
    """Return a table of a period at a phase in cycles, on straight lines between its points.

    Of a partial that has 16 points or more a period, what is added lies below -45 dB of it.
    """
    at = (cycles % 1.0) * _POINTS
    whole = at.astype(np.int64)
    here = table[whole]
    return here + (at - whole) * (table[whole + 1] - here)


def pluck(note: Note, sample_rate_hz: int, patch: Pluck) -> Float[np.ndarray, " time"]:
    """Return a plucked sound: from one waveform to a darker one as its filter closes."""
    time_s = times_s(note.duration_s + 0.08, sample_rate_hz)
    sound = np.zeros_like(time_s)
    closing = decay(time_s, patch.closing_s)
    for pitch_midi in note.pitches_midi:
        hz = float(hz_from_midi(pitch_midi))
        bright, dark = (
            period(_filtered(patch.square, hz, cutoff_hz, sample_rate_hz))
            for cutoff_hz in (patch.closed_hz + note.velocity * patch.cutoff_hz, patch.closed_hz)
        )
        cycles = hz * time_s
        darker = read(dark, cycles)
        sound += darker + closing * (read(bright, cycles) - darker)
    envelope = gate(time_s, note.duration_s, attack_s=0.003, release_s=0.07)
    return note.velocity * envelope * decay(time_s, patch.ring_s) * sound


def pad(note: Note, sample_rate_hz: int, rng: Generator, patch: Pad) -> Float[np.ndarray, "2 time"]:
    """Return a chord of three sawtooths a pitch: one in the middle, one to either side."""
    time_s = times_s(note.duration_s + patch.release_s, sample_rate_hz)
    sides = np.zeros((2, len(time_s)))
    for pitch_midi in note.pitches_midi:
        hz = float(hz_from_midi(pitch_midi))
        table = period(_filtered(0.0, hz, patch.cutoff_hz, sample_rate_hz))
        for cents, left in ((-patch.detune_cents, 0.9), (0.0, 0.5), (patch.detune_cents, 0.1)):
            voice = read(table, hz * 2.0 ** (cents / 1200.0) * time_s + rng.random())
            sides += np.sqrt([[left], [1.0 - left]]) * voice
    envelope = gate(
        time_s,
        max(note.duration_s, patch.attack_s),
        attack_s=patch.attack_s,
        release_s=patch.release_s,
    )
    return note.velocity * envelope * sides


def organ(
    note: Note, sample_rate_hz: int, rng: Generator, patch: Organ
) -> Float[np.ndarray, "2 time"]:
    """Return a chord of an organ, its loudspeaker turning on through the song."""
    time_s = times_s(note.duration_s + 0.05, sample_rate_hz)
    turn = np.sin(2.0 * np.pi * patch.turns_hz * (note.start_s + time_s))
    sound = np.zeros_like(time_s)
    for pitch_midi in note.pitches_midi:
        hz = float(hz_from_midi(pitch_midi)) / 2.0  # the 16' stop sounds an octave lower
        amplitudes = np.zeros(max(_DRAWBARS))
        for harmonic, out in zip(_DRAWBARS, patch.drawbars, strict=True):
            if out and harmonic * hz < 0.45 * sample_rate_hz:
                amplitudes[harmonic - 1] = 10.0 ** (3.0 * (out - 8) / 20.0)  # 3 dB a step
        sound += read(period(amplitudes), hz * time_s + 0.02 * patch.depth * turn)
    click = band_noise(len(time_s), 1000.0, 6000.0, sample_rate_hz, rng) * decay(time_s, 0.002)
    envelope = gate(time_s, note.duration_s, attack_s=0.005, release_s=0.03)
    swell = 0.35 * patch.depth * turn
    return (
        note.velocity * envelope * (sound + patch.click * click) * np.stack([1 + swell, 1 - swell])
    )


def lead(note: Note, sample_rate_hz: int, patch: Lead) -> Float[np.ndarray, " time"]:
    """Return a held sound with a vibrato that grows."""
    time_s = times_s(note.duration_s + 0.12, sample_rate_hz)
    width = patch.vibrato_semitones * np.clip((time_s - 0.2) / 0.4, 0.0, 1.0)
    pitch_midi = note.pitches_midi[0] + width * np.sin(2.0 * np.pi * patch.vibrato_hz * time_s)
    hz = np.asarray(hz_from_midi(pitch_midi))
    table = period(_filtered(patch.square, float(hz.max()), patch.cutoff_hz, sample_rate_hz))
    sound = read(table, np.cumsum(hz) / sample_rate_hz)
    attack_s = min(patch.attack_s, 0.5 * note.duration_s)
    return note.velocity * sound * gate(time_s, note.duration_s, attack_s=attack_s, release_s=0.11)


def _filtered(
    square: float, hz: float, cutoff_hz: float, sample_rate_hz: int
) -> Float[np.ndarray, " harmonic"]:
    """Return the harmonics of a waveform behind a low-pass of 12 dB/oct, free of aliasing."""
    count = int(min(0.45 * sample_rate_hz / hz, _POINTS // 16))
    number = np.arange(1, max(count, 1) + 1)
    shape: Sequence[float] | np.ndarray = (1.0 - square * (number % 2 == 0)) / number
    return shape / (1.0 + (number * hz / cutoff_hz) ** 2)
