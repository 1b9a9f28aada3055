"""A folder with folders inside it that appears as a whole, or not at all."""

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mixtrace.errors import StoreError
from mixtrace.stopping import deferred
from mixtrace.store.opening import is_plain_folder

__all__ = ["remove_left_over", "whole_folder"]

_LEFT_OVER = re.compile(r"\.mixtrace-[0-9a-f]{16}\.(part|old)")


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Yield a new folder that takes the place of another one when the block ends.

    It lies beside that one under a name that nobody can foresee. When the block fails it is
    removed with all that is in it, and what was there before stays.

    Args:
        folder: where it is to be; what lies there already goes.

    Raises:
        StoreError: the folder cannot be made, or not put in its place.
    """
    place = folder.resolve()
    made = place.with_name(f".mixtrace-{secrets.token_hex(8)}.part")
    old = made.with_suffix(".old")
    with _naming(folder):
        place.parent.mkdir(parents=True, exist_ok=True)
        made.mkdir()
    try:
        yield made
        with deferred(), _naming(folder):
            _exchange(place, made, old)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
    shutil.rmtree(old, ignore_errors=True)


def remove_left_over(folder: Path) -> None:
    """Remove what killed runs left of folders inside this one, where no other run makes any."""
    for path in list(folder.iterdir()):
        if _LEFT_OVER.fullmatch(path.name) and is_plain_folder(path):
            shutil.rmtree(path, ignore_errors=True)


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


@contextmanager
def _naming(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"Expected to write the folder {folder}; it failed: {error.strerror or error}. "
            "Choose another with -o, or change its permissions."
        ) from error
