"""The few generators and envelopes that instruments are made of.

All signals are float64 arrays [time] or [channel, time]; full scale is 1.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache

import numpy as np
from jaxtyping import Float
from numpy.random import Generator
from scipy import signal

from mixtrace.instruments.notes import Note

__all__ = [
    "band_noise",
    "decay",
    "filled",
    "gate",
    "harmonics",
    "hz_from_midi",
    "overlay",
    "samples",
    "times_s",
]


def samples(duration_s: float, sample_rate_hz: int) -> int:
    """Return a duration in samples, rounded."""
    return round(duration_s * sample_rate_hz)


def times_s(duration_s: float, sample_rate_hz: int) -> Float[np.ndarray, " time"]:
    """Return the time of every sample of a sound, in seconds from its start."""
    return np.arange(samples(duration_s, sample_rate_hz)) / sample_rate_hz


def hz_from_midi(pitch_midi: float | np.ndarray) -> float | np.ndarray:
    """Return the frequency of a MIDI pitch in equal temperament.

    >>> hz_from_midi(69)
    440.0
    """
    return 440.0 * 2.0 ** ((pitch_midi - 69.0) / 12.0)


def decay(time_s: Float[np.ndarray, " time"], half_life_s: float) -> Float[np.ndarray, " time"]:
    """Return an envelope that starts at 1 and halves every `half_life_s`."""
    return np.exp2(-time_s / half_life_s)


def gate(
    time_s: Float[np.ndarray, " time"], hold_s: float, *, attack_s: float, release_s: float
) -> Float[np.ndarray, " time"]:
    """Return an envelope that rises over `attack_s` and falls over `release_s` after `hold_s`."""
    rise = np.clip(time_s / attack_s, 0.0, 1.0)
    fall = np.clip(1.0 - (time_s - hold_s) / release_s, 0.0, 1.0)
    return np.sin(0.5 * np.pi * np.minimum(rise, fall)) ** 2


def band_noise(
    count: int, low_hz: float, high_hz: float, sample_rate_hz: int, rng: Generator
) -> Float[np.ndarray, " time"]:
    """Return white noise between two frequencies (second-order slopes) with an RMS of 1.

    Args:
        count: length in samples.
        low_hz: lower -3 dB point.
        high_hz: upper -3 dB point, lowered to 0.45 of the sample rate if need be.
        sample_rate_hz: sample rate.
        rng: source of the noise.
    """
    sos = _band(low_hz, min(high_hz, 0.45 * sample_rate_hz), sample_rate_hz)
    noise = np.asarray(signal.sosfilt(sos, rng.standard_normal(count)))
    return noise / np.sqrt(np.mean(np.square(noise)))


def harmonics(
    frequency_hz: Float[np.ndarray, " time"],
    count: int,
    gain: Callable[[int, Float[np.ndarray, " time"]], Float[np.ndarray, " time"]],
    sample_rate_hz: int,
) -> Float[np.ndarray, " time"]:
    """Return a sum of harmonics of a gliding fundamental, free of aliasing.

    Harmonic n of phase φ comes from the two before it: sin nφ = 2 cos φ sin (n-1)φ - sin (n-2)φ.

    Args:
        frequency_hz: the fundamental at every sample.
        count: how many harmonics; those that reach 0.45 of the sample rate are left out.
        gain: maps a harmonic's number and its frequency at every sample to its amplitude.
        sample_rate_hz: sample rate.
    """
    phase = 2.0 * np.pi * np.cumsum(frequency_hz) / sample_rate_hz
    twice_cosine = 2.0 * np.cos(phase)
    before, partial = np.zeros_like(phase), np.sin(phase)
    total = np.zeros_like(phase)
    for number in range(1, min(count, int(0.45 * sample_rate_hz / frequency_hz.max())) + 1):
        total += gain(number, number * frequency_hz) * partial
        before, partial = partial, twice_cosine * partial - before
    return total


def filled(
    coarse: Float[np.ndarray, " point"], every: int, count: int
) -> Float[np.ndarray, " time"]:
    """Return a slow curve, known at every so many samples, at each of `count` samples."""
    steps = np.diff(coarse, append=coarse[-1:]) / every
    return (coarse[:, None] + steps[:, None] * np.arange(every)).reshape(-1)[:count]


def overlay(
    notes: Iterable[Note],
    play: Callable[[Note], Float[np.ndarray, "*channels sound"]],
    duration_s: float,
    sample_rate_hz: int,
) -> Float[np.ndarray, "*channels time"]:
    """Return a track: the sound of every note, added at its start and cut at the track's end."""
    count = samples(duration_s, sample_rate_hz)
    track = np.zeros(count)
    for note in notes:
        sound = play(note)
        if sound.ndim > track.ndim:
            track = np.zeros((*sound.shape[:-1], count))
        start = samples(note.start_s, sample_rate_hz)
        stop = min(start + sound.shape[-1], count)
        track[..., start:stop] += sound[..., : stop - start]
    return track


@lru_cache(maxsize=64)
def _band(low_hz: float, high_hz: float, sample_rate_hz: int) -> Float[np.ndarray, "section 6"]:
    """Return the band-pass of `band_noise`."""
    edges_hz = (low_hz, high_hz)
    return np.asarray(signal.butter(2, edges_hz, "bandpass", fs=sample_rate_hz, output="sos"))
