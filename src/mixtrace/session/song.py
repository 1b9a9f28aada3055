"""A song as it was found on disk: its mix, its tracks and their groups. No audio is read here."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mixtrace.errors import SessionError

__all__ = ["MOST_TRACKS", "Song", "TrackSource", "listed", "plain_name"]

MOST_TRACKS = 150
"""More tracks than this are taken for a wrong folder."""


@dataclass(frozen=True)
class TrackSource:
    """One dry track on disk.

    Attributes:
        name: unique in its song, printable, without a slash.
        path: the audio file.
        group: the bus the track goes to, `drums`, or `S01 drum set`.
    """

    name: str
    path: Path
    group: str


@dataclass(frozen=True)
class Song:
    """The files of a song.

    Attributes:
        name: the song's name.
        mix_path: the mix's audio file.
        tracks: the dry tracks, 1 to 150.
        notes: what was assumed, in words.

    Raises:
        SessionError: no track, too many, two of one name, or a name that cannot be a file's.
    """

    name: str
    mix_path: Path
    tracks: tuple[TrackSource, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the number of tracks and their names."""
        if not 1 <= len(self.tracks) <= MOST_TRACKS:
            raise SessionError(
                f"Expected 1 to {MOST_TRACKS} tracks; {self.name} has {len(self.tracks)}. "
                "Put the dry tracks beside the mix or name them in session.toml."
            )
        by_name: dict[str, TrackSource] = {}
        for track in self.tracks:
            other = by_name.setdefault(track.name.casefold(), track)
            if other is not track:
                raise SessionError(
                    "Expected every track to have a name of its own; "
                    f"{other.path.name} and {track.path.name} are both {track.name!r}. "
                    "Rename one of them."
                )
            if plain_name(track.name) != track.name or not track.name:
                raise SessionError(
                    f"Expected printable track names without slashes; got {track.name!r}. "
                    "Rename that track."
                )


def plain_name(text: str) -> str:
    """Return the text as a name: no slashes, printable, no spaces around.

    >>> plain_name("fx/processed sound")
    'fx-processed sound'
    """
    kept = "".join(c if c.isprintable() else " " for c in text)
    return kept.replace("/", "-").replace("\\", "-").strip().strip(".")


def listed(names: Sequence[str], most: int = 8) -> str:
    """Return names as a phrase, the first few of them.

    >>> listed(["a", "b", "c"]), listed(["a", "b", "c"], most=1)
    ('a, b and c', 'a and 2 more')
    """
    shown = list(names[:most])
    if len(names) > most:
        shown.append(f"{len(names) - most} more")
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)
