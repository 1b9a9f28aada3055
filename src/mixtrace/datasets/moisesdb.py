"""MoisesDB: songs in stems of up to dozens of tracks, with no mix: it is their sum.

Layout: `moisesdb_v0.1/<uuid>/{data.json, <stem>/<track id>.<extension>}`. The JSON has `song`,
`artist`, `genre` and `stems: [{stemName, tracks: [{id, trackType, extension, has_bleed}]}]`. The
sum is made when a song is asked for and vanishes with it; it is as long as the longest track, while
the data set's own library cuts the tracks of a stem to the shortest of them first.

Sources: README.md, moisesdb/track.py and issue 3 (lengths that differ) of
github.com/moises-ai/moises-db.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import msgspec

from mixtrace.datasets.base import Dataset, SongFacts
from mixtrace.datasets.files import file_inside, folders_in, missing_among
from mixtrace.datasets.identities import identities
from mixtrace.datasets.summed import write_sum
from mixtrace.errors import SessionError
from mixtrace.names import plain_name, printable
from mixtrace.session import Song, TrackSource
from mixtrace.session.archive import Unpacked
from mixtrace.session.opening import is_song_file, read_text
from mixtrace.session.song import listed

__all__ = ["MoisesDB"]

_VERSION = re.compile(r"moisesdb_v[0-9.]{1,8}")
_SONG = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DATA = "data.json"


class _Track(msgspec.Struct, rename={"kind": "trackType"}):
    id: str
    extension: str
    kind: str = "unknown"
    has_bleed: bool | None = None


class _Stem(msgspec.Struct, rename={"name": "stemName"}):
    name: str
    tracks: list[_Track] = []


class _Data(msgspec.Struct):
    stems: list[_Stem]
    song: str | None = None
    artist: str | None = None
    genre: str | None = None


class MoisesDB(Dataset):
    """Songs of MoisesDB, each with the sum of its tracks for a mix."""

    name = "moisesdb"
    title = "MoisesDB"
    licence = "non-commercial research; see its page"
    citation = (
        'I. Pereira, F. Araújo, F. Korzeniowski, R. Vogl, "MoisesDB: A Dataset for Source '
        'Separation Beyond 4-Stems", ISMIR 2023, arXiv:2307.15913'
    )
    url = "https://developer.moises.ai/research"
    complete = (240,)

    @classmethod
    def recognises(cls, folder: Path) -> bool:
        """Return whether all folders are called as its songs are, and one has its data."""
        folders = folders_in(_inner(folder))
        return all(_SONG.fullmatch(path.name) for path in folders) and any(
            is_song_file(path / _DATA) for path in folders
        )

    def ids(self) -> Sequence[str]:
        """Return the names of the songs' folders, which are random."""
        return tuple(self._paths)

    def files(self, identity: str) -> Song:
        """Return the tracks of a song in groups; `mix_path` is where no mix lies."""
        folder = self._paths[identity]
        sources = list(_tracks(folder, _read(folder)))
        missing = missing_among((source.path for source, _ in sources), folder)
        if missing:
            raise SessionError(missing)
        tracks = tuple(source for source, _ in sources)
        notes = ("MoisesDB song: its mix is the sum of its tracks",)
        return Song(identity, folder / "mix.wav", tracks, notes)

    def song(self, identity: str) -> Song:
        """Return the tracks of a song in groups, and their sum, which is made here.

        Raises:
            AudioError: a track cannot be used.
        """
        song = self.files(identity)
        unpacked = Unpacked()
        mix = unpacked.folder / "mix.wav"
        try:
            write_sum([track.path for track in song.tracks], mix)
        except BaseException:
            unpacked.remove()
            raise
        return replace(song, mix_path=mix, unpacked=unpacked)

    def facts(self, identity: str) -> SongFacts:
        """Return artist, title and genre, the instrument on each track, and which have bleed."""
        folder = self._paths[identity]
        data = _read(folder)
        tracks = list(_tracks(folder, data))
        bleeding = [source.name for source, track in tracks if track.has_bleed]
        notes = [f"The data set says that {listed(bleeding)} has bleed."] if bleeding else []
        artist, title, genre = (
            printable(text or "") for text in (data.artist, data.song, data.genre)
        )
        instruments = {source.name: plain_name(track.kind) for source, track in tracks}
        return SongFacts(artist, title, genre, "", instruments, tuple(notes))

    @cached_property
    def _paths(self) -> dict[str, Path]:
        inner = _inner(self.folder)
        songs = (path for path in folders_in(inner) if _SONG.fullmatch(path.name))
        return identities(self.folder, songs, lambda path: path.name)


def _inner(folder: Path) -> Path:
    """Return the folder of the songs: that of a version, where it is all there is."""
    folders = folders_in(folder)
    return folders[0] if len(folders) == 1 and _VERSION.fullmatch(folders[0].name) else folder


def _read(folder: Path) -> _Data:
    """Return what a song's JSON says.

    Raises:
        SessionError: it cannot be read, or is not of this layout.
    """
    path = folder / _DATA
    try:
        return msgspec.json.decode(read_text(path), type=_Data)
    except SessionError:
        raise
    except (OSError, ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        reason = printable(" ".join(str(error).split())[:200])
        raise SessionError(
            f"Expected a song of MoisesDB in {path}; it is none ({reason}). Download it anew."
        ) from error


def _tracks(folder: Path, data: _Data) -> Iterator[tuple[TrackSource, _Track]]:
    """Yield the tracks with what the JSON says of them; those of one instrument are numbered."""
    path = folder / _DATA
    every = [(stem, track) for stem in data.stems for track in stem.tracks]
    names = [plain_name(track.kind) or "track" for _, track in every]
    count, seen = Counter(name.casefold() for name in names), Counter[str]()
    for (stem, track), name in zip(every, names, strict=True):
        key = name.casefold()
        seen[key] += 1
        shown = f"{name} {seen[key]}" if count[key] > 1 else name
        inside = file_inside(folder, stem.name, path)
        file = file_inside(inside, f"{track.id}.{track.extension}", path)
        yield TrackSource(shown, file, plain_name(stem.name) or "other"), track
