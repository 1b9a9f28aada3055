"""The tables of a data set, written song by song: as a whole, or not at all."""

import errno
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from mixtrace.corpus.card import CARD, card
from mixtrace.corpus.collection import Collection
from mixtrace.corpus.rows import Row, read_rows
from mixtrace.corpus.schema import TABLES, TABLES_FOLDER, marked
from mixtrace.errors import StoreError
from mixtrace.store import put, stage
from mixtrace.store.whole_folder import remove_left_over, whole_folder

__all__ = ["write_tables"]


_SONGS_AT_ONCE = 200
"""How many songs one part of a file holds: some megabytes."""


def write_tables(
    collection: Collection,
    songs: Sequence[str],
    about: str,
    on_song: Callable[[int, int], None],
    *,
    found: bool,
) -> None:
    """Write the tables of all songs that are done, and the card.

    Args:
        collection: where the songs lie.
        songs: their identities, in the order of the tables.
        about: what the card says of the corpus, in Markdown.
        on_song: told how many songs are read, of how many.
        found: whether the graphs were found from audio, and are not those that mixed the songs.

    Raises:
        StoreError: a result is missing or damaged, or the disk is full.
    """
    counts, folder = dict.fromkeys(TABLES, 0), collection.folder
    with whole_folder(folder / TABLES_FOLDER) as made, _writers(made) as writers:
        for rows in _parts(collection, songs, on_song):
            for name, writer in writers.items():
                counts[name] += len(rows[name])
                writer.write_table(pa.Table.from_pylist(rows[name], schema=marked(name)))
    remove_left_over(folder)
    with stage(folder) as part_of:
        put(part_of(CARD), card(about, counts, found=found).encode())


def _parts(
    collection: Collection, songs: Sequence[str], on_song: Callable[[int, int], None]
) -> Iterator[dict[str, list[Row]]]:
    """Yield the rows of some songs at once; at least once."""
    held: dict[str, list[Row]] = {name: [] for name in TABLES}
    for number, song in enumerate(songs, 1):
        place = collection.place(song)
        told = place.relative_to(collection.folder).as_posix()
        for name, rows in read_rows(place, told).tables().items():
            held[name] += rows
        on_song(number, len(songs))
        if number % _SONGS_AT_ONCE == 0 and number < len(songs):
            yield held
            held = {name: [] for name in TABLES}
    yield held


@contextmanager
def _writers(folder: Path) -> Iterator[dict[str, pq.ParquetWriter]]:
    try:
        with ExitStack() as stack:
            yield {
                name: stack.enter_context(
                    pq.ParquetWriter(folder / f"{name}.parquet", marked(name), compression="zstd")
                )
                for name in TABLES
            }
    except OSError as error:
        full = error.errno == errno.ENOSPC
        remedy = "Make room on the disk" if full else "Choose another folder with -o"
        raise StoreError(
            f"Expected to write the tables of a data set to {folder.parent}; it failed: "
            f"{error.strerror or error}. {remedy}, and run the same command again."
        ) from error
