"""What every data set of songs tells: its songs one by one, and what is known of it."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from mixtrace.datasets.sizes import SongSize, read_headers
from mixtrace.errors import AudioError, SessionError
from mixtrace.session import Song, TrackSource

__all__ = ["Dataset", "Flaw", "Inspected", "SongFacts"]


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


@dataclass(frozen=True)
class Inspected:
    """What is to be known of a song before it is read.

    Attributes:
        identity: its identity in the data set.
        facts: what the data set tells of it.
        tracks: its tracks; none where the song cannot be found.
        size: how large it is; None where a file of it cannot be used.
        flaws: what is missing or damaged.
    """

    identity: str
    facts: SongFacts = field(default_factory=SongFacts)
    tracks: tuple[TrackSource, ...] = ()
    size: SongSize | None = None
    flaws: tuple[Flaw, ...] = ()


class Dataset(ABC):
    """A data set on disk, read song by song; nothing is read before it is asked for.

    Attributes:
        name: how it is chosen.
        title: what it is called.
        licence: of its audio.
        citation: whom to cite.
        url: where it comes from.
        complete: how many songs the whole set has, one number for each of its versions; none
            where nobody knows.
        equally_long: whether the set promises that all files of a song are of one length.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    licence: ClassVar[str]
    citation: ClassVar[str]
    url: ClassVar[str]
    complete: ClassVar[tuple[int, ...]] = ()
    equally_long: ClassVar[bool] = False

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
            AudioError: its mix has to be made, and a track of it cannot be used.
        """

    def facts(self, identity: str) -> SongFacts:
        """Return what else is known of a song.

        Raises:
            SessionError: what describes the song is damaged.
        """
        return SongFacts()

    def truth(self, identity: str) -> Path:
        """Return where the graph that mixed a song is stored, if it is.

        Raises:
            SessionError: this data set has no such graphs.
        """
        raise SessionError(
            f"Expected songs with the graphs that mixed them; {self.title} has none. "
            "Collect it without --truth to find graphs from the audio."
        )

    def files(self, identity: str) -> Song:
        """Return the files of a song as they lie on disk; nothing is made that is missing.

        Of a data set that has no mix the song's `mix_path` names a file that is not there:
        `song` makes it.

        Raises:
            SessionError: the song is not as the data set has it.
        """
        return self.song(identity)

    def size(self, identity: str) -> SongSize:
        """Return how large a song is; no audio is decoded, and no mix made.

        Raises:
            SessionError: the song is not as the data set has it.
            AudioError: a file of it cannot be used.
        """
        return read_headers(self.files(identity)).size

    def oddities(self, identity: str) -> Iterator[str]:
        """Yield what else is missing or damaged of a song that can be read all the same."""
        yield from ()

    def inspect(self, identity: str) -> Inspected:
        """Return what can be known of a song without decoding its audio."""
        try:
            song, facts = self.files(identity), self.facts(identity)
            headers = read_headers(song)
            odd = (*headers.damages, *self.oddities(identity))
        except (SessionError, AudioError) as error:
            return Inspected(identity, flaws=(Flaw(identity, str(error)),))
        if self.equally_long and not headers.damages:
            odd = (*odd, *headers.unequal())
        size = None if headers.damages else headers.size
        return Inspected(
            identity, facts, song.tracks, size, tuple(Flaw(identity, what) for what in odd)
        )

    def gaps(self) -> Iterator[Flaw]:
        """Yield what is missing of the set as a whole."""
        found = len(self.ids())
        if self.complete and found not in self.complete:
            versions = " or ".join(map(str, self.complete))
            yield Flaw("", f"The whole of {self.title} has {versions} songs; here it has {found}.")

    def validate(self) -> Iterator[Flaw]:
        """Yield what is missing or damaged; no audio is decoded."""
        yield from self.gaps()
        for identity in self.ids():
            yield from self.inspect(identity).flaws
