"""Bass, electric piano, lead synthesiser and guitar."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.random import Generator

from mixtrace.instruments.notes import Note
from mixtrace.instruments.string_kernels import ring
from mixtrace.instruments.synthesis import band_noise, decay, gate, harmonics, hz_from_midi, times_s

__all__ = ["Piano", "Strings", "bass", "electric_piano", "fingered", "lead", "string", "strum"]


@dataclass(frozen=True)
class Piano:
    """How an electric piano is set.

    Attributes:
        bark: how far hard strokes bend the tone.
        tine: how much of the struck metal is heard.
        ring_s: time in which it halves.
        tremolo_hz: how fast its tremolo is.
        tremolo: how deep, 0 to 1.
    """

    bark: float = 2.4
    tine: float = 0.15
    ring_s: float = 0.9
    tremolo_hz: float = 4.6
    tremolo: float = 0.2


@dataclass(frozen=True)
class Strings:
    """What strings a guitar or bass has.

    Attributes:
        ring_s: time in which they halve.
        brightness: of the pluck, as a factor of how hard it is.
    """

    ring_s: float = 0.6
    brightness: float = 1.0


def bass(note: Note, sample_rate_hz: int) -> Float[np.ndarray, " time"]:
    """Return a sawtooth through a low-pass filter that closes after the attack."""
    time_s = times_s(note.duration_s + 0.08, sample_rate_hz)
    cutoff_hz = 180.0 + 1600.0 * note.velocity**2 * decay(time_s, 0.09)
    frequency_hz = np.full_like(time_s, hz_from_midi(note.pitches_midi[0]))
    tone = harmonics(
        frequency_hz,
        30,
        lambda number, partial_hz: 1.0 / (number + number * np.square(partial_hz / cutoff_hz)),
        sample_rate_hz,
    )
    envelope = gate(time_s, note.duration_s, attack_s=0.004, release_s=0.07)
    return note.velocity * envelope * (0.4 + 0.6 * decay(time_s, 0.25)) * tone


def electric_piano(
    note: Note, sample_rate_hz: int, piano: Piano = Piano()
) -> Float[np.ndarray, "2 time"]:
    """Return a chord of frequency-modulated tines, low keys left, with a stereo tremolo."""
    time_s = times_s(note.duration_s + 0.3, sample_rate_hz)
    sound = np.zeros((2, len(time_s)))
    places = np.linspace(0.3, 0.7, len(note.pitches_midi))
    for place, pitch_midi in zip(places, note.pitches_midi, strict=True):
        phase = 2.0 * np.pi * hz_from_midi(pitch_midi) * time_s
        bark = piano.bark * note.velocity * decay(time_s, 0.25) * np.sin(phase)
        tine = piano.tine * note.velocity * decay(time_s, 0.05) * np.sin(14.0 * phase)
        tone = (np.sin(phase + bark) + tine) * decay(time_s, piano.ring_s)
        sound += np.sqrt([[1.0 - place], [place]]) * tone
    tremolo = piano.tremolo * np.sin(2.0 * np.pi * piano.tremolo_hz * (note.start_s + time_s))
    envelope = gate(time_s, note.duration_s, attack_s=0.003, release_s=0.25)
    return note.velocity * envelope * sound * np.stack([1.0 + tremolo, 1.0 - tremolo])


def lead(note: Note, sample_rate_hz: int) -> Float[np.ndarray, " time"]:
    """Return a soft square wave with a vibrato that grows while the note is held."""
    time_s = times_s(note.duration_s + 0.15, sample_rate_hz)
    depth = 0.25 * np.clip((time_s - 0.2) / 0.4, 0.0, 1.0)
    pitch_midi = note.pitches_midi[0] + depth * np.sin(2.0 * np.pi * 5.2 * time_s)
    tone = harmonics(
        np.asarray(hz_from_midi(pitch_midi)),
        15,
        lambda number, partial_hz: (number % 2) / (number + number * (partial_hz / 2800.0) ** 2),
        sample_rate_hz,
    )
    envelope = gate(time_s, note.duration_s, attack_s=0.015, release_s=0.14)
    return note.velocity * envelope * (0.6 + 0.4 * decay(time_s, 0.2)) * tone


def strum(
    note: Note, sample_rate_hz: int, rng: Generator, strings: Strings = Strings()
) -> Float[np.ndarray, " time"]:
    """Return a guitar chord: strings plucked in turn, hard strokes downwards, soft ones up."""
    time_s = times_s(note.duration_s + 0.1, sample_rate_hz)
    sound = np.zeros_like(time_s)
    order = note.pitches_midi if note.velocity > 0.6 else note.pitches_midi[::-1]
    for index, pitch_midi in enumerate(order):
        start = round(sample_rate_hz * index * rng.uniform(0.008, 0.014))
        loudness = note.velocity * rng.uniform(0.8, 1.0)
        count = len(time_s) - start
        sound[start:] += loudness * string(
            pitch_midi,
            count,
            strings.brightness * note.velocity,
            sample_rate_hz,
            rng,
            strings.ring_s,
        )
    return sound * gate(time_s, note.duration_s, attack_s=0.001, release_s=0.09)


def fingered(
    note: Note, sample_rate_hz: int, rng: Generator, strings: Strings
) -> Float[np.ndarray, " time"]:
    """Return a note of an electric bass, its string plucked by a finger."""
    time_s = times_s(note.duration_s + 0.08, sample_rate_hz)
    brightness, ring_s = strings.brightness * note.velocity, strings.ring_s
    sound = string(note.pitches_midi[0], len(time_s), brightness, sample_rate_hz, rng, ring_s)
    phase = 2.0 * np.pi * float(hz_from_midi(note.pitches_midi[0])) * time_s
    sound += 0.7 * np.sin(phase) * decay(time_s, ring_s)
    return note.velocity * sound * gate(time_s, note.duration_s, attack_s=0.002, release_s=0.06)


def string(
    pitch_midi: int,
    count: int,
    brightness: float,
    sample_rate_hz: int,
    rng: Generator,
    ring_s: float = 0.6,
) -> Float[np.ndarray, " time"]:
    """Return a plucked string: noise in a delay line with a low-pass filter in its loop.

    y[n] = g sum_k c_k y[n - N - k], where c, the convolution of the averager (1/2, 1/2) and of the
    linear interpolator (1 - f, f), delays by f + 1/2, and N + f + 1/2 is the period.

    Args:
        pitch_midi: pitch.
        count: length in samples.
        brightness: 0 to 1, how far up the noise of the pluck reaches.
        sample_rate_hz: sample rate.
        rng: source of the pluck.
        ring_s: time in which it halves.

    Source: K. Karplus, A. Strong, "Digital synthesis of plucked-string and drum timbres", CMJ 7(2),
    1983; the fractional delay after D. Jaffe, J. Smith, "Extensions", same issue, sec. 2.
    """
    period_samples = sample_rate_hz / float(hz_from_midi(pitch_midi))
    whole = int(period_samples - 0.5)
    part = period_samples - 0.5 - whole
    loop_gain = 0.5 ** (period_samples / (ring_s * sample_rate_hz))
    taps = loop_gain * np.convolve([0.5, 0.5], [1.0 - part, part])
    lead_in = whole + 2
    line = np.zeros(lead_in + count)
    pluck = band_noise(lead_in, 80.0, 2000.0 + 5000.0 * brightness, sample_rate_hz, rng)
    line[:lead_in] = pluck - pluck.mean()
    ring(line, whole, taps)
    return line[lead_in:]
