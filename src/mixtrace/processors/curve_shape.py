"""What an engineer would call the shape of an EQ curve: cuts at the ends, boosts and dips between.

The curve is read on a logarithmic frequency axis as means over a third of an octave, the way such
curves are drawn; narrower notches vanish.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float

from mixtrace.wording import hertz, signed_db

__all__ = ["CurveShape", "Feature", "curve_shape", "shape_words", "third_octaves"]

_GRID_HZ = 30.0 * 2.0 ** (np.arange(107) / 12.0)  # 30 Hz to 13.7 kHz in semitones
_HALF_BAND = 2.0 ** (1.0 / 6.0)
_PLATEAU_DB = 1.5
_CUT_DB = 3.0
_CUT_DEPTH_DB = 9.0
_LEAST_DB = 1.0
_MOST_FEATURES = 3


@dataclass(frozen=True)
class Feature:
    """A boost or a dip against the curve's plateau.

    Attributes:
        gain_db: where it is strongest.
        frequency_hz: there; for one that reaches an end of the axis, where it has half its gain.
        side: `at` within the axis, `below` or `above` where it reaches the low or the high end.
    """

    gain_db: float
    frequency_hz: float
    side: str


@dataclass(frozen=True)
class CurveShape:
    """An EQ curve in a few numbers.

    Attributes:
        level_db: the plateau: the level that most of the curve is near.
        low_cut_hz, high_cut_hz: where the curve has fallen 3 dB below the plateau on its way down
            to the end of the axis, by 9 dB at least; None where it does not.
        features: the strongest three of 1 dB or more between the cuts, in order of frequency.
    """

    level_db: float
    low_cut_hz: float | None
    high_cut_hz: float | None
    features: tuple[Feature, ...]


def curve_shape(
    frequencies_hz: Float[np.ndarray, " bin"], gain_db: Float[np.ndarray, " bin"]
) -> CurveShape:
    """Return the shape of a curve given on a linear frequency grid that starts at 0 Hz."""
    smooth_db = third_octaves(_GRID_HZ, frequencies_hz, gain_db)
    near = np.abs(smooth_db[:, None] - smooth_db) <= _PLATEAU_DB
    commonest = near.sum(1) == near.sum(1).max()
    level_db = float(np.median(smooth_db[near[commonest].any(0)]))
    deviation_db = smooth_db - level_db
    first, low_cut_hz = _cut(deviation_db, _GRID_HZ)
    from_end, high_cut_hz = _cut(deviation_db[::-1], _GRID_HZ[::-1])
    span = slice(first, len(_GRID_HZ) - from_end)
    found = _features(deviation_db[span], _GRID_HZ[span], first > 0, from_end > 0)
    strongest = sorted(found, key=lambda feature: -abs(feature.gain_db))[:_MOST_FEATURES]
    in_order = sorted(strongest, key=lambda feature: feature.frequency_hz)
    return CurveShape(level_db, low_cut_hz, high_cut_hz, tuple(in_order))


def shape_words(shape: CurveShape) -> list[str]:
    """Return level, cuts, boosts and dips of an EQ curve."""
    words = [f"{signed_db(shape.level_db)} overall"] if abs(shape.level_db) >= 0.5 else []
    words += [f"low cut {hertz(shape.low_cut_hz)}"] if shape.low_cut_hz else []
    for feature in shape.features:
        words.append(f"{signed_db(feature.gain_db)} {feature.side} {hertz(feature.frequency_hz)}")
    return words + ([f"high cut {hertz(shape.high_cut_hz)}"] if shape.high_cut_hz else [])


def third_octaves(
    grid_hz: Float[np.ndarray, " point"],
    frequencies_hz: Float[np.ndarray, " bin"],
    gain_db: Float[np.ndarray, " bin"],
) -> Float[np.ndarray, " point"]:
    """Return the mean of a curve over a third of an octave around each point of a grid."""
    fine_hz = grid_hz[:, None] * np.geomspace(1.0 / _HALF_BAND, _HALF_BAND, 25)
    return np.interp(fine_hz, frequencies_hz, gain_db).mean(1)


def _cut(
    deviation_db: Float[np.ndarray, " point"], frequencies_hz: Float[np.ndarray, " point"]
) -> tuple[int, float | None]:
    """Return how many points from the front a cut takes, and its -3 dB point."""
    kept = np.flatnonzero(deviation_db > -_CUT_DB)
    if not len(kept) or kept[0] == 0 or deviation_db[0] > -_CUT_DEPTH_DB:
        return 0, None
    edge = int(kept[0])
    rise = deviation_db[edge] - deviation_db[edge - 1]
    fraction = (-_CUT_DB - deviation_db[edge - 1]) / rise
    ratio = frequencies_hz[edge] / frequencies_hz[edge - 1]
    end = edge + int(np.argmax(np.append(deviation_db[edge:], 0.0) >= -_LEAST_DB))
    return end, float(frequencies_hz[edge - 1] * ratio**fraction)


def _features(
    deviation_db: Float[np.ndarray, " point"],
    frequencies_hz: Float[np.ndarray, " point"],
    is_cut_below: bool,
    is_cut_above: bool,
) -> Iterator[Feature]:
    """Yield every stretch of one sign that stays beyond 1 dB."""
    sign = np.where(np.abs(deviation_db) >= _LEAST_DB, np.sign(deviation_db), 0.0)
    borders = [0, *(np.flatnonzero(np.diff(sign)) + 1), len(sign)]
    for start, stop in pairwise(borders):
        if start == stop or not sign[start]:
            continue
        stretch, where = deviation_db[start:stop], frequencies_hz[start:stop]
        top = int(np.argmax(np.abs(stretch)))
        half = np.flatnonzero(np.abs(stretch) >= 0.5 * abs(stretch[top]))
        gain_db = float(stretch[top])
        if start == 0 and not is_cut_below and half[0] == 0:
            yield Feature(gain_db, float(where[half[-1]]), "below")
        elif stop == len(sign) and not is_cut_above and half[-1] == len(stretch) - 1:
            yield Feature(gain_db, float(where[half[0]]), "above")
        else:
            yield Feature(gain_db, float(where[top]), "at")
