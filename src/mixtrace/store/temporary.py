"""Files under a name that nobody can foresee, until they are whole and safe on the disk."""

import errno
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mixtrace.errors import StoreError
from mixtrace.store.opening import is_plain_file

__all__ = [
    "Temporary",
    "is_temporary",
    "naming",
    "new_temporary",
    "put",
    "remove_temporaries",
    "sync_folder",
]

_NAME = re.compile(r"\.mixtrace-[0-9a-f]{16}\.part")
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL
_SAME = os.O_RDWR
for _name in ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY"):  # as far as the system has them
    _NEW |= getattr(os, _name, 0)
    _SAME |= getattr(os, _name, 0)
_SYSTEM_FAILED = 2  # libsndfile's SF_ERR_SYSTEM
_USUAL_MODE = 0o666  # as for any new file, the user's mask is taken off


@dataclass(frozen=True)
class Temporary:
    """A file that was made for what is to be written.

    Attributes:
        path: where it lies.
        identity: device and number of the file itself, whatever its name shows later.
    """

    path: Path
    identity: tuple[int, int]

    def sync(self) -> None:
        """Have the system write the file's content to the disk.

        Raises:
            StoreError: another file was put in its place.
            OSError: the disk is full or broken.
        """
        with naming(self.path):
            file = os.open(self.path, _SAME)
            try:
                if _identity(file) != self.identity:
                    raise StoreError(
                        f"Expected a folder that mixtrace alone writes to; in {self.path.parent} "
                        "another file was put in the place of one that was being written. "
                        "Choose another folder."
                    )
                os.fsync(file)
            finally:
                os.close(file)


def new_temporary(folder: Path) -> Temporary:
    """Make an empty file in a folder.

    Raises:
        OSError: the folder cannot be written to.
    """
    path = folder / f".mixtrace-{secrets.token_hex(8)}.part"
    file = os.open(path, _NEW, _USUAL_MODE)
    try:
        return Temporary(path, _identity(file))
    finally:
        os.close(file)


def is_temporary(name: str) -> bool:
    """Return whether a file is called as `new_temporary` calls them.

    >>> is_temporary(".mixtrace-0123456789abcdef.part"), is_temporary("mine.part")
    (True, False)
    """
    return _NAME.fullmatch(name) is not None


def remove_temporaries(folder: Path) -> None:
    """Remove what a killed run left in a folder."""
    for path in list(folder.iterdir()):
        if is_temporary(path.name) and is_plain_file(path):
            path.unlink(missing_ok=True)


def put(path: Path, content: bytes) -> None:
    """Write a file; an error names it, also where the disk is full.

    Raises:
        OSError: it cannot be written.
    """
    with naming(path):
        path.write_bytes(content)


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Have whatever fails in a block that writes a file be an OSError that names it.

    Neither Python nor libsndfile says of which file it is that a disk has no room for the rest.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise OSError(error.errno, reason, str(path)) from error
    except RuntimeError as error:  # soundfile's; its text is empty where the system failed
        code = getattr(error, "code", None)
        reason = "the disk is full or broken" if code == _SYSTEM_FAILED else str(error)
        raise OSError(errno.EIO, reason, str(path)) from error


def sync_folder(folder: Path) -> None:
    """Have the system write to the disk which names a folder holds, where it can be asked to."""
    if os.name != "posix":
        return
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _identity(file: int) -> tuple[int, int]:
    facts = os.fstat(file)
    return facts.st_dev, facts.st_ino
