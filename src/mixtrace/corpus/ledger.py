"""What became of each song of a collection, kept in a database that survives a kill at any moment.

One process writes to a ledger. What a song came to is written in one transaction when it ends; a
song that was under way when the process was killed is begun again.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from mixtrace.errors import StoreError

__all__ = ["Ended", "How", "Ledger", "Standing"]

How = Literal["done", "refused", "crashed", "too slow", "too large", "no room"]
"""How a song ended: as asked; an error of its input; its process died; a limit was met; there is no
room on the disk for its result, which is no fault of the song."""

_SCHEMA = "mixtrace.ledger/1"

_TABLES = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS songs (
    song TEXT PRIMARY KEY,
    how TEXT,
    why TEXT NOT NULL DEFAULT '',
    tries INTEGER NOT NULL DEFAULT 0,
    seconds REAL NOT NULL DEFAULT 0,
    peak_bytes INTEGER NOT NULL DEFAULT 0
);
"""


@dataclass(frozen=True)
class Ended:
    """How the work on a song ended.

    Attributes:
        song: its identity.
        how: see `How`.
        why: what went wrong, in a sentence; empty where nothing did.
        seconds: it took.
        peak_bytes: of memory that its process held at most; 0 where that is not known.
    """

    song: str
    how: How
    why: str = ""
    seconds: float = 0.0
    peak_bytes: int = 0


@dataclass(frozen=True)
class Standing:
    """What is known of a song.

    Attributes:
        how: how it ended last; None where it is still to be done.
        why: what went wrong.
        tries: how often it ended.
        seconds, peak_bytes: of the last time.
    """

    how: How | None
    why: str
    tries: int
    seconds: float
    peak_bytes: int


class Ledger:
    """The songs of a collection and what became of them."""

    def __init__(self, path: Path) -> None:
        """Open a ledger, or begin one.

        Raises:
            StoreError: the file cannot be used, or is none.
        """
        self._path = path
        with self._telling():
            self._base = sqlite3.connect(path, isolation_level=None, timeout=30.0)
            self._base.execute("PRAGMA synchronous = FULL")
            self._base.executescript(_TABLES)
            self._base.execute("INSERT OR IGNORE INTO facts VALUES ('schema', ?)", (_SCHEMA,))
            (schema,) = self._one("SELECT value FROM facts WHERE name = 'schema'")
        if schema != _SCHEMA:
            raise StoreError(
                f"Expected {path} to follow the schema {_SCHEMA}; it follows {str(schema)[:60]!r}. "
                "Use the version of mixtrace that wrote it, or another folder."
            )

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    def enter(self, songs: Iterable[str]) -> None:
        """Add songs that are not known yet; they are still to be done."""
        with self._whole():
            self._base.executemany(
                "INSERT OR IGNORE INTO songs (song) VALUES (?)", ((song,) for song in songs)
            )

    def ended(self, ended: Ended, *, final: bool) -> None:
        """Note how the work on a song ended; where that is not final, the song is still to be done.

        Raises:
            StoreError: it cannot be written.
        """
        row = (ended.how if final else None, ended.why, ended.seconds, ended.peak_bytes, ended.song)
        with self._whole():
            self._base.execute(
                "UPDATE songs SET how = ?, why = ?, tries = tries + 1, seconds = ?, peak_bytes = ? "
                "WHERE song = ?",
                row,
            )

    def settle(self, song: str, how: How | None) -> None:
        """Note how a song stands that ended elsewhere, or whose result is gone."""
        with self._whole():
            self._base.execute("UPDATE songs SET how = ?, why = '' WHERE song = ?", (how, song))

    def again(self) -> None:
        """Have all songs done again that failed."""
        with self._whole():
            self._base.execute("UPDATE songs SET how = NULL, tries = 0 WHERE how != 'done'")

    def standings(self) -> dict[str, Standing]:
        """Return what is known of every song, sorted by identity.

        Raises:
            StoreError: the ledger is damaged.
        """
        with self._telling():
            rows = self._base.execute(
                "SELECT song, how, why, tries, seconds, peak_bytes FROM songs ORDER BY song"
            )
            found = {song: rest for song, *rest in rows}
            wrong = [how for how, *_ in found.values() if how not in (None, *get_args(How))]
            if wrong:
                raise sqlite3.DatabaseError(f"a song ended {wrong[0]!r}")
        return {song: Standing(*rest) for song, rest in found.items()}

    def _one(self, query: str) -> tuple[Any, ...]:
        with closing(self._base.execute(query)) as rows:
            return rows.fetchone()

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """Write all that the block writes, or nothing."""
        with self._telling():
            self._base.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._base.execute("ROLLBACK")
                raise
            self._base.execute("COMMIT")

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, ValueError) as error:
            if isinstance(error, StoreError):
                raise
            raise StoreError(
                f"Expected to read and write the ledger {self._path}; it failed: {error}. "
                "Make room on the disk, or choose another folder with -o."
            ) from error
