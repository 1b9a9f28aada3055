"""Where results may be written."""

from pathlib import Path

from mixtrace.errors import StoreError
from mixtrace.session import Song

__all__ = ["apart_from"]


def apart_from(folder: Path, song: Song) -> Path:
    """Return the folder.

    Raises:
        StoreError: the song's audio lies in it.
    """
    sources = {path.resolve().parent for path in song.paths}
    if folder.resolve() in sources:
        raise StoreError(
            f"Expected an output folder of its own; the song's audio lies in {folder}. "
            "Choose another folder with -o."
        )
    return folder
