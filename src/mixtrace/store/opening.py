"""Reading the files of a result, which a stranger may have sent.

A file is read where it is a regular one that lies in its folder: a link could lead anywhere, a pipe
has no end. It is read at once, and only where it is no larger than it may be.
"""

import errno
import os
import stat
from pathlib import Path

from mixtrace.errors import StoreError
from mixtrace.store.maxima import LARGEST_ARRAYS_BYTES

__all__ = [
    "MOVES",
    "is_plain_file",
    "is_plain_folder",
    "read_bytes",
    "read_head",
    "read_plain",
]

MOVES = ".mixtrace-moves.json"
"""What lies in a folder while the files of a result are moved into place; see `moves`."""

_FLAGS = os.O_RDONLY
for _name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"):  # as far as the system has them
    _FLAGS |= getattr(os, _name, 0)

_KINDS = {
    stat.S_IFREG: "a file",
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
}


def read_bytes(
    path: Path, most_bytes: int = LARGEST_ARRAYS_BYTES, *, root: Path | None = None
) -> bytes:
    """Return the content of a file of a result.

    Args:
        path: the file.
        most_bytes: a larger one is refused.
        root: the folder of the result, where the file lies in a folder inside it.

    Raises:
        StoreError: no regular file, a link on the way to it, too large, or of a result whose
            files were being moved into place when the run that wrote them was cut off.
        OSError: there is none, or it cannot be read.
    """
    root = root or path.parent
    _check_moved(root)
    inside = [root / part for part in path.relative_to(root).parents if part.name]
    if not all(map(is_plain_folder, inside)):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    return read_plain(path, most_bytes)


def read_plain(path: Path, most_bytes: int) -> bytes:
    """Return the content of a file, whatever is about to be moved in its folder.

    Raises:
        StoreError: no regular file, or too large.
        OSError: there is none, or it cannot be read.
    """
    content = read_head(path, most_bytes + 1)
    if len(content) > most_bytes:
        raise StoreError(
            f"Expected {path} to take at most {most_bytes // 1_000_000} MB; it is larger than "
            f"{most_bytes // 1_000_000} MB. Make the result anew."
        )
    return content


def read_head(path: Path, most_bytes: int) -> bytes:
    """Return the first bytes of a file, or all of a shorter one.

    Raises:
        StoreError: no regular file.
        OSError: there is none, or it cannot be read.
    """
    if not is_plain_file(path):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    with os.fdopen(os.open(path, _FLAGS), "rb") as file:
        _check_kind(path, os.fstat(file.fileno()).st_mode, stat.S_IFREG)
        return file.read(most_bytes)


def is_plain_file(path: Path) -> bool:
    """Return whether there is a regular file.

    Raises:
        StoreError: something else of that name is in the way.
    """
    return _is(path, stat.S_IFREG)


def is_plain_folder(path: Path) -> bool:
    """Return whether there is a folder.

    Raises:
        StoreError: something else of that name is in the way, such as a link to a folder.
    """
    return _is(path, stat.S_IFDIR)


def _is(path: Path, expected: int) -> bool:
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return False
    _check_kind(path, mode, expected)
    return True


def _check_kind(path: Path, mode: int, expected: int) -> None:
    kind = stat.S_IFMT(mode)
    if kind != expected:
        raise StoreError(
            f"Expected {_KINDS[expected]} of mixtrace's own at {path}; there is "
            f"{_KINDS.get(kind, 'a device')}. Remove it or choose another folder."
        )


def _check_moved(folder: Path) -> None:
    if os.path.lexists(folder / MOVES):
        raise StoreError(
            f"Expected a whole result in {folder}; the run that wrote it was cut off while it "
            "moved the files into place. Run the same command again: it goes on from there."
        )
