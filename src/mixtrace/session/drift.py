"""Whether a track runs by the clock of its mix: the peaks of its windows as a line over time.

Two recorders never run equally fast: 20 to 100 millionths apart is usual, which puts a track off
its mix by some 10 ms a song. The peak of each window shows its delay at that time to a fraction of
a sample. Windows may err, so the line is the one that most of them support; its slope is the median
of the slopes between all pairs of these.

Source: P. Sen, "Estimates of the regression coefficient based on Kendall's tau", J. Am. Stat.
Assoc. 63(324), 1968. We differ: windows off the line that most support are left out first.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from mixtrace.session.correlate import ShiftEvidence
from mixtrace.session.settle import AGREE_S

__all__ = ["Line", "find_line"]

_FASTEST = 300e-6  # clocks that differ by more have different rates, which `wrong_mix` looks for
_SLOWEST = 10e-6  # the mean of what differs less is within 1.2 ms through four minutes
_LEAST_TRAVEL_S = 1e-4  # less is what an equaliser does that is automated
_FEWEST_WINDOWS = 6
_SUPPORT = 0.6  # of the windows; two groups of one half each are an edit
_ERRORS = 6.0  # of the slope: tracks of one clock reached 3
_KNOWN = 3e-6  # the error of a slope that is told from that of another track

_Lags = Float[np.ndarray, " window"]


@dataclass(frozen=True)
class Line:
    """The delay of a track over time.

    Attributes:
        lag: by how many samples the track must be moved later at the mix's first sample.
        slope: by how many more a sample later.
        error: of the slope, one standard deviation.
        drifts: whether the slope is surely not zero.
    """

    lag: float
    slope: float
    error: float
    drifts: bool

    @property
    def known(self) -> bool:
        """Whether the slope can be told from that of another track."""
        return self.error <= _KNOWN

    @property
    def even(self) -> bool:
        """Whether there is no slope worth a closer look."""
        return abs(self.slope) <= max(_SLOWEST / 2.0, 2.0 * self.error)

    @property
    def stretch(self) -> float:
        """By what part of itself the track must be made longer."""
        return self.slope / (1.0 - self.slope)

    @property
    def start(self) -> float:
        """By how many samples the track must be moved later once it is made longer."""
        return self.lag / (1.0 - self.slope)


def find_line(evidence: ShiftEvidence | None, origin: int, sample_rate_hz: int) -> Line | None:
    """Return the line on which most of a track's windows have their peaks; None if there is none.

    Args:
        evidence: of the track.
        origin: the lag around which it was looked for, in samples.
        sample_rate_hz: the rate of both.
    """
    if evidence is None or len(evidence.window_lags) < _FEWEST_WINDOWS:
        return None
    lags, times = evidence.window_lags, evidence.window_times
    inside = _supporters(lags, times, AGREE_S * sample_rate_hz)
    if np.sum(inside) < max(_FEWEST_WINDOWS, _SUPPORT * len(lags)):
        return None
    lags, times = lags[inside], times[inside]
    slope = _middle_slope(lags, times)
    lag, spread = _level(lags - slope * times)
    error = spread / float(np.sqrt(np.sum((times - times.mean()) ** 2)))
    travel = abs(slope) * float(np.ptp(times)) / sample_rate_hz
    steep = abs(slope) >= max(_SLOWEST, _ERRORS * error) and travel >= _LEAST_TRAVEL_S
    drifts = steep and _foretells(lags, times) and spread <= 2.0 * _step_spread(lags)
    return Line(origin + lag, slope, error, drifts)


def _supporters(lags: _Lags, times: _Lags, within: float) -> Bool[np.ndarray, " window"]:
    """Return which windows lie on the line through two of them that most lie on."""
    first, second = np.triu_indices(len(lags), 1)
    apart = np.maximum(times[second] - times[first], 1.0)
    slopes = (lags[second] - lags[first]) / apart
    far = (apart >= np.ptp(times) / 4.0) & (np.abs(slopes) <= _FASTEST)
    slopes = np.append(slopes[far], np.zeros(len(lags)))
    anchors = np.append(first[far], np.arange(len(lags)))
    lines = lags[anchors] - slopes * times[anchors]
    off = np.abs(lags - slopes[:, None] * times - lines[:, None])
    near = off <= within
    votes = near.sum(axis=1) - np.sum(np.where(near, off, 0.0), axis=1) / (within * len(lags))
    return near[np.argmax(votes)]


def _middle_slope(lags: _Lags, times: _Lags) -> float:
    """Return the median of the slopes between all pairs."""
    first, second = np.triu_indices(len(lags), 1)
    apart = times[second] - times[first]
    return float(np.median((lags[second] - lags[first])[apart > 0] / apart[apart > 0]))


def _level(lags: _Lags) -> tuple[float, float]:
    """Return the median and the spread, which is not known to less than half a step of a peak."""
    middle = float(np.median(lags))
    return middle, max(1.48 * float(np.median(np.abs(lags - middle))), 1.0 / 32.0)


def _foretells(lags: _Lags, times: _Lags) -> bool:
    """Return whether a line through every other window is nearer to the rest than a constant is."""
    line, constant = [], []
    for part in (0, 1):
        own, rest = slice(part, None, 2), slice(1 - part, None, 2)
        slope = _middle_slope(lags[own], times[own])
        level = np.median(lags[own] - slope * times[own])
        line.extend(np.abs(lags[rest] - slope * times[rest] - level))
        constant.extend(np.abs(lags[rest] - np.median(lags[own])))
    return bool(np.median(line) <= 0.5 * np.median(constant))


def _step_spread(lags: _Lags) -> float:
    """Return the spread about two levels, one before and one after the time that suits best."""
    spreads = []
    for cut in range(3, len(lags) - 2):
        levelled = [part - np.median(part) for part in np.split(lags, [cut])]
        spreads.append(_level(np.concatenate(levelled))[1])
    return min(spreads)
