"""`song.json`: what a collection knows of a song beside its result; written last, it marks the end.

Nothing in it depends on when or how often the song was worked on: time and memory stand in the
ledger alone.
"""

from dataclasses import asdict, dataclass
from pathlib import Path

from mixtrace.datasets import SongFacts
from mixtrace.store import Finite, Name, checked, read_document, stage, write_document
from mixtrace.store.maxima import Note

__all__ = ["SONG", "CollectedSong", "read_song", "write_song"]

SONG = "song.json"
_SCHEMA = "mixtrace.song/2"


@dataclass(frozen=True)
class CollectedSong:
    """What a collection knows of a song.

    Attributes:
        song: its identity in its data set.
        dataset: the name of the data set.
        licence: of its audio, as the data set says.
        mixtrace: the version that found the result.
        seconds: how long its mix is.
        sample_rate_hz: of its mix.
        facts: what the data set says of it.
        without: how much larger L_a of the whole song is without each processor, in the order of
            the graph; None where that is not a number.
        gains_sha256: digest of its gains over time; None where they were not measured.
        found: whether its graph was found from its audio; otherwise it is the one that mixed it.
    """

    song: Name
    dataset: Name
    licence: Note
    mixtrace: Name
    seconds: Finite
    sample_rate_hz: int
    facts: SongFacts
    without: tuple[Finite | None, ...]
    gains_sha256: Name | None
    found: bool = True


def write_song(folder: Path, song: CollectedSong) -> None:
    """Write what is known of a song into the folder of its result.

    Raises:
        StoreError: it cannot be written.
    """
    with stage(folder) as part_of:
        write_document(part_of(SONG), _SCHEMA, asdict(song))


def read_song(folder: Path) -> CollectedSong:
    """Return what is known of the song whose result lies in a folder.

    Raises:
        StoreError: there is no such file, or a damaged one.
    """
    path = folder / SONG
    return checked(read_document(path, _SCHEMA), CollectedSong, path)
