"""Files and folders of a data set by names that come with it."""

from collections.abc import Iterable
from pathlib import Path

from mixtrace.errors import SessionError
from mixtrace.names import printable
from mixtrace.session.folders import visible
from mixtrace.session.opening import is_song_file
from mixtrace.session.song import listed

__all__ = ["file_inside", "folders_in", "missing_among"]

_TOLD_CHARACTERS = 100  # of a name, in a sentence


def folders_in(folder: Path) -> list[Path]:
    """Return the folders in a folder, hidden ones and junk left out.

    Raises:
        SessionError: it cannot be read.
    """
    return [path for path in visible(folder) if path.is_dir()]


def file_inside(folder: Path, name: object, source: Path) -> Path:
    """Return where a file lies that a data set names, whether or not it is there.

    Args:
        folder: where it should lie.
        name: what it is called, from a stranger.
        source: the file that names it, for messages.

    Raises:
        SessionError: the name is no plain file name, and might lead elsewhere.
    """
    is_plain = isinstance(name, str) and name.isprintable() and name not in ("", ".", "..")
    if not is_plain or "/" in str(name) or "\\" in str(name):
        raise SessionError(
            f"Expected plain file names in {source}; got {name!r:.60}. Download the song anew."
        )
    return folder / str(name)


def missing_among(paths: Iterable[Path], folder: Path) -> str:
    """Return a sentence that names the files that are not there, empty where all are.

    Args:
        paths: of the files.
        folder: what their names are told relative to.
    """
    absent = [path for path in paths if not is_song_file(path)]
    if not absent:
        return ""
    names = [printable(str(p.relative_to(folder)))[:_TOLD_CHARACTERS] for p in absent]
    return f"Expected {listed(names)} in {folder}; not there. Complete the download of this song."
