"""A singer: harmonics shaped by formants, consonants made of noise, breaths.

Formants are averages of women's vowels: G. Peterson, H. Barney, "Control methods used in a study
of the vowels", JASA 24, 1952, table II; the fourth is a singer's formant and does not move.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy.random import Generator
from scipy import signal

from mixtrace.instruments.notes import Note
from mixtrace.instruments.synthesis import (
    band_noise,
    filled,
    gate,
    harmonics,
    hz_from_midi,
    samples,
    times_s,
)

__all__ = ["Singer", "sing"]

FORMANTS_HZ = {
    "a": (850.0, 1220.0, 2810.0),
    "e": (610.0, 2330.0, 2990.0),
    "i": (310.0, 2790.0, 3310.0),
    "o": (590.0, 920.0, 2710.0),
    "u": (370.0, 950.0, 2670.0),
}
BANDWIDTHS_HZ = (90.0, 120.0, 170.0)
FORMANT_GAINS = (1.0, 0.5, 0.25)

CONSONANTS = {
    "s": (5000.0, 11000.0, 0.11, 0.30),
    "t": (3000.0, 8000.0, 0.03, 0.35),
    "h": (700.0, 3500.0, 0.08, 0.08),
}
"""Noise of a consonant: lower and upper edge in Hz, duration in s, level. The others are voiced."""

PHRASE_GAP_S = 0.25
"""A longer rest than this ends a phrase; the singer breathes before the next."""


@dataclass(frozen=True)
class Singer:
    """Who sings.

    Attributes:
        tract: factor of all formants: 0.85 for the longer throat of most men.
        vibrato_hz: how fast the vibrato is.
        vibrato_semitones: how wide.
        breath: how loud the breaths are.
        shaped_every: samples from one moment to the next at which the formants are computed.
    """

    tract: float = 1.0
    vibrato_hz: float = 5.6
    vibrato_semitones: float = 0.3
    breath: float = 0.02
    shaped_every: int = 1


def sing(
    notes: Sequence[Note],
    duration_s: float,
    sample_rate_hz: int,
    rng: Generator,
    singer: Singer = Singer(),
) -> Float[np.ndarray, " time"]:
    """Return a sung line; each note's syllable is a vowel, perhaps after a consonant.

    Args:
        notes: the melody, one pitch a note, in order.
        duration_s: length of the track.
        sample_rate_hz: sample rate.
        rng: source of noise, of the vibrato's phase and of the pitch's wander.
        singer: who sings.
    """
    track = np.zeros(samples(duration_s, sample_rate_hz))
    for phrase in _phrases(notes):
        start_s = max(phrase[0].start_s - 0.4, 0.0)
        length_s = phrase[-1].start_s + phrase[-1].duration_s + 0.2 - start_s
        time_s = start_s + times_s(length_s, sample_rate_hz)
        sound = _vowels(phrase, time_s, sample_rate_hz, rng, singer)
        sound += _noises(phrase, time_s, sample_rate_hz, rng, singer)
        _add(track, start_s, sound, sample_rate_hz)
    return track


def _phrases(notes: Sequence[Note]) -> list[list[Note]]:
    phrases = [[notes[0]]]
    for before, note in itertools.pairwise(notes):
        if note.start_s - before.start_s - before.duration_s > PHRASE_GAP_S:
            phrases.append([])
        phrases[-1].append(note)
    return phrases


def _vowels(
    phrase: Sequence[Note],
    time_s: Float[np.ndarray, " time"],
    sample_rate_hz: int,
    rng: Generator,
    singer: Singer,
) -> Float[np.ndarray, " time"]:
    """Return the voiced part: pitch and formants glide from note to note."""
    pitch_midi = _glide([note.pitches_midi[0] for note in phrase], phrase, time_s, sample_rate_hz)
    vibrato = np.sin(2.0 * np.pi * (singer.vibrato_hz * time_s + rng.random()))
    depth = singer.vibrato_semitones * _held(phrase, time_s)
    pitch_midi += depth * vibrato + _wander(len(time_s), sample_rate_hz, rng)
    vowels = [FORMANTS_HZ[note.syllable[-1]] for note in phrase]
    formants_hz = [
        singer.tract * _glide(row, phrase, time_s, sample_rate_hz)[:: singer.shaped_every]
        for row in zip(*vowels, strict=False)
    ]

    def gain(number: int, partial_hz: np.ndarray) -> np.ndarray:
        shaped = _formant_gain(partial_hz[:: singer.shaped_every], formants_hz) / number**0.5
        if singer.shaped_every == 1:
            return shaped
        return filled(shaped, singer.shaped_every, len(partial_hz))

    tone = harmonics(np.asarray(hz_from_midi(pitch_midi)), 24, gain, sample_rate_hz)
    return tone * sum(
        note.velocity * gate(time_s - note.start_s, note.duration_s, attack_s=0.05, release_s=0.1)
        for note in phrase
    )


def _noises(
    phrase: Sequence[Note],
    time_s: Float[np.ndarray, " time"],
    sample_rate_hz: int,
    rng: Generator,
    singer: Singer,
) -> Float[np.ndarray, " time"]:
    """Return the breath before a phrase and the unvoiced consonants in it."""
    sound = np.zeros_like(time_s)
    _add(
        sound, 0.0, singer.breath * _burst(800.0, 6000.0, 0.35, sample_rate_hz, rng), sample_rate_hz
    )
    for note in phrase:
        if note.syllable[0] in CONSONANTS:
            low_hz, high_hz, length_s, level = CONSONANTS[note.syllable[0]]
            burst = _burst(low_hz, high_hz, length_s, sample_rate_hz, rng)
            start_s = note.start_s - 0.6 * length_s - time_s[0]
            _add(sound, start_s, level * note.velocity * burst, sample_rate_hz)
    return sound


def _burst(
    low_hz: float, high_hz: float, length_s: float, sample_rate_hz: int, rng: Generator
) -> Float[np.ndarray, " burst"]:
    """Return a noise that swells over half its length and dies away."""
    time_s = times_s(length_s, sample_rate_hz)
    noise = band_noise(len(time_s), low_hz, high_hz, sample_rate_hz, rng)
    return noise * gate(time_s, 0.6 * length_s, attack_s=0.4 * length_s, release_s=0.4 * length_s)


def _add(
    track: Float[np.ndarray, " time"],
    start_s: float,
    sound: Float[np.ndarray, " sound"],
    sample_rate_hz: int,
) -> None:
    """Add a sound to a track in place, cut at the track's end."""
    start = max(samples(start_s, sample_rate_hz), 0)
    stop = min(start + len(sound), len(track))
    track[start:stop] += sound[: stop - start]


