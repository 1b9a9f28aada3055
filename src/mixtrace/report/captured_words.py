"""What was read of a track, in an engineer's words and a few numbers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from mixtrace.report.curves import CurveShape, curve_shape
from mixtrace.report.words import seconds, shape_words, signed_db
from mixtrace.store import StoredCapture, StoredCurve, StoredResponse

__all__ = [
    "Placed",
    "curve_words",
    "direct_words",
    "doubts",
    "gain_range_db",
    "placed",
    "tail_groups",
    "tail_words",
]

SHARED_TAIL = 0.5
"""Tails of one reverb are alike by .5 to .93, others by less than .06 (measured on known mixes)."""

_BALANCE_HZ = (100.0, 8_000.0)
_LINES = 2048
_HELD = 0.6
_COHERENT = 0.3
_TAIL_DB = -30.0
_STILL_DB = 0.5
_MOST_ECHOES = 3
_QUANTILES = (0.05, 0.95)


@dataclass(frozen=True)
class Placed:
    """Where a track stands in the mix, by the direct part of its response.

    Attributes:
        shape: of its curve, the mean power of left and right.
        right_db: how much louder the right is, the median over 100 Hz to 8 kHz.
    """

    shape: CurveShape
    right_db: float

    @property
    def level_db(self) -> float:
        """The level that most of the curve is near."""
        return self.shape.level_db


def placed(stored: StoredCapture, track: StoredResponse) -> Placed:
    """Return where a track stands in the mix, by the direct part of its response."""
    hertz = np.linspace(0.0, stored.direct_hz[-1], _LINES)
    power = (10 ** (np.array(track.direct_db) / 10.0)).mean(0)
    shape = curve_shape(hertz, np.interp(hertz, stored.direct_hz, 10.0 * np.log10(power)))
    inside = [_BALANCE_HZ[0] <= hz <= _BALANCE_HZ[1] for hz in stored.direct_hz]
    left, right = np.array(track.direct_db)[:, inside]
    return Placed(shape, float(np.median(right - left)))


def direct_words(where: Placed) -> str:
    """Return level, balance and EQ of a direct part."""
    side = "right" if where.right_db > 0.0 else "left"
    centred = abs(where.right_db) < _STILL_DB
    balance = "centre" if centred else f"{abs(where.right_db):.1f} dB louder {side}"
    shape = shape_words(replace(where.shape, level_db=0.0))
    return ", ".join([signed_db(where.level_db), balance, *shape])


def tail_words(track: StoredResponse) -> str:
    """Return echoes and tail of a response; empty where nothing comes after the direct part."""
    strongest = sorted(track.echoes, key=lambda echo: -echo.level_db)[:_MOST_ECHOES]
    words = [
        f"echo after {seconds(echo.after_s)} at {signed_db(echo.level_db)}"
        for echo in sorted(strongest, key=lambda echo: echo.after_s)
    ]
    if track.tail_db > _TAIL_DB:
        fall = f", RT60 {seconds(track.rt60_s)}" if track.rt60_s else ""
        words.append(f"all after the direct part {signed_db(track.tail_db)}{fall}")
    return "; ".join(words)


def curve_words(curve: StoredCurve, gain_range_db: float) -> str:
    """Return what a gain does over a level."""
    slope = np.polyfit(curve.levels_db, curve.gains_db, 1)[0]
    way = "lower where it is loud" if slope < 0.0 else "lower where it is soft"
    times = (seconds(ms / 1000.0) for ms in (curve.attack_ms, curve.release_ms))
    return f"moves by {gain_range_db:.1f} dB, {way}, detector {' / '.join(times)}"


def gain_range_db(gains_db: Float[np.ndarray, " time"]) -> float:
    """Return how far a gain moves: from its lowest twentieth to its highest."""
    low, high = np.quantile(gains_db, _QUANTILES)
    return float(high - low)


def doubts(track: StoredResponse) -> tuple[str, ...]:
    """Return what speaks against the reading of a track; nothing where nothing does."""
    found = []
    if track.holds is None:
        found.append("it plays too little to be judged on another part of the song")
    elif track.holds < _HELD:
        found.append(f"only {track.holds:.2f} of what is read holds on another part of the song")
    alike = [value for row in track.coherence for value in row if value is not None]
    middle = float(np.median(alike)) if alike else math.nan
    if middle < _COHERENT:
        found.append(f"its coherence with the mix is low ({middle:.2f})")
    return tuple(found)


def tail_groups(likeness: Sequence[Sequence[float]]) -> list[tuple[int, ...]]:
    """Return the sets of tracks that share a tail, each track in one at most.

    >>> tail_groups([[1, 0.1, 0.7], [0.1, 1, 0.2], [0.7, 0.2, 1]])
    [(0, 2)]
    """
    left, groups = set(range(len(likeness))), []
    while left:
        group, reached = set(), {min(left)}
        while reached:
            one = reached.pop()
            group.add(one)
            reached |= {k for k in left - group if likeness[one][k] >= SHARED_TAIL}
        left -= group
        if len(group) > 1:
            groups.append(tuple(sorted(group)))
    return groups
