"""Slakh2100: songs that sample libraries played from MIDI, mixed by gain alone.

Layout: `TrackNNNNN/{mix.flac, metadata.yaml, stems/SXX.flac}`, directly or in `train`,
`validation`, `test` and, of the version called redux, `omitted`. The metadata name each stem's
instrument and whether its audio was made. All audio is mono. A mix is the sum of its stems, so a
graph of faders explains it exactly, unless a stem is missing.

Sources: README.md, splits/README.md and issue 20 of github.com/ethman/slakh-utils.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from mixtrace.datasets.base import Dataset, SongFacts
from mixtrace.datasets.files import file_inside, folders_in, missing_among
from mixtrace.datasets.identities import identities
from mixtrace.errors import SessionError
from mixtrace.names import plain_name
from mixtrace.session import Song, TrackSource
from mixtrace.session.opening import is_song_file
from mixtrace.session.plain_yaml import read_plain_yaml
from mixtrace.session.song import listed

__all__ = ["Slakh2100"]

_SONG = re.compile(r"Track[0-9]{5}")
_OMITTED = "omitted"
_SPLITS = ("train", "validation", "test", _OMITTED)
_METADATA = "metadata.yaml"
_MIX = "mix.flac"

_OMITTED_NOTE = "Made from the MIDI file of another song of the set; redux leaves it out."
_WITHOUT_S00 = frozenset((446, 487, 590, 1009, 1672, 1740, 1794))
_WITHOUT_S00_NOTE = "The stem S00 is missing in the published set."


class Slakh2100(Dataset):
    """Songs of Slakh2100, as first published or as redux."""

    name = "slakh2100"
    title = "Slakh2100"
    licence = "CC BY 4.0"
    citation = (
        'E. Manilow, G. Wichern, P. Seetharaman, J. Le Roux, "Cutting Music Source Separation '
        'Some Slakh: A Dataset to Study the Impact of Training Data Quality and Quantity", WASPAA '
        "2019"
    )
    url = "http://www.slakh.com"
    complete = (2100, 1710)
    equally_long = True

    @classmethod
    def recognises(cls, folder: Path) -> bool:
        """Return whether there are its songs and splits alone, with metadata."""
        folders = folders_in(folder)
        known = all(path.name in _SPLITS or _SONG.fullmatch(path.name) for path in folders)
        return known and any(is_song_file(path / _METADATA) for path in _songs(folder))

    def ids(self) -> Sequence[str]:
        """Return the names of the songs' folders, `Track00001`."""
        return tuple(self._paths)

    def song(self, identity: str) -> Song:
        """Return the stems that are there, grouped by class of instrument, and the mix."""
        folder = self._paths[identity]
        missing = missing_among([folder / _MIX], folder)
        if missing:
            raise SessionError(missing)
        stems = _stems(folder)
        found = {number: _file(folder, number) for number in stems}
        tracks = tuple(
            TrackSource(_name(number, stem), found[number], _class(stem))
            for number, stem in stems.items()
            if is_song_file(found[number])
        )
        return Song(identity, folder / _MIX, tracks, ("Slakh2100 song: a mix by gain alone",))

    def facts(self, identity: str) -> SongFacts:
        """Return the split, the instrument of each stem, and what is not there."""
        folder = self._paths[identity]
        stems, split = _stems(folder), folder.parent.name
        silent = [number for number, stem in stems.items() if not _is_rendered(stem)]
        absent = [number for number in stems if not is_song_file(_file(folder, number))]
        missing = [number for number in absent if number not in silent]
        notes = [_OMITTED_NOTE] if split == _OMITTED else []
        notes += [f"Its metadata say that {listed(silent)} was not made."] if silent else []
        if missing:
            notes.append(f"{listed(missing)} is missing, so the stems need not add up to the mix.")
        notes += [_WITHOUT_S00_NOTE] if int(folder.name[-5:]) in _WITHOUT_S00 else []
        instruments = {_name(number, stem): _program(stem) for number, stem in stems.items()}
        return SongFacts("", "", "", split if split in _SPLITS else "", instruments, tuple(notes))

    def oddities(self, identity: str) -> Iterator[str]:
        """Yield which stems are missing that the metadata promise."""
        folder = self._paths[identity]
        promised = [_file(folder, n) for n, stem in _stems(folder).items() if _is_rendered(stem)]
        missing = missing_among(promised, folder)
        if missing:
            yield missing

    @cached_property
    def _paths(self) -> dict[str, Path]:
        return identities(self.folder, _songs(self.folder), lambda path: path.name)


def _songs(folder: Path) -> Iterator[Path]:
    """Yield the folders of songs."""
    for path in folders_in(folder):
        if _SONG.fullmatch(path.name):
            yield path
        elif path.name in _SPLITS:
            yield from (inside for inside in folders_in(path) if _SONG.fullmatch(inside.name))


def _stems(folder: Path) -> dict[str, Mapping[str, Any]]:
    """Return what the metadata say of each stem, by its number, `S00`.

    Raises:
        SessionError: they cannot be read, or are not of this layout.
    """
    path = folder / _METADATA
    stems = read_plain_yaml(path, "the metadata of a song of Slakh2100").get("stems")
    if not isinstance(stems, dict) or not all(isinstance(s, dict) for s in stems.values()):
        raise SessionError(
            f"Expected a table of stems in {path}; got something else. Download the song anew."
        )
    for number in stems:
        file_inside(folder, number, path)
    return dict(sorted(stems.items()))


def _file(folder: Path, number: str) -> Path:
    return folder / "stems" / f"{number}.flac"


def _is_rendered(stem: Mapping[str, Any]) -> bool:
    return stem.get("audio_rendered") == "true"


def _name(number: str, stem: Mapping[str, Any]) -> str:
    return plain_name(f"{number} {_program(stem)}")


def _program(stem: Mapping[str, Any]) -> str:
    """Return the instrument: the drums of MIDI have programs that say nothing."""
    drums = stem.get("is_drum") == "true"
    return "Drums" if drums else plain_name(str(stem.get("midi_program_name") or "unknown"))


def _class(stem: Mapping[str, Any]) -> str:
    return plain_name(str(stem.get("inst_class") or "")) or "other"
