"""A plain tree of song folders, as people keep them."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from mixtrace.datasets.base import Dataset, SongFacts
from mixtrace.datasets.identities import identities
from mixtrace.datasets.medleydb import song_facts
from mixtrace.session import Song, find_song
from mixtrace.session.folders import audio_below, audio_files, visible
from mixtrace.session.manifest import MANIFEST_NAME
from mixtrace.session.medleydb import find_metadata
from mixtrace.session.mix_names import TRACK_FOLDERS
from mixtrace.session.opening import is_song_file
from mixtrace.session.stem_file import STEM_SUFFIX
from mixtrace.store import GRAPH, TRUTH

__all__ = ["Tree"]

_DEEPEST = 4


class Tree(Dataset):
    """Folders, archives and manifests of songs, at most four folders deep."""

    name = "tree"
    title = "Song folders"
    licence = "not known; see the songs' own"
    citation = ""
    url = ""

    @classmethod
    def recognises(cls, folder: Path) -> bool:
        """Return True: any folder may be one."""
        return True

    def ids(self) -> Sequence[str]:
        """Return the songs' paths, slashes made dashes."""
        return tuple(self._paths)

    def song(self, identity: str) -> Song:
        """Return the files of a song."""
        return find_song(self._paths[identity])

    def truth(self, identity: str) -> Path:
        """Return where the graph that mixed a song lies beside it, as songs that are made have."""
        return self._paths[identity] / TRUTH / GRAPH

    def facts(self, identity: str) -> SongFacts:
        """Return what is known of a song of MedleyDB; of others nothing is."""
        path = self._paths[identity]
        metadata = find_metadata(path) if path.is_dir() else None
        return super().facts(identity) if metadata is None else song_facts(metadata)

    @cached_property
    def _paths(self) -> dict[str, Path]:
        return identities(self.folder, _songs(self.folder, 0))


def _songs(folder: Path, depth: int) -> Iterator[Path]:
    """Yield what looks like a song: a folder with tracks or a manifest in it, and archives."""
    inside = visible(folder)
    loose = [path for path in inside if path.is_file() and _is_song_file(path)]
    if _is_song(folder, inside):
        yield folder
        return
    yield from loose
    if depth < _DEEPEST:
        for path in inside:
            if path.is_dir():
                yield from _songs(path, depth + 1)


def _is_song(folder: Path, inside: Sequence[Path]) -> bool:
    """Return whether a folder holds the tracks of one song, directly or in a folder for them."""
    if is_song_file(folder / MANIFEST_NAME) or find_metadata(folder) is not None:
        return True
    audio = audio_files(inside)
    if any(not _is_song_file(path) for path in audio):
        return True
    folders = [path for path in inside if path.is_dir()]
    return any(path.name.casefold() in TRACK_FOLDERS and audio_below(path)[0] for path in folders)


def _is_song_file(path: Path) -> bool:
    """Return whether a file holds a whole song."""
    name = path.name.lower()
    return name.endswith((".zip", STEM_SUFFIX))
