"""Tracks made by code for the tests of the alignment: bursts, pads, filters, mixes, 16 kHz."""

import numpy as np
from scipy.signal import resample, sosfilt

__all__ = ["RATE", "bursts", "delayed", "lengthened", "mixed", "panned", "smoothed"]

RATE = 16000


def bursts(seed: int, colour: float = 0.5, time: int = 10 * RATE, rate: float = 4.0) -> np.ndarray:
    """Return a mono track of decaying noise bursts, so many a second on average, [1, time]."""
    rng = np.random.default_rng(seed)
    noise = smoothed(rng.standard_normal(time), colour)
    onsets = (rng.random(time) < rate / RATE) * rng.uniform(0.3, 1.0, time)
    envelope = smoothed(onsets, np.exp(-1.0 / (0.15 * RATE)))
    return (0.1 * noise * envelope)[None].astype(np.float32)


def smoothed(signal: np.ndarray, pole: float) -> np.ndarray:
    """Return the signal through a filter of one pole."""
    return np.asarray(sosfilt([[1.0, 0.0, 0.0, 1.0, -pole, 0.0]], signal))


def delayed(audio: np.ndarray, samples: float) -> np.ndarray:
    """Return the audio later by any number of samples, exactly, by the phase of its spectrum."""
    time = audio.shape[1]
    padded = 2 * time
    phase = np.exp(-2j * np.pi * np.fft.rfftfreq(padded) * samples)
    return np.fft.irfft(np.fft.rfft(audio, padded) * phase, padded)[:, :time].astype(np.float32)


def lengthened(audio: np.ndarray, samples: int) -> np.ndarray:
    """Return the audio made longer by so many samples, by its spectrum."""
    return np.asarray(resample(audio, audio.shape[1] + samples, axis=1), np.float32)


def panned(audio: np.ndarray, left: float, right: float) -> np.ndarray:
    """Return a mono track in stereo."""
    return audio * np.array([[left], [right]], np.float32)


def mixed(tracks: list[np.ndarray]) -> np.ndarray:
    """Return the sum of mono tracks, a little to the right."""
    return np.sum([panned(t, 0.5, 0.6) for t in tracks], axis=0)
