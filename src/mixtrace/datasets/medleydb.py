"""MedleyDB, both releases: raw tracks by stem, as engineers recorded and mixed them.

Layout: `<Song>/{<Song>_MIX.wav, <Song>_METADATA.yaml, <Song>_RAW/, <Song>_STEMS/}`, directly in the
folder or in folders called `Audio`, `V1` and the like. A song's files are read by
`session.medleydb`.

Sources of the errata: ERRATA.md and issues 21, 76 and 99 of github.com/marl/medleydb; what S. Lee
et al. left out is in code/data/medley/configs.yaml of github.com/sh-lee97/grafx-prune.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from mixtrace.datasets.base import Dataset, SongFacts
from mixtrace.datasets.files import folders_in
from mixtrace.datasets.identities import identities
from mixtrace.names import printable
from mixtrace.session import Song
from mixtrace.session.medleydb import find_metadata, raw_tracks, read_medleydb, read_metadata

__all__ = ["MedleyDB", "song_facts"]

_CONTAINERS = frozenset(("audio", "medleydb", "v1", "v2", "medleydb_v1", "medleydb_v2"))
"""What folders of songs are called, in lower case."""

_BESIDE = frozenset(("annotations", "metadata", "docs"))
"""Folders that come with the songs, in lower case."""

_DEEPEST = 3

_BLEED = "The data set says that the tracks of this song bleed into one another."

_ERRATA = {
    "AClassicEducation_NightOwl": "The raw tracks S02 R09, R10 and R13 do not match their stem; "
    "S13 R01 and R02 have effects on them.",
    "BrandonWebster_DontHearAThing": "Stem S02 has bleed, though the song is not marked so.",
    "CelestialShore_DieForUs": "The raw tracks of S01 and S02 have effects on them.",
    "ClaraBerryAndWooldog_Boys": "Stems S01 and S05 have bleed, though the song is not marked so.",
    "Creepoid_OldTree": "The raw track S02 R01 has bleed: bass and drums, not the bass alone.",
    "LizNelson_ImComingHome": "Stem S02 has bleed, though the song is not marked so.",
    "Lushlife_ToynbeeSuite": "Stem S12 has bleed, a faint hi-hat, though the song is not marked "
    "so.",
    "MusicDelta_Country2": "The raw tracks S03 R01 and S04 R01 are nearly the same recording.",
    "MusicDelta_Pachelbel": "The raw track S04 R01 does not match its stem.",
    "Phoenix_ScotchMorris": "The metadata give the title of another song.",
    "TablaBreakbeatScience_WhoIsIt": "The raw tracks S03 R01, S04 R01 and S04 R02 have much bleed.",
    "TheScarletBrand_LesFleursDuMal": "Stem S08 has bleed, though the song is not marked so.",
}
"""What is known to be wrong, by song."""

_LEFT_OUT = frozenset(
    "AimeeNorwich_Child EthanHein_BluesForNofi FamilyBand_Again LizNelson_ImComingHome "
    "NightPanther_Fire PortStWillow_StayEven Snowmine_Curfews "
    "TablaBreakbeatScience_MoodyPlucks".split()
)
_LEFT_OUT_NOTE = (
    "S. Lee et al. left this song out of their corpus of mixing graphs; they do not say why."
)


def song_facts(metadata_path: Path) -> SongFacts:
    """Return artist, title and genre of a song, the instrument on each raw track, and errata.

    Args:
        metadata_path: its metadata, in the folder that has its name.

    Raises:
        SessionError: they are damaged.
    """
    metadata, song = read_metadata(metadata_path), metadata_path.parent.name
    artist, title, genre = (
        printable(str(metadata.get(key) or "")) for key in ("artist", "title", "genre")
    )
    notes = [_BLEED] if metadata.get("has_bleed") == "yes" else []
    notes += [_ERRATA[song]] if song in _ERRATA else []
    notes += [_LEFT_OUT_NOTE] if song in _LEFT_OUT else []
    instruments = {raw.name: raw.instrument for raw in raw_tracks(metadata, metadata_path)}
    return SongFacts(artist, title, genre, "", instruments, tuple(notes))


class MedleyDB(Dataset):
    """Songs of MedleyDB 1 and 2, which have one layout."""

    name = "medleydb"
    title = "MedleyDB"
    licence = "CC BY-NC-SA 4.0"
    citation = (
        'R. Bittner, J. Salamon, M. Tierney, M. Mauch, C. Cannam, J. P. Bello, "MedleyDB: A '
        'Multitrack Dataset for Annotation-Intensive MIR Research", ISMIR 2014; R. Bittner, '
        'J. Wilkins, H. Yip, J. P. Bello, "MedleyDB 2.0: New Data and a System for Sustainable '
        'Data Collection", ISMIR 2016, late-breaking demos'
    )
    url = "https://medleydb.weebly.com"

    @classmethod
    def recognises(cls, folder: Path) -> bool:
        """Return whether all folders are songs of MedleyDB or come with them."""
        return all(_is_part(path, 0) for path in folders_in(folder)) and any(_songs(folder, 0))

    def ids(self) -> Sequence[str]:
        """Return the names of the songs' folders."""
        return tuple(self._paths)

    def song(self, identity: str) -> Song:
        """Return the raw tracks of a song, a group for each stem, and its mix."""
        return read_medleydb(self._metadata(identity))

    def facts(self, identity: str) -> SongFacts:
        """Return artist, title and genre, the instrument on each raw track, and errata."""
        return song_facts(self._metadata(identity))

    @cached_property
    def _paths(self) -> dict[str, Path]:
        return identities(self.folder, _songs(self.folder, 0), lambda path: path.name)

    def _metadata(self, identity: str) -> Path:
        """Return the metadata file of a song, which `_songs` has seen."""
        folder = self._paths[identity]
        return find_metadata(folder) or folder / f"{folder.name}_METADATA.yaml"


def _songs(folder: Path, depth: int) -> Iterator[Path]:
    """Yield the folders of songs."""
    for path in folders_in(folder):
        if find_metadata(path) is not None:
            yield path
        elif depth < _DEEPEST and path.name.casefold() in _CONTAINERS:
            yield from _songs(path, depth + 1)


def _is_part(folder: Path, depth: int) -> bool:
    """Return whether a folder is a song, comes with the songs, or holds nothing else."""
    name = folder.name.casefold()
    if name in _BESIDE or find_metadata(folder) is not None:
        return True
    inside = name in _CONTAINERS and depth < _DEEPEST
    return inside and all(_is_part(path, depth + 1) for path in folders_in(folder))
