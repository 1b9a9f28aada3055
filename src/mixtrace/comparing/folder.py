"""The folder of a comparison: the results of all methods on one song, and what was made of them.

comparison.json      song, choices and rows; written first, so that the folder is known
.state/              which methods have ended, and the lock
NAME/                the result of a method, as `fit` writes it
table.md, table.csv  the rows
index.html           the rows, and all estimates to listen to
"""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from msgspec import Struct, structs

from mixtrace.comparing.rows import Row
from mixtrace.corpus import Ledger, Standing
from mixtrace.errors import StoreError
from mixtrace.names import printable
from mixtrace.store import FIT, checked, is_plain_file, read_document, stage, write_document
from mixtrace.store.maxima import Name

__all__ = ["COMPARISON", "COMPARISON_SCHEMA", "About", "ComparisonFolder"]

COMPARISON, COMPARISON_SCHEMA = "comparison.json", "mixtrace.comparison/1"

_STATE, _LEDGER = ".state", "ledger.sqlite"


class About(Struct, frozen=True):
    """What all results of a comparison have in common: another one has a folder of its own.

    Attributes:
        song: its name.
        files: a hash of the song's files.
        align, force: see `fit`.
        unseen: what is held out; None for nothing.
        mixtrace: the version.
    """

    song: Name
    files: Name
    align: bool
    force: bool
    unseen: Name | None
    mixtrace: Name


class _Document(About, frozen=True):
    rows: tuple[Row, ...] = ()


class ComparisonFolder:
    """The folder of a comparison."""

    def __init__(self, path: Path) -> None:
        """Take a folder; nothing is read or made yet."""
        self.path = path

    @property
    def state(self) -> Path:
        """The folder of the ledger and the lock."""
        return self.path / _STATE

    def take(self, about: About) -> None:
        """Make the folder this comparison's, or go on with it.

        Raises:
            StoreError: it holds another comparison, or anything else.
            OSError: it cannot be made.
        """
        path = self.path / COMPARISON
        if is_plain_file(path):
            document = checked(read_document(path, COMPARISON_SCHEMA), _Document, path)
            self._agree(document, about)
        elif self.path.exists() and any(p.name[0] != "." for p in self.path.iterdir()):
            raise StoreError(
                f"Expected a new or empty folder, or that of a comparison; {self.path} holds what "
                "no comparison wrote. Choose another with -o."
            )
        else:
            self.path.mkdir(parents=True, exist_ok=True)
            with stage(self.path) as part_of:
                self.write(part_of(COMPARISON), about, ())
        self.state.mkdir(exist_ok=True)

    @staticmethod
    def write(path: Path, about: About, rows: Sequence[Row]) -> None:
        """Write what the folder is of, and its rows."""
        told = [structs.asdict(row) for row in rows]
        write_document(path, COMPARISON_SCHEMA, structs.asdict(about) | {"rows": told})

    def ledger(self) -> Ledger:
        """Return what is known of which method."""
        return Ledger(self.state / _LEDGER)

    def place(self, method: str) -> Path:
        """Return the folder of a method's result."""
        return self.path / method

    def enter(self, ledger: Ledger, methods: Sequence[str], *, retry: bool) -> None:
        """Bring the ledger in line with what lies in the folder."""
        ledger.enter(methods)
        if retry:
            ledger.again()
        for method, standing in ledger.standings().items():
            if standing.how == "done" and not is_plain_file(self.place(method) / FIT):
                ledger.settle(method, None)

    def standings(self, methods: Sequence[str]) -> dict[str, Standing]:
        """Return how methods have ended."""
        with closing(self.ledger()) as ledger:
            known = ledger.standings()
        return {method: known[method] for method in methods}

    def _agree(self, found: About, about: About) -> None:
        for name, wanted in structs.asdict(about).items():
            told = getattr(found, name)
            if told != wanted:
                what = _CALLED.get(name, name)
                raise StoreError(
                    f"Expected the folder of this comparison; {self.path} holds one of which "
                    f"{what} {printable(str(told)):.80}, not {printable(str(wanted)):.80}. "
                    "Choose another folder with -o."
                )


_CALLED = {
    "song": "the song is",
    "files": "the song's files have the hash",
    "align": "aligning is",
    "force": "using all tracks is",
    "unseen": "the unseen part is",
    "mixtrace": "the version of mixtrace is",
}
