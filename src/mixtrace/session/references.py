"""Where the files' own time references would put the tracks, and whether the sound agrees.

The differences between the references are what counts. What they are relative to is told by tracks
that were found by their sound; else by the mix, if it has a reference of the same day; else the
earliest track is taken to start with the mix. None of this moves a track that can be heard: it is
only looked for there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mixtrace.session.place import FARTHEST_S
from mixtrace.session.settle import Found

__all__ = ["Starts", "confirmed_delays", "proposed_delays"]

_ALIKE_S = 0.005  # an editor's grid, a plug-in's delay: more is another place
_FEWEST = 2  # tracks whose sound and references agree
_MOST_AGREE = 0.75  # of the tracks found that have a reference


@dataclass(frozen=True)
class Starts:
    """When each file says that it begins, in seconds after midnight; None where it does not.

    Attributes:
        tracks: of the tracks.
        mix: of the mix.
    """

    tracks: tuple[float | None, ...]
    mix: float | None = None


def proposed_delays(
    starts: Starts, found: Sequence[Found], sample_rate_hz: int
) -> list[float | None]:
    """Return the delay in seconds at which each track should be looked for, as references say.

    Args:
        starts: of K tracks and their mix.
        found: where they were found so far.
        sample_rate_hz: the rate of what was found.
    """
    told = [start for start in starts.tracks if start is not None]
    if not told:
        return [None] * len(starts.tracks)
    origin_s = _origin_s(starts, found, sample_rate_hz)
    if origin_s is None:
        near = starts.mix is not None and min(abs(s - starts.mix) for s in told) <= FARTHEST_S
        origin_s = starts.mix if near else min(told)
    return _delays(starts, origin_s)


def confirmed_delays(
    starts: Starts, found: Sequence[Found], sample_rate_hz: int
) -> list[float | None]:
    """Return the delays as references say, if the sound of two tracks at least bears them out."""
    origin_s = _origin_s(starts, found, sample_rate_hz)
    return [None] * len(starts.tracks) if origin_s is None else _delays(starts, origin_s)


def _origin_s(starts: Starts, found: Sequence[Found], sample_rate_hz: int) -> float | None:
    """Return at what time the mix begins, from tracks found by their sound."""
    pairs = zip(starts.tracks, found, strict=True)
    origins = [s - f.lag / sample_rate_hz for s, f in pairs if s is not None and f.sure]
    if not origins:
        return None
    middle = float(np.median(origins))
    agree = int(np.sum(np.abs(np.array(origins) - middle) <= _ALIKE_S))
    return middle if agree >= max(_FEWEST, _MOST_AGREE * len(origins)) else None


def _delays(starts: Starts, origin_s: float | None) -> list[float | None]:
    """Return the delays against a mix that begins then, as far as tracks are looked for."""
    if origin_s is None:
        return [None] * len(starts.tracks)
    delays = [None if s is None else s - origin_s for s in starts.tracks]
    return [d if d is not None and abs(d) <= FARTHEST_S else None for d in delays]
