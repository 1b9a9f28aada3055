"""Where tracks lie within 0.25 s of where they are looked for: joint passes until nothing moves.

`correlate` measures; this module decides. A track is moved only on evidence of its own: one clear
peak, away from where it lies, in which its windows agree.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mixtrace.session.correlate import (
    MAX_LAG_S,
    ShiftEvidence,
    choose_windows,
    fit_jointly,
    measure_lags,
)

__all__ = ["AGREE_S", "MOST_PASSES", "SURE", "Found", "settle"]

SURE = 0.4
"""The confidence from which a track is moved or its polarity turned."""
AGREE_S = 0.00025
"""Windows whose peaks lie closer together show one and the same delay."""
MOST_PASSES = 4

_CHANCE_RATIO = 1.5  # first to second peak of tracks that are not in the mix: below this
_STAY_SHARE = 0.75  # a track stays where it lies if the peak there is this high beside the highest
_GUARD_S = 0.001  # peaks closer than this are one peak, spread by an equaliser
_FEWEST_WINDOWS = 3


@dataclass(frozen=True)
class Found:
    """Where a track was found, in samples at the rate of the search.

    Attributes:
        lag: by how much it must be moved later.
        polarity: +1, or -1 for a track that is turned over.
        confidence: 0 to 1.
        origin: the lag around which it was looked for.
        evidence: what was measured there, None for a track that never plays.
    """

    lag: float
    polarity: int
    confidence: float
    origin: int = 0
    evidence: ShiftEvidence | None = None

    @property
    def sure(self) -> bool:
        """Whether it may be moved."""
        return self.confidence >= SURE


def settle(
    tracks: Sequence[Float[np.ndarray, "_channel _time"]],
    mix: Float[np.ndarray, "2 mix_time"],
    origins: Sequence[int],
    sample_rate_hz: int,
    progress: Callable[[int, int], None],
) -> list[Found]:
    """Return the places found within 0.25 s of the origins, by joint passes.

    Args:
        tracks: K tracks, mono or stereo, of any length.
        mix: the mix.
        origins: where each track is looked for, in samples later than in its file.
        sample_rate_hz: their rate.
        progress: called with the number of passes done and the most there can be.
    """
    grid = choose_windows(tracks, mix, origins, sample_rate_hz)
    origins, shifts = list(origins), list(origins)
    places: list[Found] = []
    for passes in range(1, MOST_PASSES + 1):
        responses = fit_jointly(tracks, mix, shifts, grid)
        evidence = measure_lags(tracks, mix, shifts, origins, responses, grid)
        seen = list(zip(evidence, origins, strict=True))
        common = _common_lag([_decide(e, o, 0.0, sample_rate_hz) for e, o in seen], sample_rate_hz)
        places = [_decide(e, o, common, sample_rate_hz) for e, o in seen]
        progress(passes, MOST_PASSES)
        found = [round(p.lag) for p in places]
        if found == shifts:
            break
        shifts = found
        origins = [
            o if abs(o - shift) <= grid.max_lag else shift
            for o, shift in zip(origins, shifts, strict=True)
        ]
    return places


def _decide(
    evidence: ShiftEvidence | None, origin: int, common: float, sample_rate_hz: int
) -> Found:
    """Return the place of one track; `common` (samples), confidence 0, if nothing is measured.

    The evidence is of the lags around the origin; a track stays at the common lag only if that is
    one of them.
    """
    nowhere = Found(common, 1, 0.0, origin, evidence)
    if evidence is None:
        return nowhere
    heights, middle = evidence.correlation, len(evidence.correlation) // 2
    guard = round(_GUARD_S * sample_rate_hz)
    agree = max(2, round(AGREE_S * sample_rate_hz))
    top = int(np.argmax(np.abs(heights)))
    here = middle + round(common) - origin
    stays = False
    if 0 <= here < len(heights):
        home = max(here - 1, 0)
        near = home + int(np.argmax(heights[home : here + 2]))
        stays = bool(heights[near] >= _STAY_SHARE * abs(heights[top]))
        top = near if stays else top
    confidence = _confidence(evidence, top, guard, agree)
    if confidence < SURE:
        return nowhere
    if stays:
        return Found(common, 1, confidence, origin, evidence)
    lag = origin + _exact_lag(evidence.window_lags, top - middle, agree)
    return Found(lag, 1 if heights[top] > 0 else -1, confidence, origin, evidence)


def _confidence(evidence: ShiftEvidence, top: int, guard: int, agree: int) -> float:
    """Return 0..1: how far the peak stands out, times the share of windows that show it.

    What the track's own periodicity puts beside the peak is taken off before the second peak is
    looked for.
    """
    heights = evidence.correlation
    distance = np.abs(np.arange(len(heights)) - top)
    others = np.abs(heights - heights[top] * evidence.ripple[distance])
    rival = float(np.max(others[distance > guard], initial=1e-9))
    ratio = abs(float(heights[top])) / rival
    offsets = evidence.window_lags - (top - len(heights) // 2)
    agreement = float(np.mean(np.abs(offsets) <= agree))
    known = min(1.0, len(offsets) / _FEWEST_WINDOWS)
    return known * agreement * max(0.0, 1.0 - (_CHANCE_RATIO / max(ratio, 1e-9)) ** 2)


def _exact_lag(window_lags: Float[np.ndarray, " window"], lag: int, agree: int) -> float:
    """Return the lag with its fraction where the windows fix it to a tenth of a sample."""
    lags = window_lags[np.abs(window_lags - lag) <= agree]
    spread = 1.48 * np.median(np.abs(lags - np.median(lags))) / np.sqrt(max(len(lags), 1))
    return float(np.median(lags)) if len(lags) >= _FEWEST_WINDOWS and spread < 0.1 else float(lag)


def _common_lag(places: Sequence[Found], sample_rate_hz: int) -> float:
    """Return the one lag at which most of the tracks found lie; else 0.

    Two thirds of them have to agree, three at least; far from home two are enough, for chance does
    not lead two tracks to one place of a whole song.
    """
    lags = np.array([p.lag for p in places if p.sure])
    if not len(lags):
        return 0.0
    middle = float(np.sort(lags)[len(lags) // 2])
    together = np.sum(np.abs(lags - middle) <= AGREE_S * sample_rate_hz)
    fewest = 2 if abs(middle) > MAX_LAG_S * sample_rate_hz else 3
    return middle if together >= max(fewest, 2 / 3 * len(lags)) else 0.0
