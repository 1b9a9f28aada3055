"""Which file is called as a mix is called, and how surely."""

import re

from mixtrace.session.groups import guess_group

__all__ = ["MIX_FOLDERS", "TRACK_FOLDERS", "is_whole_mix", "mix_rank"]

TRACK_FOLDERS = (
    "tracks,stems,multitrack,multitracks,multi-track,multi-tracks,multis,raw,raw tracks,dry,"
    "dry tracks,audio files,audio,media,wavs,wav,individual tracks,spuren,pistes,pistas,tracce"
).split(",")
"""What the folder of the tracks is called, in lower case, the surest first."""

MIX_FOLDERS = (
    "mix,mixes,mixdown,mixdowns,master,masters,bounce,bounces,bounced files,final,reference"
).split(",")
"""Folders in which a mix may lie beside that of the tracks, in lower case."""

_END = r"(v?\d+)?([ _.()-]+(v?\d+|final|master(ed)?|stereo|ref(erence)?))*[)\]]?"
_NAMES = (
    rf"mix{_END}",
    rf"(.*[^a-z])?(full|rough|final|stereo)?mix(down|ture)?{_END}",
    r".*master.*",
    rf"(.*[^a-z])?(bounce|bounced|final|full song|2-?track|two-?track|print|reference){_END}"
    r"( version)?",
)
_CAMEL = r".*[a-z]+Mix"
_LEAST = len(_NAMES)


def mix_rank(stem: str) -> int | None:
    """Return how surely a name is a mix's, 0 the surest; None for a track's.

    Names that say which instrument they mix come last: they are a mix only where nothing else is.

    >>> [mix_rank(s) for s in ("Mix", "Song_mix", "Drum Mix", "remixer")]
    [0, 1, 4, None]
    """
    lower = stem.lower()
    named = (rank for rank, names in enumerate(_NAMES) if re.fullmatch(names, lower))
    rank = next(named, 1 if re.fullmatch(_CAMEL, stem) else None)
    if rank is None:
        return None
    rest = re.sub(r"(?i)mix(down|ture)?|master(ed)?|bounced?|final|print|reference", " ", stem)
    return rank if guess_group(rest) == "other" else _LEAST


def is_whole_mix(stem: str) -> bool:
    """Return whether a name among tracks is that of their mix, not of a part of it."""
    rank = mix_rank(stem)
    return rank is not None and rank < _LEAST - 1
