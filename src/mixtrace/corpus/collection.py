"""A collection on disk: what all its songs have in common, and where each lies.

collection.json      corpus, version and choices; refused where a run has others
state/1-of-1/        the ledger of a shard, and its lock
songs/NAME/          a song's result; with `song.json` in it the song is done
tables/*.parquet     the data set, written when no song is left to be done
README.md            its card
"""

import hashlib
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mixtrace.corpus.ledger import Ledger, Standing
from mixtrace.corpus.song_file import SONG
from mixtrace.errors import StoreError
from mixtrace.store import checked, file_name, is_plain_file, read_document, stage, write_document
from mixtrace.store.maxima import Name, Note

__all__ = ["SONGS_FOLDER", "Collection", "Common"]

SONGS_FOLDER = "songs"

_STATE, _LEDGER = "state", "ledger.sqlite"
_COLLECTION, _SCHEMA = "collection.json", "mixtrace.collection/2"


@dataclass(frozen=True)
class Common:
    """What all songs of a collection have in common.

    Attributes:
        corpus: the folder of the songs.
        dataset, title, licence, citation, url: of the data set that they are.
        mixtrace: the version that began it.
        choices: how graphs are found; JSON values.
        audio: whether each estimate's audio is kept.
    """

    corpus: Note
    dataset: Name
    title: Note
    licence: Note
    citation: Note
    url: Note
    mixtrace: Name
    choices: dict[Name, Any]
    audio: bool


class Collection:
    """The folder of a collection."""

    def __init__(self, folder: Path) -> None:
        """Take a folder; nothing is read or made yet."""
        self.folder = folder

    def take(self, common: Common, *, mix_versions: bool) -> None:
        """Make the folder this collection's, or go on with it.

        Raises:
            StoreError: it holds another collection, or anything else.
            OSError: it cannot be made.
        """
        path = self.folder / _COLLECTION
        if is_plain_file(path):
            found = checked(read_document(path, _SCHEMA), Common, path)
            self._agree(found, common, mix_versions)
            return
        if self.folder.exists() and any(not p.name.startswith(".") for p in self.folder.iterdir()):
            raise StoreError(
                f"Expected a new or empty folder, or that of a collection; {self.folder} holds "
                "what no collection wrote. Choose another with -o."
            )
        (self.folder / SONGS_FOLDER).mkdir(parents=True, exist_ok=True)
        with stage(self.folder) as part_of:
            write_document(part_of(_COLLECTION), _SCHEMA, asdict(common))

    def state(self, number: int, of: int) -> Path:
        """Return the folder of a shard's ledger and lock, and make it."""
        place = self.folder / _STATE / f"{number}-of-{of}"
        place.mkdir(parents=True, exist_ok=True)
        return place

    @staticmethod
    def ledger(state: Path) -> Ledger:
        """Return the ledger of a shard."""
        return Ledger(state / _LEDGER)

    def place(self, song: str) -> Path:
        """Return the folder of a song's result."""
        name = file_name(song)
        if name != song:
            name = f"{name} {hashlib.sha256(song.encode()).hexdigest()[:8]}"
        return self.folder / SONGS_FOLDER / name

    def is_done(self, song: str) -> bool:
        """Return whether a song's result is there."""
        return is_plain_file(self.place(song) / SONG)

    def standings(self, songs: Iterable[str]) -> dict[str, Standing]:
        """Return what is known of songs, whichever shard did them.

        Raises:
            StoreError: a ledger is damaged.
        """
        known: dict[str, Standing] = {}
        for path in sorted((self.folder / _STATE).glob(f"*/{_LEDGER}")):
            with closing(Ledger(path)) as ledger:
                told = ledger.standings().items()
                known |= {song: each for song, each in told if song not in known or each.how}
        nothing = Standing(None, "", 0, 0.0, 0)
        return {song: self._as_it_lies(song, known.get(song, nothing)) for song in songs}

    def _as_it_lies(self, song: str, standing: Standing) -> Standing:
        """Return what is known of a song; what lies in its folder outranks a ledger."""
        if self.is_done(song):
            return Standing("done", "", standing.tries, standing.seconds, standing.peak_bytes)
        if standing.how == "done":
            return Standing(None, "", 0, 0.0, 0)
        return standing

    def _agree(self, found: Common, common: Common, mix_versions: bool) -> None:
        wanted: Mapping[str, Any] = asdict(common)
        for name, told in asdict(found).items():
            if told != wanted[name] and not (name == "mixtrace" and mix_versions):
                remedy = "or pass --mix-versions" if name == "mixtrace" else "or give the same"
                raise StoreError(
                    f"Expected the folder of this collection; {self.folder} holds one whose "
                    f"{_CALLED.get(name, name)} is {_short(told)}, not {_short(wanted[name])}. "
                    f"Choose another folder with -o, {remedy}."
                )


_CALLED = {"mixtrace": "version of mixtrace", "choices": "way to find graphs"}


def _short(value: Any) -> str:
    """Return a value as a sentence can hold it."""
    if isinstance(value, dict):
        chosen = {key: each for key, each in value.items() if each is not None}
        return ", ".join(f"{key} {each}" for key, each in chosen.items())[:200]
    return f"{value!s:.200}"
