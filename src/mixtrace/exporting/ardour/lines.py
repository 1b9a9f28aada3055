"""Gains over time as Ardour draws them between points, and the points that a ride needs.

Ardour joins the points of a fader's automation by straight lines in the place of the fader, not in
decibels,

    place(g) = ((6 log2 g + 192) / 198)^8,

and lets the fader follow what is drawn with a time constant of 6.4 ms:

    y[n+1] = y[n] + a (u[n] - y[n]),  a = 156.825 / rate

(libs/pbd/pbd/control_math.h, `interpolate_gain`; libs/ardour/amp.cc.) What is drawn is therefore
u[n] = g[n] + (g[n+1] - g[n]) / a of a ride g, with as many points as bring it near: a gain that
rises by 1 dB a second is drawn 0.006 dB higher.

Ardour 7.3 moves its faders late by the output latency of the audio interface (measured: a quarter
of a block with the interface that `ardour7-export` feigns, none where nothing is connected). A
ride is drawn earlier by what that is there; with an interface of a higher latency the rest stays.
"""

from itertools import pairwise

import numpy as np
from jaxtyping import Float, Int64

from mixtrace.exporting.ardour.chains import MOST_GAIN
from mixtrace.exporting.rides import Line

__all__ = ["drawn", "points_of"]

_FOLLOWED_HZ = 156.825
_NEAR = 1e-5
"""Of the gain: -100 dB, a third of what a processor alone may differ."""

_LATE_SAMPLES = 256

_SHORTEST_SAMPLES = 64
_SHARES = np.linspace(0.0, 1.0, 9)


def points_of(
    original: Line, sample_rate_hz: int
) -> tuple[Int64[np.ndarray, " point"], Float[np.ndarray, " point"]]:
    """Return moments in samples, and what is drawn there."""
    late_s = _LATE_SAMPLES / sample_rate_hz
    ride = Line(lambda moments_s: original.gain(moments_s + late_s), original.bends_s - late_s)
    bends_s = np.maximum(ride.bends_s, 0.0)
    bends = np.unique(np.round(bends_s * sample_rate_hz).astype(np.int64)).tolist()
    # The fader itself begins at the first point.
    samples, gains = [0], ride.gain(np.zeros(1)).tolist()
    for begin, end in pairwise(bends):
        first = max(begin, 1)
        found = _parts(ride, first, max(end - 1, first), sample_rate_hz)
        wanted = _wanted(ride, np.array(found, np.float64), sample_rate_hz)
        if len(samples) > 1 and abs(wanted[0] - gains[-1]) <= _NEAR * gains[-1]:
            del samples[-1], gains[-1]
        samples += found
        gains += wanted.tolist()
    return np.array(samples), np.clip(np.array(gains), 0.0, MOST_GAIN)


def drawn(
    start: float, end: float, share: Float[np.ndarray, " point"]
) -> Float[np.ndarray, " point"]:
    """Return the gains on Ardour's line from one gain to another, at shares of the way."""
    places = [_place(gain) for gain in (start, end)]
    return _gain(places[0] + share * (places[1] - places[0]))


def _parts(ride: Line, begin: int, end: int, sample_rate_hz: int) -> list[int]:
    """Return the ends of the lines that follow a ride between two bends."""
    found, waiting = [begin], [(begin, end)]
    while waiting:
        begin, end = waiting.pop()
        if end - begin > _SHORTEST_SAMPLES and not _is_near(ride, begin, end, sample_rate_hz):
            middle = (begin + end) // 2
            waiting += [(middle, end), (begin, middle)]
        elif end > begin:
            found.append(end)
    return found


def _wanted(
    ride: Line, samples: Float[np.ndarray, " point"], sample_rate_hz: int
) -> Float[np.ndarray, " point"]:
    """Return what has to be drawn for the fader to follow a ride."""
    here, next_ = (ride.gain((samples + later) / sample_rate_hz) for later in (0.0, 1.0))
    return here + (next_ - here) * sample_rate_hz / _FOLLOWED_HZ


def _is_near(ride: Line, begin: int, end: int, sample_rate_hz: int) -> bool:
    gains = _wanted(ride, begin + _SHARES * (end - begin), sample_rate_hz)
    error = drawn(float(gains[0]), float(gains[-1]), _SHARES) - gains
    return bool(np.all(np.abs(error) <= _NEAR * np.abs(gains).max()))


def _place(gain: float) -> float:
    return max((6.0 * np.log2(max(gain, 1e-12)) + 192.0) / 198.0, 0.0) ** 8


def _gain(place: Float[np.ndarray, " point"]) -> Float[np.ndarray, " point"]:
    return 2.0 ** ((place**0.125 * 198.0 - 192.0) / 6.0)
