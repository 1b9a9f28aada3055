"""A folder with folders inside it that appears as a whole, or not at all.

Until it does it lies beside its place as `.mixtrace-NUMBER.part`, and what it replaces for a moment
as `.old`. A lock of the same number ends with the process however that ends: what is left of one
that was killed is removed by the next that writes to the same place.
"""

import errno
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from mixtrace.errors import StoreError
from mixtrace.stopping import deferred
from mixtrace.store.opening import is_plain_file, is_plain_folder

__all__ = ["remove_left_over", "whole_folder"]

_LEFT_OVER = re.compile(r"\.mixtrace-[0-9a-f]{16}\.(part|old)")
_LOCK = re.compile(r"\.mixtrace-[0-9a-f]{16}\.lock")


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Yield a new folder that takes the place of another one when the block ends.

    It lies beside that one under a name that nobody can foresee. When the block fails it is
    removed with all that is in it, and what was there before stays.

    Args:
        folder: where it is to be; what lies there already goes.

    Raises:
        StoreError: the folder cannot be made, not be written to, or not put in its place.
    """
    place = folder.resolve()
    made = place.with_name(f".mixtrace-{secrets.token_hex(8)}.part")
    old, lock = made.with_suffix(".old"), FileLock(made.with_suffix(".lock"))
    with _naming(folder):
        place.parent.mkdir(parents=True, exist_ok=True)
        _sweep(place.parent)
        lock.acquire()
    try:
        with _naming(folder):
            made.mkdir()
        with _naming_inside(folder, made):
            yield made
        with deferred(), _naming(folder):
            _exchange(place, made, old)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(made, ignore_errors=True)
        with suppress(OSError):  # Windows removes no open file
            Path(lock.lock_file).unlink()
        lock.release()


def remove_left_over(folder: Path) -> None:
    """Remove what killed runs left of folders inside this one, where no other run makes any."""
    for path in list(folder.iterdir()):
        if _LEFT_OVER.fullmatch(path.name) and is_plain_folder(path):
            shutil.rmtree(path, ignore_errors=True)
        elif _LOCK.fullmatch(path.name) and is_plain_file(path):
            path.unlink(missing_ok=True)


def _exchange(place: Path, made: Path, old: Path) -> None:
    """Put the new folder in place, and the old one back where that fails."""
    if os.path.lexists(place):
        place.rename(old)
    try:
        made.rename(place)
    except OSError:
        if os.path.lexists(old):
            old.rename(place)
        raise


def _sweep(parent: Path) -> None:
    """Remove what processes left that were killed while they wrote beside one another.

    Where one was killed while it exchanged folders both are whole, and nobody else has what the
    old one holds: they stay.
    """
    for path in [path for path in parent.iterdir() if _LOCK.fullmatch(path.name)]:
        made, old = path.with_suffix(".part"), path.with_suffix(".old")
        with suppress(Timeout, OSError, StoreError):  # it goes on, or is none of ours
            if is_plain_file(path) and not (is_plain_folder(made) and os.path.lexists(old)):
                with FileLock(path, timeout=0):
                    for left in (made, old):
                        if is_plain_folder(left):
                            shutil.rmtree(left, ignore_errors=True)
                    path.unlink(missing_ok=True)


@contextmanager
def _naming(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"Expected to write the folder {folder}; it failed: {error.strerror or error}. "
            "Choose another with -o, or change its permissions."
        ) from error


@contextmanager
def _naming_inside(folder: Path, made: Path) -> Iterator[None]:
    """Have errors of writing name the folder that is written, not the one it is written as."""
    try:
        yield
    except OSError as error:
        named = None if error.filename is None else Path(os.fsdecode(error.filename))
        inside = named is not None and named.is_relative_to(made)
        if not inside and not (named is None and error.errno in (errno.ENOSPC, errno.EDQUOT)):
            raise
        meant = folder / named.relative_to(made) if named is not None else folder
        raise StoreError(
            f"Expected to write {meant}; it failed: {error.strerror or error}. "
            "Make room there, or choose another folder with -o."
        ) from error
