"""Where results may be written."""

from pathlib import Path

from mixtrace.errors import StoreError
from mixtrace.session import Song

__all__ = ["named", "result_folder"]


def named(output: Path | str) -> Path:
    """Return a path that something is to be written to.

    Raises:
        StoreError: it is empty, which systems take for the current folder.
    """
    if not str(output):
        raise StoreError(
            "Expected a name for what is to be written; got an empty one. "
            "Give a folder or file, or a dot for the current folder."
        )
    return Path(output)


def result_folder(output: Path | str, song: Song) -> Path:
    """Return the folder for a result.

    Raises:
        StoreError: it has no name, or the song's audio lies in it.
    """
    folder = named(output)
    sources = {path.resolve().parent for path in song.paths}
    if folder.resolve() in sources:
        raise StoreError(
            f"Expected an output folder of its own; the song's audio lies in {folder}. "
            "Choose another folder with -o."
        )
    return folder
