"""What the user names: what is to be read, and where results may be written."""

import os
from collections.abc import Iterable
from pathlib import Path

from mixtrace.errors import StoreError
from mixtrace.store import Results, check_folder

__all__ = ["check_apart", "check_no_song", "check_place", "named", "result_folder"]


def named(path: Path | str) -> Path:
    """Return a path that the user gives.

    Raises:
        StoreError: it is empty, which systems take for the current folder.
    """
    if not str(path):
        raise StoreError(
            "Expected the name of a folder or file; got an empty one. "
            "Give a name, or a dot for the current folder."
        )
    return Path(path)


def check_place(folder: Path) -> None:
    """Refuse a folder that can be neither made nor written to; nothing is made yet.

    Raises:
        StoreError: see there.
        OSError: it cannot be looked at.
    """
    nearest = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not nearest.is_dir():
        raise StoreError(
            f"Expected a folder to write to; {nearest} is a file. Choose another with -o."
        )
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise StoreError(
            f"Expected a folder that can be written to; {nearest} cannot. "
            "Choose another with -o, or change its permissions."
        )


def check_apart(sources: Path, folder: Path) -> None:
    """Refuse an output inside what it is made from, where it would be taken for songs or tracks.

    Raises:
        StoreError: it lies there.
    """
    if folder.resolve().is_relative_to(sources.resolve()):
        same = folder.resolve() == sources.resolve()
        where = "is that itself" if same else f"lies in {sources}"
        raise StoreError(
            f"Expected an output folder outside of what it is made from; {folder} {where}. "
            "Choose another with -o."
        )


def check_no_song(folder: Path, files: Iterable[Path]) -> None:
    """Refuse a folder in which a file of the song lies.

    Raises:
        StoreError: one does.
    """
    if folder.resolve() in {path.resolve().parent for path in files}:
        raise StoreError(
            f"Expected an output folder of its own; the song's audio lies in {folder}. "
            "Choose another folder with -o."
        )


def result_folder(output: Path | str, files: Iterable[Path], results: Results) -> Path:
    """Return the folder for a result of some kind.

    Args:
        output: as the user named it.
        files: of the song.
        results: the kind.

    Raises:
        StoreError: it has no name, the song's audio lies in it, it can be neither made nor written
            to, or it holds what no such result wrote.
    """
    folder = named(output)
    check_no_song(folder, files)
    check_place(folder)
    check_folder(folder, results)
    return folder
