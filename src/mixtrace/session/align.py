"""When each track starts in its mix, and with which polarity.

`correlate` measures near a place, `place` over the whole song; this module decides. A track is
moved only on evidence of its own: one clear peak, away from where it lies, in which its windows
agree.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mixtrace.session.correlate import (
    MAX_LAG_S,
    Evidence,
    choose_windows,
    fit_jointly,
    measure_lags,
)
from mixtrace.session.place import find_places

__all__ = ["SURE", "Alignment", "apply_alignment", "estimate_alignments"]

SURE = 0.4
"""The confidence from which a track is moved or its polarity turned."""

_CHANCE_RATIO = 1.5  # first to second peak of tracks that are not in the mix: below this
_STAY_SHARE = 0.75  # a track stays where it lies if the peak there is this high beside the highest
_GUARD_S = 0.001  # peaks closer than this are one peak, spread by an equaliser
_AGREE_S = 0.00025
_FEWEST_WINDOWS = 3
_MOST_PASSES = 4
_TAPS = 64


@dataclass(frozen=True)
class Alignment:
    """How a track must be moved to lie as it does in the mix.

    Attributes:
        delay_s: seconds by which the track is moved later; negative is earlier.
        polarity: +1, or -1 for a track that is turned over.
        confidence: 0 (nothing was measured: left as it is) to 1.
    """

    delay_s: float = 0.0
    polarity: int = 1
    confidence: float = 0.0


@dataclass(frozen=True)
class _Place:
    """A decision in samples at the rate of the estimate."""

    lag: float
    polarity: int
    confidence: float

    @property
    def sure(self) -> bool:
        return self.confidence >= SURE


def estimate_alignments(
    tracks: Sequence[Float[np.ndarray, "_channel _time"]],
    mix: Float[np.ndarray, "2 mix_time"],
    sample_rate_hz: int,
    progress: Callable[[int, int], None] = lambda done, most: None,
) -> list[Alignment]:
    """Return how each track lies in the mix, from joint passes until nothing moves.

    Tracks are looked for within 0.25 s of where they start; those that are not found there, over
    the whole song, and then within 0.25 s of the place found.

    Args:
        tracks: K tracks, mono or stereo, of any length.
        mix: the mix.
        sample_rate_hz: their rate.
        progress: called with the number of passes done and the most there can be; once more from
            the first if tracks were looked for over the whole song.

    Returns:
        One alignment a track. Where nothing was measured: no delay, polarity +1, confidence 0 -
        or the common delay, if most of the other tracks were found at one and the same.
    """
    if not tracks:
        return []
    home = [0] * len(tracks)
    places = _settle(tracks, mix, home, sample_rate_hz, progress)
    lost = [k for k, place in enumerate(places) if not place.sure]
    origins, limits = _look_farther(tracks, mix, sample_rate_hz, lost)
    if origins != home:
        places = _settle(tracks, mix, origins, sample_rate_hz, progress)
    return [
        Alignment(p.lag / sample_rate_hz, p.polarity, min(p.confidence, limit))
        for p, limit in zip(places, limits, strict=True)
    ]


def apply_alignment(
    audio: Float[np.ndarray, "channel time"],
    alignment: Alignment,
    length: int,
    sample_rate_hz: int,
) -> Float[np.ndarray, "channel length"]:
    """Return the track moved, turned, and padded or cropped to `length` samples.

    A delay that is no whole number of samples is made by a windowed sinc of 65 taps (its response
    is within 0.01 dB, and its error -59 dB, up to 0.9 of half the rate).
    """
    delay = alignment.delay_s * sample_rate_hz
    whole = round(delay)
    if abs(delay - whole) > 0.01:
        audio = _delay_by_fraction(audio, delay - whole)
    moved = np.zeros((len(audio), length), np.float32)
    first, last = max(whole, 0), min(whole + audio.shape[1], length)
    if last > first:
        moved[:, first:last] = audio[:, first - whole : last - whole]
    if alignment.polarity < 0:
        np.negative(moved, out=moved)
    return moved


def _settle(
    tracks: Sequence[Float[np.ndarray, "_channel _time"]],
    mix: Float[np.ndarray, "2 mix_time"],
    origins: Sequence[int],
    sample_rate_hz: int,
    progress: Callable[[int, int], None],
) -> list[_Place]:
    """Return the places found within 0.25 s of the origins (samples), by joint passes."""
    grid = choose_windows(tracks, mix, origins, sample_rate_hz)
    origins, shifts = list(origins), list(origins)
    places: list[_Place] = []
    for passes in range(1, _MOST_PASSES + 1):
        responses = fit_jointly(tracks, mix, shifts, grid)
        evidence = measure_lags(tracks, mix, shifts, origins, responses, grid)
        seen = list(zip(evidence, origins, strict=True))
        common = _common_lag([_decide(e, o, 0.0, sample_rate_hz) for e, o in seen], sample_rate_hz)
        places = [_decide(e, o, common, sample_rate_hz) for e, o in seen]
        progress(passes, _MOST_PASSES)
        found = [round(p.lag) for p in places]
        if found == shifts:
            break
        shifts = found
        origins = [
            o if abs(o - shift) <= grid.max_lag else shift
            for o, shift in zip(origins, shifts, strict=True)
        ]
    return places


def _look_farther(
    tracks: Sequence[Float[np.ndarray, "_channel _time"]],
    mix: Float[np.ndarray, "2 mix_time"],
    sample_rate_hz: int,
    lost: Sequence[int],
) -> tuple[list[int], list[float]]:
    """Return for every track where to look for it, in samples, and how sure that is at most.

    A track that is not lost is looked for where it starts. A lost one is looked for where it was
    found over the whole song; without a clear place of its own, where the lost ones together were.
    """
    origins, limits = [0] * len(tracks), [1.0] * len(tracks)
    if not lost:
        return origins, limits
    shared, own = find_places(tracks, mix, sample_rate_hz, lost)
    for k in lost:
        for place in (own.get(k), shared):
            if place is not None and place.confidence >= SURE:
                if abs(place.delay_s) > MAX_LAG_S / 2:
                    origins[k] = round(place.delay_s * sample_rate_hz)
                    limits[k] = place.confidence
                break
    return origins, limits


def _decide(evidence: Evidence | None, origin: int, common: float, sample_rate_hz: int) -> _Place:
    """Return the place of one track; `common` (samples), confidence 0, if nothing is measured.

    Evidence is of the lags around the origin; a track stays at the common lag only if that is one
    of them.
    """
    nowhere = _Place(common, 1, 0.0)
    if evidence is None:
        return nowhere
    heights, middle = evidence.correlation, len(evidence.correlation) // 2
    guard = round(_GUARD_S * sample_rate_hz)
    agree = max(2, round(_AGREE_S * sample_rate_hz))
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
        return _Place(common, 1, confidence)
    lag = origin + _exact_lag(evidence.window_lags, top - middle, agree)
    return _Place(lag, 1 if heights[top] > 0 else -1, confidence)


def _confidence(evidence: Evidence, top: int, guard: int, agree: int) -> float:
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


def _common_lag(places: Sequence[_Place], sample_rate_hz: int) -> float:
    """Return the one lag at which most of the tracks found lie; else 0.

    Two thirds of them have to agree, three at least; far from home two are enough, for chance does
    not lead two tracks to one place of a whole song.
    """
    lags = np.array([p.lag for p in places if p.sure])
    if not len(lags):
        return 0.0
    middle = float(np.sort(lags)[len(lags) // 2])
    together = np.sum(np.abs(lags - middle) <= _AGREE_S * sample_rate_hz)
    fewest = 2 if abs(middle) > MAX_LAG_S * sample_rate_hz else 3
    return middle if together >= max(fewest, 2 / 3 * len(lags)) else 0.0


def _delay_by_fraction(
    audio: Float[np.ndarray, "channel time"], fraction: float
) -> Float[np.ndarray, "channel time"]:
    """Return the audio later by a fraction of a sample, -0.5 to 0.5."""
    offsets = np.arange(-_TAPS // 2, _TAPS // 2 + 1)
    taps = (np.sinc(offsets - fraction) * np.kaiser(_TAPS + 1, 8.0)).astype(np.float32)
    return np.stack([np.convolve(channel, taps, mode="same") for channel in audio])
