"""Tracks and mix held against each other: what does not belong, and what is missing, in words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mixtrace.session.belonging import UNHEARD, Hearing, judge_tracks
from mixtrace.session.explained import explain
from mixtrace.session.missing import Missing, find_missing
from mixtrace.session.song import listed

__all__ = ["MONO_MIX", "PERHAPS_NOT", "Contents", "content_notes", "doubtful", "examine"]


PERHAPS_NOT = "perhaps not in the mix"
"""How the note on tracks begins of which that is not certain."""

MONO_MIX = "the mix is mono: both channels are equal"

_MISSING = "in the mix but in none of the tracks"


@dataclass(frozen=True)
class Contents:
    """What a comparison of a mix with its tracks showed.

    Attributes:
        hearings: for each track, whether it is in the mix.
        missing: what of the mix no track explains.
    """

    hearings: tuple[Hearing, ...]
    missing: Missing | None = None


def examine(
    tracks: Sequence[Float[np.ndarray, "_channel _time"]],
    mix: Float[np.ndarray, "2 mix_time"],
    sample_rate_hz: int,
) -> Contents:
    """Hold all tracks against their mix.

    What is missing is looked for without the tracks that are not heard, and not at all where no
    track is heard: then all of the mix is missing.

    Args:
        tracks: K tracks, where the mix has them.
        mix: the mix.
        sample_rate_hz: their rate.
    """
    explained = explain(tracks, mix, sample_rate_hz)
    if explained is None:
        return Contents((UNHEARD,) * len(tracks))
    hearings = tuple(judge_tracks(explained))
    if not any(hearing.coherent for hearing in hearings):
        return Contents(hearings)
    own = [k for k, hearing in enumerate(hearings) if hearing.belongs != "not heard"]
    if len(own) < len(tracks):
        explained = explain([tracks[k] for k in own], mix, sample_rate_hz)
    return Contents(hearings, find_missing(explained) if explained else None)


def content_notes(contents: Contents, names: Sequence[str]) -> list[str]:
    """Return what does not belong and what is missing."""
    named = list(zip(names, contents.hearings, strict=True))
    foreign = [name for name, hearing in named if hearing.belongs == "not heard"]
    unsure = [n for n, h in named if h.belongs == "not certain" and h.times_chance]
    notes = []
    if foreign:
        notes.append(f"not heard in the mix: {listed(foreign)}")
    if contents.missing is not None:
        notes.append(
            f"{_MISSING}: {_told(contents.missing)}. "
            "It can only be imitated with the others; add its track if there is one"
        )
    if unsure:
        notes.append(f"{PERHAPS_NOT}: {listed(unsure)}")
    return notes


def doubtful(notes: Sequence[str]) -> list[str]:
    """Return those notes on a song by which a result that is made of it may mean little."""
    return [note for note in notes if note.startswith((_MISSING, PERHAPS_NOT, MONO_MIX))]


def _told(missing: Missing) -> str:
    """Return a missing sound in words.

    >>> _told(Missing(((0.2, 3.8), (66.6, 70.0)), ((59.0, 130.0), (2000.0, 8000.0)), -3.0))
    'a sound at 0:00 to 0:04 and 1:06 to 1:10, from 59 to 130 Hz and from 2,000 to 8,000 Hz'
    """
    times = [f"{_clock(first)} to {_clock(np.ceil(last))}" for first, last in missing.spans_s]
    bands = [f"from {_hz(low)} to {_hz(high)} Hz" for low, high in missing.bands_hz]
    return f"a sound at {listed(times)}, {listed(bands)}"


def _clock(time_s: float) -> str:
    minutes, seconds = divmod(int(time_s), 60)
    return f"{minutes}:{seconds:02d}"


def _hz(frequency_hz: float) -> str:
    """Return a frequency with two digits that count.

    >>> _hz(59.3), _hz(249.0), _hz(12993.0)
    ('59', '250', '13,000')
    """
    digits = 1 - int(np.floor(np.log10(frequency_hz)))
    return f"{int(round(frequency_hz, digits)):,}"
