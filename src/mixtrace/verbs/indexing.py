"""`index`: what a collection would take of a corpus, told without decoding any audio."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mixtrace.datasets import Flaw, Inspected, SongSize, open_dataset
from mixtrace.progress import Progress, ignored
from mixtrace.session.decoding import release_decoders
from mixtrace.verbs.outputs import named

__all__ = ["Index", "IndexedSong", "Split", "index"]


@dataclass(frozen=True)
class IndexedSong:
    """One song of a corpus.

    Attributes:
        identity: what it is called in the corpus.
        artist, title, genre, split: as the data set has them, empty where it does not say.
        size: its tracks, their channels, its length and its rate.
        notes: known errata, a sentence each.
    """

    identity: str
    artist: str
    title: str
    genre: str
    split: str
    size: SongSize
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Split:
    """A part of a corpus.

    Attributes:
        name: as the data set calls it; empty where it has no parts.
        songs, tracks: how many.
        minutes: of its mixes together.
    """

    name: str
    songs: int
    tracks: int
    minutes: float


@dataclass(frozen=True)
class Index:
    """What a corpus holds.

    Attributes:
        folder: where it lies.
        dataset: which data set it was read as; `title`, `licence`, `citation` and `url` are its.
        songs: those that can be read, sorted.
        splits: its parts, in the order of their first songs.
        instruments: on how many tracks each is heard, the most frequent first; the group of a
            track where the data set does not tell its instrument.
        flaws: what is missing or damaged; a song that cannot be read is here alone.
    """

    folder: str
    dataset: str
    title: str
    licence: str
    citation: str
    url: str
    songs: tuple[IndexedSong, ...]
    splits: tuple[Split, ...]
    instruments: dict[str, int]
    flaws: tuple[Flaw, ...]


def index(
    corpus: Path | str,
    dataset: str | None = None,
    *,
    on_progress: Callable[[Progress], None] = ignored,
) -> Index:
    """Tell what a corpus holds: songs, tracks, minutes, instruments, and what is wrong with it.

    Lengths are those of the files' headers. A ZIP is unpacked to look into it, and thrown away.

    Args:
        corpus: the folder of a data set, or any folder of songs.
        dataset: which data set it is; None for what it looks like.
        on_progress: called after each song.

    Raises:
        SessionError: no such folder, no data set of that name, no song, or two of one name.
    """
    opened = open_dataset(named(corpus), dataset)
    seen = []
    for number, identity in enumerate(identities := opened.ids(), 1):
        seen.append(opened.inspect(identity))
        on_progress(Progress("looking", number, len(identities)))
    release_decoders()
    songs = tuple(_songs(seen))
    heard = Counter(
        song.facts.instruments.get(track.name, track.group)
        for song in seen
        if song.size is not None
        for track in song.tracks
    )
    return Index(
        folder=str(corpus),
        dataset=opened.name,
        title=opened.title,
        licence=opened.licence,
        citation=opened.citation,
        url=opened.url,
        songs=songs,
        splits=tuple(_splits(songs)),
        instruments=dict(sorted(heard.items(), key=lambda item: (-item[1], item[0]))),
        flaws=(*opened.gaps(), *(flaw for song in seen for flaw in song.flaws)),
    )


def _songs(seen: Sequence[Inspected]) -> Iterator[IndexedSong]:
    """Yield the songs that can be read."""
    for song in seen:
        if song.size is not None:
            facts = song.facts
            told = (facts.artist, facts.title, facts.genre, facts.split)
            yield IndexedSong(song.identity, *told, song.size, facts.notes)


def _splits(songs: Sequence[IndexedSong]) -> Iterator[Split]:
    """Yield the parts of a corpus."""
    for name in dict.fromkeys(song.split for song in songs):
        sizes = [song.size for song in songs if song.split == name]
        tracks = sum(size.tracks for size in sizes)
        yield Split(name, len(sizes), tracks, sum(size.seconds for size in sizes) / 60.0)
