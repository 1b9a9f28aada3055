"""The direct part of a response: its gain over frequency, and how sure it is.

A tone tells of a response where it has a partial and nowhere between. So the gain at a frequency
is the mean of the response around it, each line weighed by what the mix tells of it (normalised
convolution, Knutsson and Westin, CVPR 1993). Where all lines are told alike, that is a window in
time around the arrival, some four periods long, which leaves out most of what a room answers.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex, Float

from mixtrace.dsp import fast_length

__all__ = ["Direct", "direct_part", "frequencies_hz", "smoothed"]

_PER_OCTAVE = 24
_LOWEST_HZ, _HIGHEST = 30.0, 0.45  # of the rate
_WIDTH = 0.12
"""Half the width of the neighbourhood of a frequency, as a part of it."""

_LEAST_LINES = 2.0
"""Half the width at least, in lines that a response of its length tells apart."""

_BEFORE_S = 0.004
_SURE = 0.03
"""By how much lines differ anyway, as a part of the response: the surest do not decide alone."""

_POOLED = 25  # points; an octave
_LEAST_FREE = 0.5
"""How many lines beyond the first a mean has at least, when it is told how they scatter."""

_TINY = 1e-30


@dataclass(frozen=True, eq=False)
class Direct:
    """A direct part.

    Attributes:
        hz: frequencies, 24 an octave.
        response: from each channel to each side there, time zero at the arrival.
        variance: of the response at each frequency, all sides and channels together: by what is not
            known of its lines, and by how they scatter around their mean.
    """

    hz: Float[np.ndarray, " hz"]
    response: Complex[np.ndarray, "side channel hz"]
    variance: Float[np.ndarray, " hz"]


def frequencies_hz(sample_rate_hz: float) -> Float[np.ndarray, " hz"]:
    """Return 24 frequencies an octave from 30 Hz on, up to .45 of a rate."""
    octaves = np.log2(_HIGHEST * sample_rate_hz / _LOWEST_HZ)
    return _LOWEST_HZ * 2.0 ** (np.arange(int(_PER_OCTAVE * octaves) + 1) / _PER_OCTAVE)


def direct_part(
    responses: Float[np.ndarray, "side channel taps"],
    unsure: Float[np.ndarray, " line"],
    lead: int,
    arrival_s: float,
    sample_rate_hz: float,
) -> Direct:
    """Return the direct part of the responses of a track.

    Args:
        responses: of the track.
        unsure: the variance of a tap of its responses as a spectrum, from 0 to half the rate.
        lead: taps before time zero.
        arrival_s: when the direct sound comes.
        sample_rate_hz: the rate.
    """
    hz = frequencies_hz(sample_rate_hz)
    taps = responses.shape[-1]
    size = fast_length(2 * taps)
    lines_hz = np.fft.rfftfreq(size, 1.0 / sample_rate_hz)
    time_s = (np.arange(taps) - lead) / sample_rate_hz - arrival_s
    come = np.clip(time_s / _BEFORE_S + 2.0, 0.0, 1.0)
    lines = np.fft.rfft(come * responses, size)
    lines *= np.exp(2j * np.pi * lines_hz * (lead / sample_rate_hz + arrival_s))
    rows = responses.shape[0] * responses.shape[1]
    noise = taps * np.interp(lines_hz, np.linspace(0.0, 0.5 * sample_rate_hz, len(unsure)), unsure)
    told = 1.0 / (noise + _TINY)
    mean_power = np.average((np.abs(lines) ** 2).sum((0, 1)), weights=told) / rows
    told = 1.0 / (noise + _SURE**2 * mean_power + _TINY)

    response = np.empty((*responses.shape[:2], len(hz)), np.complex128)
    known, scatter, count = np.empty((3, len(hz)))
    least_hz = _LEAST_LINES * sample_rate_hz / taps
    for place, frequency in enumerate(hz):
        half_hz = max(_WIDTH * frequency, least_hz)
        near = slice(*np.searchsorted(lines_hz, (frequency - half_hz, frequency + half_hz)))
        weights = np.cos(0.5 * np.pi * (lines_hz[near] - frequency) / half_hz) ** 2 * told[near]
        weights /= weights.sum()
        response[..., place] = mean = lines[..., near] @ weights
        scatter[place] = (np.abs(lines[..., near] - mean[..., None]) ** 2).sum((0, 1)) @ weights
        count[place] = max(taps / size / (weights @ weights), 1.0)
        known[place] = size / taps * rows * (weights**2) @ noise[near]
    power = (np.abs(response) ** 2).sum((0, 1))
    share = scatter / (power + _TINY)
    free = np.maximum(smoothed(count - 1.0, _POOLED), _LEAST_FREE)
    pooled = smoothed(share * count, _POOLED) / free
    return Direct(hz, response, known + np.maximum(pooled, share) * power / count)


def smoothed(values: Float[np.ndarray, " hz"], points: int) -> Float[np.ndarray, " hz"]:
    """Return the mean of so many points, an odd number, around each."""
    edge = points // 2
    return np.convolve(np.pad(values, edge, mode="edge"), np.ones(points) / points, "valid")
