"""Curves that known songs and their scores share: gains and levels over frequency, and decay."""

import numpy as np
from jaxtyping import Float
from known_measures import ratio_db
from scipy.fft import next_fast_len
from scipy.signal import butter, sosfiltfilt

__all__ = ["GRID_HZ", "curve_db", "decay_s", "relative_db", "spread_db", "third_octaves_db"]

GRID_HZ = 1000.0 * 2.0 ** (np.arange(-63, 49) / 12.0)
"""Twelve points an octave from 26 Hz to 15.1 kHz."""

_DECAY_BANDS_HZ = (500.0, 1000.0)
_LATE_S = 0.3  # silence around a response, so that filters ring within it


def curve_db(
    response: Float[np.ndarray, " time"], sample_rate_hz: float
) -> Float[np.ndarray, " point"]:
    """Return the gain of an impulse response on the grid, in dB."""
    length = int(next_fast_len(max(len(response), round(sample_rate_hz))) or 1)
    gain = np.abs(np.fft.rfft(response.astype(np.float64), n=length))
    hz = np.fft.rfftfreq(length, 1.0 / sample_rate_hz)
    return 20.0 * np.log10(np.interp(GRID_HZ, hz, gain) + 1e-10)


def third_octaves_db(
    audio: Float[np.ndarray, "channel time"], sample_rate_hz: float
) -> Float[np.ndarray, " point"]:
    """Return the level of the third octave around each point of the grid, all channels together."""
    length = int(next_fast_len(audio.shape[-1]) or 1)
    power = np.square(np.abs(np.fft.rfft(audio.astype(np.float64), n=length))).sum(0)
    running = np.concatenate([[0.0], np.cumsum(power)])
    hz = np.fft.rfftfreq(length, 1.0 / sample_rate_hz)
    first, end = (np.searchsorted(hz, GRID_HZ * 2.0 ** (side / 6.0)) for side in (-1.0, 1.0))
    energy = running[end] - running[first]
    return ratio_db(2.0 * energy / (length * audio.shape[-1]), np.ones(len(energy)))


def decay_s(response: Float[np.ndarray, "channel time"], sample_rate_hz: float) -> float:
    """Return the time to fall by 60 dB: the mean of the octaves at 500 Hz and 1 kHz.

    Three times the time from -5 to -25 dB of the backward integral of the energy (Schroeder, JASA
    37, 1965).
    """
    late = np.zeros((len(response), round(_LATE_S * sample_rate_hz)))
    padded = np.concatenate([late, response, late], -1)
    times_s = []
    for centre_hz in _DECAY_BANDS_HZ:
        edges_hz = (centre_hz / 2**0.5, centre_hz * 2**0.5)
        band = sosfiltfilt(butter(2, edges_hz, "bandpass", fs=sample_rate_hz, output="sos"), padded)
        remaining = np.cumsum(np.square(band).sum(0)[::-1])[::-1]
        left_db = ratio_db(remaining, np.full(len(remaining), remaining[0]))
        times_s.append(3.0 * np.sum((left_db < -5.0) & (left_db > -25.0)) / sample_rate_hz)
    return float(np.mean(times_s))


def relative_db(power: float | np.floating, reference: float | np.floating = 1.0) -> float:
    """Return a power over another in dB; two powers of nothing are equal."""
    return float(ratio_db(np.array(power), np.array(reference)))


def spread_db(curve: Float[np.ndarray, " point"]) -> float:
    """Return by how much a curve moves, its outermost twentieths left out."""
    return float(np.subtract(*np.percentile(curve, [95.0, 5.0]))) if len(curve) else 0.0