def _glide(
    values: Sequence[float] | np.ndarray,
    phrase: Sequence[Note],
    time_s: Float[np.ndarray, " time"],
    sample_rate_hz: int,
) -> Float[np.ndarray, " time"]:
    """Return one value a note as a curve that moves to the next value within 70 ms."""
    index = np.searchsorted([note.start_s for note in phrase[1:]], time_s, side="right")
    steps = np.asarray(values, dtype=float)[index]
    window = np.hanning(samples(0.07, sample_rate_hz) | 1)
    padded = np.pad(steps, len(window) // 2, mode="edge")
    return signal.fftconvolve(padded, window / window.sum(), mode="valid")


def _held(phrase: Sequence[Note], time_s: Float[np.ndarray, " time"]) -> Float[np.ndarray, " time"]:
    """Return how far each note has settled, 0 to 1: a vibrato starts late."""
    starts_s = np.array([note.start_s for note in phrase])
    index = np.maximum(np.searchsorted(starts_s, time_s, side="right") - 1, 0)
    return np.clip((time_s - starts_s[index] - 0.25) / 0.3, 0.0, 1.0)


def _wander(count: int, sample_rate_hz: int, rng: Generator) -> Float[np.ndarray, " time"]:
    """Return a slow random deviation of the pitch, in semitones, eight knots a second."""
    knots = 0.06 * rng.standard_normal(8 * count // sample_rate_hz + 2)
    return np.interp(np.arange(count) * 8.0 / sample_rate_hz, np.arange(len(knots)), knots)


def _formant_gain(
    frequency_hz: Float[np.ndarray, " time"], formants_hz: Sequence[Float[np.ndarray, " time"]]
) -> Float[np.ndarray, " time"]:
    """Return the vocal tract's amplitude at a frequency: a resonance for each formant."""
    total = 0.02 + 0.1 / (1.0 + ((frequency_hz - 3900.0) / 250.0) ** 2)
    for centre_hz, width_hz, level in zip(formants_hz, BANDWIDTHS_HZ, FORMANT_GAINS, strict=True):
        total += level / (1.0 + ((frequency_hz - centre_hz) / width_hz) ** 2)
    return total
