"""Opening the files of a user's own song: links are followed, pipes and devices are refused.

Reading a pipe waits until somebody writes to it, and a device may have no end.
"""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

from mixtrace.errors import SessionError

__all__ = ["MOST_MANIFEST_BYTES", "is_song_file", "open_song_file", "read_text"]

MOST_MANIFEST_BYTES = 250_000
"""Of a manifest or of metadata: 150 tracks with long names and paths take half of it."""

_NOT_THERE = (
    errno.ENOENT,
    errno.ENOTDIR,
    errno.ELOOP,
    errno.EBADF,
    errno.EINVAL,
    errno.ENAMETOOLONG,
)


def is_song_file(path: Path) -> bool:
    """Return whether there is a file, or a link to one; a folder is none.

    Raises:
        SessionError: there is a pipe, a device or a socket, or a link to one.
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        if error.errno not in _NOT_THERE:
            raise
        return False
    except ValueError:  # a name with a null character
        return False
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise _refused(path)
    return stat.S_ISREG(mode)


def open_song_file(path: Path) -> BinaryIO:
    """Open a file, without waiting for anything.

    Raises:
        SessionError: it is a pipe, a device or a socket, or a link to one.
        OSError: it cannot be opened.
    """
    if not is_song_file(path):
        code = errno.EISDIR if path.is_dir() else errno.ENOENT
        raise OSError(code, os.strerror(code), str(path))
    file = open(path, "rb", opener=_at_once)
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise _refused(path)
    return file


def read_text(path: Path) -> str:
    """Return the text of a manifest.

    Raises:
        SessionError: it is no file, or as large as no manifest is.
        OSError: it cannot be read.
        UnicodeDecodeError: it is no text.
    """
    with open_song_file(path) as file:
        content = file.read(MOST_MANIFEST_BYTES + 1)
    if len(content) > MOST_MANIFEST_BYTES:
        raise SessionError(
            f"Expected a manifest of at most {MOST_MANIFEST_BYTES // 1000} kB; {path} is "
            "larger. Name the tracks alone in it."
        )
    return content.decode("utf-8")


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _refused(path: Path) -> SessionError:
    return SessionError(
        f"Expected a file at {path}; there is a pipe, a device or a socket. "
        "Put a copy of the file there, or take it away."
    )
