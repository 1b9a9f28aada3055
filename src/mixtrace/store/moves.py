"""How several files of a folder take their places as one, also where the power fails in between.

A move replaces one file by another as a whole, but several moves take several moments. So a list of
them is written first. While it lies there nothing of the folder is read, and whoever writes to the
folder next makes the moves that are left.
"""

import json
import os
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

from mixtrace.errors import StoreError
from mixtrace.store.opening import MOVES, is_plain_folder, read_plain
from mixtrace.store.temporary import is_temporary, new_temporary, put, sync_folder

__all__ = ["finish_moves", "make_moves"]

_SCHEMA = "mixtrace.moves/1"
_LARGEST_BYTES = 1_000_000  # three files a track, a hundred bytes each


def make_moves(folder: Path, moved: Mapping[str, str], removed: Collection[str]) -> None:
    """Give files their names, in this order, then remove others; all of it or, for now, nothing.

    Args:
        folder: of the result.
        moved: temporary files, whole and on the disk, by the names they get; all relative to it.
        removed: files that are no more, relative to it.

    Raises:
        OSError: the disk is full or broken. What was begun is finished by `finish_moves`.
    """
    if len(moved) + len(removed) > 1:
        _write_list(folder, moved, removed)
    _carry_out(folder, moved, removed)


def finish_moves(folder: Path) -> None:
    """Make the moves that a run has left that was cut off between them, if there was one.

    Raises:
        StoreError: the list of them is damaged.
        OSError: the disk is full or broken.
    """
    if not os.path.lexists(folder / MOVES):
        return
    try:
        document = json.loads(read_plain(folder / MOVES, _LARGEST_BYTES))
        moved, removed = document["moved"], document["removed"]
        usable = document["schema"] == _SCHEMA and _are_ours(folder, moved, removed)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        usable, moved, removed = False, {}, []
    if not usable:
        raise StoreError(
            f"Expected {folder / MOVES} to list what mixtrace was about to move; it is damaged. "
            "Choose another output folder."
        )
    _carry_out(folder, moved, removed)


def _write_list(folder: Path, moved: Mapping[str, str], removed: Collection[str]) -> None:
    """Write the list; the files it tells of are found again from here on."""
    for each in _folders(folder, moved):
        sync_folder(each)
    document = {"schema": _SCHEMA, "moved": dict(moved), "removed": sorted(removed)}
    part = new_temporary(folder)
    try:
        put(part.path, json.dumps(document).encode())
        part.sync()
        os.replace(part.path, folder / MOVES)
    except BaseException:
        part.path.unlink(missing_ok=True)
        raise
    sync_folder(folder)


def _carry_out(folder: Path, moved: Mapping[str, str], removed: Collection[str]) -> None:
    for name, temporary in moved.items():
        with suppress(FileNotFoundError):  # it was moved before the run was cut off
            os.replace(folder / temporary, folder / name)
    for name in removed:
        with suppress(FileNotFoundError):
            os.unlink(folder / name)
    folders = _folders(folder, [*moved, *removed])
    for each in folders:
        sync_folder(each)
    with suppress(FileNotFoundError):
        os.unlink(folder / MOVES)
        sync_folder(folder)


def _folders(folder: Path, names: Collection[str]) -> list[Path]:
    """Return the folders in which files lie; those that are no folders are left out."""
    found = dict.fromkeys((folder / name).parent for name in names)
    return [each for each in found if each.is_dir()]


def _are_ours(folder: Path, moved: Any, removed: Any) -> bool:
    """Return whether a list tells of nothing outside its folder."""
    if not isinstance(moved, dict) or not isinstance(removed, list):
        return False
    if not all(_lies_inside(folder, name) for name in (*moved, *moved.values(), *removed)):
        return False
    parts = ((PurePosixPath(name), PurePosixPath(part)) for name, part in moved.items())
    return all(is_temporary(part.name) and part.parent == name.parent for name, part in parts)


def _lies_inside(folder: Path, name: Any) -> bool:
    """Return whether a name leads to a file of a folder, or of a folder in it that is no link."""
    if not isinstance(name, str) or any(c in name for c in "\\:\0"):
        return False
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not 1 <= len(path.parts) <= 2:
        return False
    return len(path.parts) == 1 or is_plain_folder(folder / path.parent)
