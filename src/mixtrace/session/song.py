"""A song as it was found on disk: its mix, its tracks and their groups. No audio is read here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mixtrace.errors import SessionError
from mixtrace.names import plain_name, printable

__all__ = ["MOST_NAME_CHARACTERS", "MOST_TRACKS", "Song", "TrackSource", "listed"]

MOST_TRACKS = 150
"""More tracks than this are taken for a wrong folder."""

MOST_NAME_CHARACTERS = 255
"""Of a song, a track or a group; a file's name has as many."""


@dataclass(frozen=True)
class TrackSource:
    """One dry track on disk.

    Attributes:
        name: unique in its song, printable, without a slash.
        path: the audio file; that of the left channel, where there is one of the right.
        group: the bus the track goes to, printable: `drums`, or `S01 drum set`.
        right_path: the mono file of the right channel, None where one file holds the track.
        stream: which audio stream of its file it is.
    """

    name: str
    path: Path
    group: str
    right_path: Path | None = None
    stream: int = 0

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files, one or two."""
        return (self.path,) if self.right_path is None else (self.path, self.right_path)


@dataclass(frozen=True)
class Song:
    """The files of a song.

    Attributes:
        name: the song's name, printable.
        mix_path: the mix's audio file.
        tracks: the dry tracks, 1 to 150.
        notes: what was assumed, in words.
        mix_right_path: the mix's right channel, where its channels are two files.
        unpacked: keeps the files of an archive on disk as long as the song is held.

    Raises:
        SessionError: no track, too many, two of one name, or a name that is too long or cannot
            be shown.
    """

    name: str
    mix_path: Path
    tracks: tuple[TrackSource, ...]
    notes: tuple[str, ...] = ()
    mix_right_path: Path | None = None
    unpacked: object = field(default=None, compare=False, repr=False)

    @property
    def paths(self) -> tuple[Path, ...]:
        """Every file of the song, the mix's first."""
        return (*self.mix_paths, *(p for track in self.tracks for p in track.paths))

    @property
    def mix_paths(self) -> tuple[Path, ...]:
        """The files of the mix, one or two."""
        right = () if self.mix_right_path is None else (self.mix_right_path,)
        return (self.mix_path, *right)

    def __post_init__(self) -> None:
        """Check the number of tracks and their names."""
        if not 1 <= len(self.tracks) <= MOST_TRACKS:
            raise SessionError(
                f"Expected 1 to {MOST_TRACKS} tracks; {self.name} has {len(self.tracks)}. "
                "Put the dry tracks beside the mix or name them in session.toml."
            )
        names = (self.name, *(name for t in self.tracks for name in (t.name, t.group)))
        longest = max(names, key=len)
        if len(longest) > MOST_NAME_CHARACTERS:
            raise SessionError(
                f"Expected names of at most {MOST_NAME_CHARACTERS} characters; {longest[:40]!r}... "
                f"has {len(longest)}. Shorten it."
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
                    "Expected printable track names without slashes and backslashes, and without "
                    f"spaces and dots at their ends; got {track.name!r}. "
                    f"Call that track {plain_name(track.name) or 'track'!r}."
                )
        for name in (self.name, *(track.group for track in self.tracks)):
            if printable(name) != name or not name:
                raise SessionError(
                    f"Expected printable names of the song and its groups; got {name!r}. Rename it."
                )


def listed(names: Sequence[str], most: int = 8) -> str:
    """Return names as a phrase, the first few of them.

    >>> listed(["a", "b", "c"]), listed(["a", "b", "c"], most=1)
    ('a, b and c', 'a and 2 more')
    """
    shown = list(names[:most])
    if len(names) > most:
        shown.append(f"{len(names) - most} more")
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)
