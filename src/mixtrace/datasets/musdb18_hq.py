"""MUSDB18-HQ: 150 songs in four stems, as those who separate sources know them.

Layout: `{train,test}/<Artist - Title>/{mixture,drums,bass,other,vocals}.wav`. The stems are wet,
and their sum is the mixture.

Sources of the errata: the table in content/datasets/musdb.md and issues 37 and 48 of
github.com/sigsep/website; the last is the report of one listener.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from mixtrace.datasets.base import Dataset, SongFacts
from mixtrace.datasets.files import folders_in, missing_among
from mixtrace.datasets.identities import identities
from mixtrace.errors import SessionError
from mixtrace.names import plain_name, printable
from mixtrace.session import Song, TrackSource
from mixtrace.session.opening import is_song_file

__all__ = ["Musdb18HQ"]

_SPLITS = ("train", "test")
_STEMS = ("drums", "bass", "other", "vocals")
_MIXTURE = "mixture"

_INTO_VOCALS = "Other instruments bleed into the vocals."
_ERRATA = {
    "Al James - Schoolboy Facination": "Vocals are mixed into the stem of other instruments.",
    "BKS - Bulldozer": "A cowbell is mixed into the stem of other instruments at 1:12.",
    "Chris Durban - Celebrate": _INTO_VOCALS,
    "Detsky Sad - Walkie Talkie": "Other instruments are mixed into the drums.",
    "Enda Reilly - Cur An Long Ag Seol": "Somebody speaks at the start of the stem of other "
    "instruments.",
    "Hop Along - Sister Cities": _INTO_VOCALS,
    "Leaf - Wicked": "An electric guitar is mixed into the drums at 2:20 and 3:02.",
    "PR - Oh No": "The stems do not add up to the mixture on the left channel.",
}
"""What the data set's own page says is wrong, by song."""

_HEARD = {
    "One listener reports that other instruments bleed into the vocals.": (
        "Angels In Amplifiers - I'm Alright",
        "Black Bloc - If You Want Success",
        "Buitraker - Revo X",
        "Cristina Vane - So Easy",
        "Drumtracks - Ghost Bitch",
        "Invisible Familiars - Disturbing Wildlife",
        "Jokers, Jacks & Kings - Sea Of Leaves",
        "Nerve 9 - Pray For The Rain",
        "Punkdisco - Oral Hygiene",
        "Strand Of Oaks - Spacestation",
        "The Doppler Shift - Atrophy",
        "The Easton Ellises - Falcon 69",
        "The Easton Ellises (Baumi) - SDRNR",
        "The Long Wait - Dark Horses",
        "The Scarlet Brand - Les Fleurs Du Mal",
        "The So So Glos - Emergency",
        "Timboz - Pony",
        "Tom McKenzie - Directions",
        "We Fell From The Sky - Not You",
        "Zeno - Signs",
    ),
    "One listener reports a hum in the vocals.": (
        "Arise - Run Run Run",
        "BigTroubles - Phantom",
        "Creepoid - OldTree",
        "Giselle - Moss",
        "Mu - Too Bright",
    ),
}


class Musdb18HQ(Dataset):
    """Songs of MUSDB18-HQ in their four stems."""

    name = "musdb18-hq"
    title = "MUSDB18-HQ"
    licence = "academic use only; see the list of tracks for each song's own"
    citation = (
        'Z. Rafii, A. Liutkus, F.-R. Stöter, S. I. Mimilakis, R. Bittner, "MUSDB18-HQ - an '
        'uncompressed version of MUSDB18", 2019, doi:10.5281/zenodo.3338373'
    )
    url = "https://zenodo.org/record/3338373"
    complete = (150,)
    equally_long = True

    @classmethod
    def recognises(cls, folder: Path) -> bool:
        """Return whether there are train and test alone, and mixtures in them."""
        folders = folders_in(folder)
        splits = [path for path in folders if path.name in _SPLITS]
        songs = [path for split in splits for path in folders_in(split)]
        return len(splits) == len(folders) and any(
            is_song_file(path / f"{_MIXTURE}.wav") for path in songs
        )

    def ids(self) -> Sequence[str]:
        """Return the songs as the set calls them, `<Artist - Title>`."""
        return tuple(self._paths)

    def song(self, identity: str) -> Song:
        """Return the four stems of a song, each its own group, and the mixture."""
        folder = self._paths[identity]
        mixture = folder / f"{_MIXTURE}.wav"
        stems = {stem: folder / f"{stem}.wav" for stem in _STEMS}
        missing = missing_among((mixture, *stems.values()), folder)
        if missing:
            raise SessionError(missing)
        tracks = tuple(TrackSource(stem, path, stem) for stem, path in stems.items())
        return Song(identity, mixture, tracks, ("MUSDB18-HQ song: its tracks are wet stems",))

    def facts(self, identity: str) -> SongFacts:
        """Return artist and title from the folder's name, the split, and errata."""
        folder = self._paths[identity]
        artist, _, title = printable(folder.name).partition(" - ")
        notes = [_ERRATA[identity]] if identity in _ERRATA else []
        notes += [note for note, songs in _HEARD.items() if identity in songs]
        instruments = {stem: stem for stem in _STEMS}
        return SongFacts(artist, title, "", folder.parent.name, instruments, tuple(notes))

    @cached_property
    def _paths(self) -> dict[str, Path]:
        return identities(self.folder, self._songs(), lambda path: plain_name(path.name))

    def _songs(self) -> Iterator[Path]:
        for split in folders_in(self.folder):
            if split.name in _SPLITS:
                yield from folders_in(split)
