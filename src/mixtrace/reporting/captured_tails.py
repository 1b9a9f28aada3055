"""Who shares a tail with whom: groups of tracks that one reverb made ring, and the matrix behind.

Tails of one reverb are the same noise once each one's own spectrum is divided out; those of
different reverbs have nothing in common. In mixes that are known, tails that share a reverb are
alike by .5 to .93, all others by less than .06.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mixtrace.reporting.parts import Part
from mixtrace.reporting.result import fixed
from mixtrace.reporting.templating import filled
from mixtrace.store import StoredCapture

__all__ = ["SharedTail", "listed", "shared_tails", "tail_sentences", "tails_part"]

_ALIKE = 0.5  # the least of what is shared in mixes that are known
_MOST_IN_SIGHT = 24  # a larger matrix is folded away


@dataclass(frozen=True)
class SharedTail:
    """Tracks that share one reverb.

    Attributes:
        tracks: their places, at least two.
        alike: the least and the greatest likeness of those pairs that are alike.
    """

    tracks: tuple[int, ...]
    alike: tuple[float, float]


def shared_tails(stored: StoredCapture) -> list[SharedTail]:
    """Return the groups of tracks whose tails hang together by a likeness of one half or more."""
    likeness = np.array(stored.tail_likeness)
    alike = (likeness >= _ALIKE) & ~np.eye(len(likeness), dtype=bool)
    groups, seen = [], set()
    for first in range(len(likeness)):
        if first in seen or not alike[first].any():
            continue
        members, waiting = {first}, [first]
        while waiting:
            near = set(np.flatnonzero(alike[waiting.pop()]).tolist()) - members
            members |= near
            waiting += near
        seen |= members
        inside = np.ix_(sorted(members), sorted(members))
        values = likeness[inside][alike[inside]]
        groups.append(SharedTail(tuple(sorted(members)), (values.min(), values.max())))
    return groups


def tail_sentences(stored: StoredCapture) -> list[str]:
    """Return a sentence on each group of tracks that share one reverb."""
    return [_sentence(stored, group) for group in shared_tails(stored)]


def tails_part(stored: StoredCapture) -> Part:
    """Return the section about shared tails."""
    names = [track.name for track in stored.tracks]
    rows = [_cells(i, row) for i, row in enumerate(stored.tail_likeness)]
    shades = sorted({shade for row in rows for shade, _ in row if shade})
    return Part(
        filled(
            "capture_tails.html",
            sentences=tail_sentences(stored),
            names=names,
            rows=rows,
            folded=len(names) > _MOST_IN_SIGHT,
        ),
        "".join(f".likeness .v{shade} {{ --v: {shade}; }}\n" for shade in shades),
    )


def listed(words: list[str]) -> str:
    """Return words as a sentence counts them up.

    >>> listed(["kick", "snare", "voice"]), listed(["kick"])
    ('kick, snare and voice', 'kick')
    """
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _sentence(stored: StoredCapture, group: SharedTail) -> str:
    tracks = [stored.tracks[k] for k in group.tracks]
    return (
        f"{listed([track.name for track in tracks])} share one reverb: their tails are alike by "
        f"{_span(group.alike, 2)}. What follows their direct parts is at "
        f"{_span([track.tail_db for track in tracks], 1)} dB relative to these."
    )


def _span(values: Sequence[float], digits: int) -> str:
    low, high = fixed(min(values), digits), fixed(max(values), digits)
    return low if low == high else f"{low} to {high}"


def _cells(place: int, row: tuple[float, ...]) -> list[tuple[int, str]]:
    """Return (per cent for the colour, text) of a row; nothing is said of a track and itself."""
    return [
        (0, "–") if k == place else (round(100.0 * min(max(value, 0.0), 1.0)), fixed(value, 2))
        for k, value in enumerate(row)
    ]
