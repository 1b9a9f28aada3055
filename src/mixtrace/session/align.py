"""When each track starts in its mix, and with which polarity.

`settle` finds tracks near a place, `place` over the whole song.
"""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float

from mixtrace.session.alignment import Alignment
from mixtrace.session.clocks import Clocked, follow_clocks
from mixtrace.session.correlate import MAX_LAG_S
from mixtrace.session.place import find_places
from mixtrace.session.settle import SURE, settle

__all__ = ["estimate_alignments"]


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
    found = settle(tracks, mix, home, sample_rate_hz, progress)
    lost = [k for k, place in enumerate(found) if not place.sure]
    origins, limits = _look_farther(tracks, mix, sample_rate_hz, lost)
    if origins != home:
        found = settle(tracks, mix, origins, sample_rate_hz, progress)
    clocked = follow_clocks(tracks, mix, found, sample_rate_hz, progress)
    return [_alignment(c, limit, sample_rate_hz) for c, limit in zip(clocked, limits, strict=True)]


def _alignment(clocked: Clocked, limit: float, sample_rate_hz: int) -> Alignment:
    place = clocked.found
    delay_s, confidence = place.lag / sample_rate_hz, min(place.confidence, limit)
    return Alignment(delay_s, place.polarity, confidence, round(1e6 * clocked.drift, 2))


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
