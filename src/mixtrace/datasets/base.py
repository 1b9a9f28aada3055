"""What every data set of songs tells: its songs one by one, and what is known of it."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from mixtrace.datasets.sizes import SongSize, size_of
from mixtrace.errors import SessionError
from mixtrace.session import Song

__all__ = ["Dataset", "Flaw", "SongFacts"]


@dataclass(frozen=True)
class SongFacts:
    """What a data set knows of a song beside its files; empty where it does not say.

    Attributes:
        artist, title, genre: as the data set has them.
        split: which part of the set the song belongs to, such as `train` or `test`.
        instruments: what is heard on a track, by the track's name.
        notes: known errata of the song, a sentence each.
    """

    artist: str = ""
    title: str = ""
    genre: str = ""
    split: str = ""
    instruments: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Flaw:
    """What is missing or damaged.

    Attributes:
        song: its identity in the data set; empty where it concerns the set.
        what: a sentence.
    """

    song: str
    what: str


class Dataset(ABC):
    """A data set on disk, read song by song; nothing is read before it is asked for.

    Attributes:
        name: how it is chosen.
        title: what it is called.
        licence: of its audio.
        citation: whom to cite.
        url: where it comes from.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    licence: ClassVar[str]
    citation: ClassVar[str]
    url: ClassVar[str]

    def __init__(self, folder: Path) -> None:
        """Take the folder that the data set was unpacked to."""
        self.folder = folder

    @classmethod
    @abstractmethod
    def recognises(cls, folder: Path) -> bool:
        """Return whether a folder looks like this data set; a few names are read."""

    @abstractmethod
    def ids(self) -> Sequence[str]:
        """Return the songs' identities: printable, without slashes, each once, sorted.

        Raises:
            SessionError: the folder holds no song, or two of one identity.
        """

    @abstractmethod
    def song(self, identity: str) -> Song:
        """Return the files of a song.

        Raises:
            SessionError: the song is not as the data set has it.
        """

    def facts(self, identity: str) -> SongFacts:
        """Return what else is known of a song.

        Raises:
            SessionError: what describes the song is damaged.
        """
        return SongFacts()

    def size(self, identity: str) -> SongSize:
        """Return how large a song is; no audio is decoded.

        Raises:
            MixtraceError: it cannot be read.
        """
        return size_of(self.song(identity))

    def validate(self) -> Iterator[Flaw]:
        """Yield what is missing or damaged; no audio is decoded."""
        for identity in self.ids():
            try:
                self.song(identity)
                self.facts(identity)
            except SessionError as error:
                yield Flaw(identity, str(error))
