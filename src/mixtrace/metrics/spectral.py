"""The shape of spectra, frame by frame: where their weight lies, how wide, how peaked, how flat.

All take magnitudes [channel, frame, bin] of frames of 4096 samples and return [channel, frame].
A silent frame has 0 of everything. Source: `librosa.feature`, against which they are tested.
"""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from mixtrace.metrics.frames import FRAME_SAMPLES

__all__ = [
    "bandwidth_hz",
    "centroid_hz",
    "contrast_db",
    "flatness_db",
    "peaks_and_valleys",
    "rolloff_hz",
]

Series = Float[ndarray, "channel frame"]
Magnitudes = Float[ndarray, "channel frame bin"]
_Bands = Float[ndarray, "2 band channel frame"]

_LOWEST_EDGE_HZ, _BANDS = 250.0, 5
_QUANTILE = 0.02
_CONTRAST_RANGE_DB = 80.0
_LEAST_POWER = 1e-10
_ROLLED_OFF = 0.85


def centroid_hz(magnitudes: Magnitudes, sample_rate_hz: int) -> Series:
    """Return the mean frequency, weighted by magnitude, in Hz.

    Source: A. Klapuri and M. Davy, Signal Processing Methods for Music Transcription, chapter 5.
    """
    return _shares(magnitudes) @ _bins_hz(sample_rate_hz)


def bandwidth_hz(magnitudes: Magnitudes, sample_rate_hz: int) -> Series:
    """Return the standard deviation of frequency around the centroid, weighted likewise, in Hz.

    Source: as for the centroid.
    """
    shares, bins_hz = _shares(magnitudes), _bins_hz(sample_rate_hz)
    mean_hz = shares @ bins_hz
    variance = shares @ np.square(bins_hz) - np.square(mean_hz) * shares.sum(-1)
    return np.sqrt(np.maximum(variance, 0.0))


def rolloff_hz(magnitudes: Magnitudes, sample_rate_hz: int) -> Series:
    """Return the lowest frequency below which 85 % of the magnitude lies, in Hz.

    Source: G. Tzanetakis and P. Cook, Musical Genre Classification of Audio Signals, 2002.
    """
    total = np.cumsum(magnitudes, axis=-1, dtype=np.float64)
    reached = total >= _ROLLED_OFF * total[..., -1:]
    return _bins_hz(sample_rate_hz)[reached.argmax(-1)]


def flatness_db(magnitudes: Magnitudes) -> Series:
    """Return the geometric over the arithmetic mean of the power, as 20 log10: 0 for white noise.

    Source: S. Dubnov, Generalization of Spectral Flatness Measure for Non-Gaussian Linear
    Processes, 2004. The automix toolkit takes the 20 where 10 would be usual for powers.
    """
    power = np.maximum(np.square(magnitudes, dtype=np.float64), _LEAST_POWER)
    return 20.0 * (np.log10(power).mean(-1) - np.log10(power.mean(-1)))


def peaks_and_valleys(magnitudes: Magnitudes, sample_rate_hz: int) -> _Bands:
    """Return the means of the largest and of the smallest 2 % of each band's magnitudes.

    The bands: below 250 Hz, three octaves up to 2 kHz, and all above.
    """
    bins_hz = _bins_hz(sample_rate_hz)
    found = []
    for band in range(_BANDS):
        low_hz = _LOWEST_EDGE_HZ * 2.0 ** (band - 1) if band else 0.0
        inside = np.flatnonzero((bins_hz >= low_hz) & (bins_hz <= _LOWEST_EDGE_HZ * 2.0**band))
        first = inside[0] - 1 if band else 0  # each begins with the last bin below its edge
        last = len(bins_hz) - 1 if band == _BANDS - 1 else inside[-1]
        few = max(int(np.rint(_QUANTILE * (last - first + 1))), 1)
        # The last bin of a band counts in the next one alone.
        own = magnitudes[..., first : last + (band == _BANDS - 1)]
        own = np.partition(own, (few - 1, own.shape[-1] - few), axis=-1)
        found.append((own[..., -few:].mean(-1), own[..., :few].mean(-1)))
    return np.stack([np.stack(pair) for pair in found], 1).astype(np.float64)


def contrast_db(bands: _Bands) -> Float[ndarray, "3 channel frame"]:
    """Return how far peaks rise above valleys: in lows, mids (the mean of three bands) and highs.

    Both are 10 log10 of magnitudes, and no lower than 80 dB below the channel's largest.

    Args:
        bands: What `peaks_and_valleys` gives for all frames of a song.

    Source: D.-N. Jiang et al., Music type classification by spectral contrast feature, 2002.
    """
    levels_db = 10.0 * np.log10(np.maximum(bands, _LEAST_POWER))
    floors_db = levels_db.max(axis=(1, 3), keepdims=True) - _CONTRAST_RANGE_DB
    peaks_db, valleys_db = np.maximum(levels_db, floors_db)
    contrasts_db = peaks_db - valleys_db
    return np.stack([contrasts_db[0], contrasts_db[1:-1].mean(0), contrasts_db[-1]])


def _bins_hz(sample_rate_hz: int) -> Float[ndarray, " bin"]:
    return np.arange(FRAME_SAMPLES // 2 + 1) * (sample_rate_hz / FRAME_SAMPLES)


def _shares(magnitudes: Magnitudes) -> Magnitudes:
    """Return each bin's share of its frame's magnitude."""
    total = magnitudes.sum(-1, keepdims=True, dtype=np.float64)
    return magnitudes / np.where(total > np.finfo(np.float32).tiny, total, 1.0)
