"""The tables of a data set on disk: read whole when asked for, or song by song in little memory."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mixtrace.corpus.schema import TABLES, TABLES_FOLDER, check_schema
from mixtrace.errors import StoreError
from mixtrace.store import is_plain_file

__all__ = ["StoredTables"]

_ROWS_AT_ONCE = 4_096
"""Rows decoded at once: a megabyte or two as Python values."""

Row = dict[str, Any]


class StoredTables(Mapping[str, pa.Table]):
    """The tables of a data set by name; each is read when it is first asked for, and kept."""

    def __init__(self, folder: Path) -> None:
        """Take a data set, and check that its tables are there and of this schema.

        Raises:
            StoreError: a table is missing, damaged or of another schema.
        """
        self._paths = {name: folder / TABLES_FOLDER / f"{name}.parquet" for name in TABLES}
        self._read: dict[str, pa.Table] = {}
        for name, path in self._paths.items():
            if not (folder.is_dir() and is_plain_file(path)):
                raise StoreError(
                    f"Expected a data set that mixtrace collected; there is no {path}. "
                    "Name its folder, or run mixtrace collect to its end."
                )
            with _reading(path):
                check_schema(name, pq.read_schema(path), path)

    def __getitem__(self, name: str) -> pa.Table:
        """Return a table.

        Raises:
            StoreError: it is damaged.
        """
        if name not in self._read:
            with _reading(self._paths[name]):
                self._read[name] = pq.read_table(self._paths[name])
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        """Yield the tables' names."""
        yield from self._paths

    def __len__(self) -> int:
        """Return the number of tables."""
        return len(self._paths)

    def by_song(
        self, columns: Mapping[str, Sequence[str]]
    ) -> Iterator[tuple[str, dict[str, list[Row]]]]:
        """Yield the songs and their rows of some tables; only one song's are held at once.

        Args:
            columns: name of a table -> the columns that are wanted of it, besides `song`.

        Raises:
            StoreError: a table is damaged, or its songs do not lie in the order of the songs.
        """
        streams = {name: _Stream(self._paths[name], some) for name, some in columns.items()}
        for row in _rows(self._paths["songs"], ()):
            yield row["song"], {name: stream.take(row["song"]) for name, stream in streams.items()}
        for name, stream in streams.items():
            if stream.left is not None:
                raise StoreError(
                    f"Expected the rows of {self._paths[name]} in the order of the table of songs; "
                    f"those of {stream.left!r:.60} are elsewhere. Collect the corpus anew."
                )


class _Stream:
    """The rows of one table, a song after another."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        songs = groupby(_rows(path, columns), key=itemgetter("song"))
        self._songs = ((song, list(rows)) for song, rows in songs)
        self._next = next(self._songs, None)

    @property
    def left(self) -> str | None:
        """The song that comes next; None at the end."""
        return None if self._next is None else self._next[0]

    def take(self, song: str) -> list[Row]:
        """Return the rows of a song where it comes next; none where it does not."""
        if self._next is None or self._next[0] != song:
            return []
        rows = self._next[1]
        self._next = next(self._songs, None)
        return rows


def _rows(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    """Yield the rows of a table as Python values, some columns of them."""
    with _reading(path), pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_ROWS_AT_ONCE, columns=["song", *columns]):
            yield from batch.to_pylist()


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Tell a damaged table in a sentence."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise StoreError(
            f"Expected a Parquet file that mixtrace wrote; {path} cannot be read as one "
            f"({error}). Collect the corpus anew."
        ) from error
