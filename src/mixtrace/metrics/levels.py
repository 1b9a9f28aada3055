"""Levels of one signal: loudness, true peak, crest factor, width.

A level that a signal does not have (silence, or too short a signal) is None, never an infinity,
so that every result can be written as JSON.
"""

import math
from dataclasses import dataclass

import numpy as np
import pyloudnorm
import soxr
from jaxtyping import Float
from numpy import ndarray

from mixtrace.units import db_from_ratio

__all__ = [
    "Levels",
    "crest_factor_db",
    "integrated_loudness_lufs",
    "levels",
    "stereo_width_db",
    "true_peak_dbtp",
]

_GATING_BLOCK_S = 0.4
_OVERSAMPLING = 4


@dataclass(frozen=True)
class Levels:
    """Levels of one signal; None where it is silent or, for the loudness, too short.

    Attributes:
        loudness_lufs: Integrated loudness.
        true_peak_dbtp: Peak of the oversampled signal.
        crest_factor_db: Peak over root mean square.
        stereo_width_db: Energy of the side over that of the mid.
    """

    loudness_lufs: float | None
    true_peak_dbtp: float | None
    crest_factor_db: float | None
    stereo_width_db: float | None


def levels(audio: Float[ndarray, "2 time"], sample_rate_hz: int) -> Levels:
    """Return all levels of a stereo signal, [2, time], full scale 1."""
    return Levels(
        loudness_lufs=integrated_loudness_lufs(audio, sample_rate_hz),
        true_peak_dbtp=true_peak_dbtp(audio, sample_rate_hz),
        crest_factor_db=crest_factor_db(audio),
        stereo_width_db=stereo_width_db(audio),
    )


def integrated_loudness_lufs(
    audio: Float[ndarray, "_channel time"], sample_rate_hz: int
) -> float | None:
    """Return the gated loudness of a signal played on two loudspeakers, in LUFS.

    Args:
        audio: Left and right, or one channel that both play, [1 or 2, time], full scale 1.
        sample_rate_hz: Its rate.

    Returns:
        The loudness; None for a signal shorter than a gating block of 0.4 s, or without any block
        above the absolute gate of -70 LUFS.

    Source: ITU-R BS.1770-4, eq. (7), through pyloudnorm.
    """
    if audio.shape[-1] < _GATING_BLOCK_S * sample_rate_hz:
        return None
    meter = pyloudnorm.Meter(sample_rate_hz, block_size=_GATING_BLOCK_S)
    # Powers of channels add up: one on both loudspeakers is one of twice the power.
    heard = audio.T if len(audio) == 2 else math.sqrt(2.0) * audio[0]
    loudness_lufs = float(meter.integrated_loudness(heard.astype(np.float64)))
    return loudness_lufs if np.isfinite(loudness_lufs) else None


def true_peak_dbtp(audio: Float[ndarray, "2 time"], sample_rate_hz: int) -> float | None:
    """Return the largest magnitude of the signal between its samples, in dB re full scale.

    Four times oversampled, as ITU-R BS.1770-4 annex 2 asks at 48 kHz, but with soxr's filter
    instead of the annex's 48 taps: it is flat up to 0.91 of half the rate, theirs is not. The
    samples themselves count too.

    Args:
        audio: Left and right, [2, time], full scale 1.
        sample_rate_hz: Its rate.

    Returns:
        The true peak in dBTP; None for silence.
    """
    peak = np.abs(audio).max()
    for channel in audio:
        between = soxr.resample(channel, sample_rate_hz, _OVERSAMPLING * sample_rate_hz)
        peak = max(peak, between.max(), -between.min())
    return db_from_ratio(float(peak)) if peak > 0.0 else None


def crest_factor_db(audio: Float[ndarray, "2 time"]) -> float | None:
    """Return the largest sample over the root mean square, both over both channels, in dB."""
    rms = _rms(audio)
    return db_from_ratio(float(np.abs(audio).max()) / rms) if rms > 0.0 else None


def stereo_width_db(audio: Float[ndarray, "2 time"]) -> float | None:
    """Return the energy of left - right over that of left + right, in dB.

    Args:
        audio: Left and right, [2, time].

    Returns:
        0 for independent channels of any levels, -200 at least (mono), 200 at most (right is
        -left); None for silence.
    """
    mid, side = _rms(audio[0] + audio[1]), _rms(audio[0] - audio[1])
    if mid == side == 0.0:
        return None
    return db_from_ratio(side / mid) if mid > side else -db_from_ratio(mid / side)


def _rms(audio: Float[ndarray, "*channel time"]) -> float:
    return float(np.sqrt(np.mean(np.square(audio, dtype=np.float64))))
