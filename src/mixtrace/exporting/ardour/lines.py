"""Lines of gains as Ardour draws them between points, and the points that a curve needs.

Ardour joins the points of a fader's automation by straight lines in the place of the fader, not in
decibels:

    place(g) = ((6 log2 g + 192) / 198)^8

(libs/pbd/pbd/control_math.h, `gain_to_position`, as its `interpolate_gain` uses it.) Between the
knots of a ride more points are therefore needed, so many that the line is as near as `_NEAR`.
"""

import numpy as np
from jaxtyping import Float, Int64

from mixtrace.exporting.ardour.devices import Ride

__all__ = ["drawn", "points_of"]

_NEAR = 1e-5
"""Of the gain: -100 dB, a tenth of what an export may differ."""

_SHORTEST_SAMPLES = 64
_MOST_GAIN = 2.0


def points_of(
    ride: Ride, sample_rate_hz: int
) -> tuple[Int64[np.ndarray, " point"], Float[np.ndarray, " point"]]:
    """Return moments in samples, and gains there, between which Ardour's lines follow a ride."""
    bends = np.unique(np.round(ride.moments_s * sample_rate_hz).astype(np.int64))
    found = [bends[:1]]
    waiting = list(zip(bends[:-1].tolist(), bends[1:].tolist(), strict=True))[::-1]
    while waiting:
        begin, end = waiting.pop()
        if end - begin > _SHORTEST_SAMPLES and not _is_near(ride, begin, end, sample_rate_hz):
            middle = (begin + end) // 2
            waiting += [(middle, end), (begin, middle)]
        else:
            found.append(np.array([end]))
    samples = np.concatenate(found)
    return samples, np.minimum(ride.gain(samples / sample_rate_hz), _MOST_GAIN)


def drawn(
    start: float, end: float, share: Float[np.ndarray, " point"]
) -> Float[np.ndarray, " point"]:
    """Return the gains on Ardour's line from one gain to another, at shares of the way."""
    places = [_place(gain) for gain in (start, end)]
    return _gain(places[0] + share * (places[1] - places[0]))


def _is_near(ride: Ride, begin: int, end: int, sample_rate_hz: int) -> bool:
    share = np.linspace(0.0, 1.0, 9)
    gains = ride.gain((begin + share * (end - begin)) / sample_rate_hz)
    error = drawn(float(gains[0]), float(gains[-1]), share) - gains
    return bool(np.all(np.abs(error) <= _NEAR * gains.max()))


def _place(gain: float) -> float:
    return max((6.0 * np.log2(max(gain, 1e-12)) + 192.0) / 198.0, 0.0) ** 8


def _gain(place: Float[np.ndarray, " point"]) -> Float[np.ndarray, " point"]:
    return 2.0 ** ((place**0.125 * 198.0 - 192.0) / 6.0)
