"""The one way in which files are written: apart, whole, safe on the disk, and then put in place."""

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mixtrace.errors import StoreError
from mixtrace.stopping import deferred
from mixtrace.store.moves import finish_moves, make_moves
from mixtrace.store.opening import MOVES, is_plain_file, is_plain_folder
from mixtrace.store.temporary import Temporary, new_temporary

__all__ = ["stage"]


@contextmanager
def stage(folder: Path, removed: Collection[str] = ()) -> Iterator[Callable[[str], Path]]:
    """Write several files of a folder as one: they take their places when all are written.

    No link is followed, nobody can foresee where a file lies while it is written, and when the
    power fails the folder holds what it held before, or all that is new, or is refused by
    `read_bytes` until it is written to again, which first puts the new files in place.

    Args:
        folder: it exists.
        removed: files of the folder that are removed when the new ones are in place.

    Yields:
        A function that takes a file's name in the folder, or `inner/name` for one in a folder
        inside it, and returns the path to write it at. When the block ends, all files are moved
        into place in the order in which they were asked for; when it fails, none is, and nothing
        stays behind.

    Raises:
        StoreError: a file cannot be written; the message names it. Or something is in its way.
        OSError: what the block raises for other reasons.
    """
    staged = _Staged(folder)
    with _naming(staged):
        finish_moves(folder)
        try:
            yield staged.part_of
            with deferred():
                staged.move(removed)
        except BaseException:
            if not os.path.lexists(folder / MOVES):
                staged.discard()
            raise


class _Staged:
    """The files of a folder that are being written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, Temporary] = {}
        self._made: list[Path] = []

    def part_of(self, name: str) -> Path:
        """Return where to write a file, a new one at the first time it is asked for."""
        if name not in self.files:
            target = self.folder / name
            if target.parent != self.folder and not is_plain_folder(target.parent):
                target.parent.mkdir()
                self._made.append(target.parent)
            is_plain_file(target)
            self.files[name] = new_temporary(target.parent)
        return self.files[name].path

    def move(self, removed: Collection[str]) -> None:
        """Put all files in place."""
        for file in self.files.values():
            file.sync()
        moved = {n: file.path.relative_to(self.folder).as_posix() for n, file in self.files.items()}
        make_moves(self.folder, moved, [name for name in removed if name not in moved])

    def discard(self) -> None:
        """Remove what was written, and the folders that were made for it."""
        for file in self.files.values():
            with suppress(OSError):
                file.path.unlink()
        for made in self._made:
            with suppress(OSError):
                made.rmdir()


@contextmanager
def _naming(staged: _Staged) -> Iterator[None]:
    """Have errors of writing name the file that is written, not the one it is written as."""
    try:
        yield
    except OSError as error:
        names = {str(file.path): name for name, file in staged.files.items()}
        at = str(error.filename)
        if at not in names and Path(at).parent != staged.folder:
            raise
        meant = staged.folder / names.get(at, "")
        raise StoreError(
            f"Expected to write {meant}; it failed: {error.strerror or error}. "
            "Make room or choose another folder."
        ) from error
