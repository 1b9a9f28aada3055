"""One run a folder: a lock that ends with its process however it ends, and who holds it."""

import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from mixtrace.errors import StoreError
from mixtrace.store.files import read_document, write_document
from mixtrace.store.staging import stage

__all__ = ["LOCK_FILES", "locked"]

_LOCK, _HOLDER = ".mixtrace.lock", ".mixtrace.holder.json"
_HOLDER_SCHEMA = "mixtrace.holder/1"

LOCK_FILES = (_LOCK, _HOLDER)
"""What lies in a folder while a run writes to it, or where one was killed; the next takes it over.

The holder has a file of its own: on some systems nobody else can read a file that is locked.
"""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other runs out of a folder until the block ends or the process does.

    Raises:
        StoreError: another run has it, or it cannot be written to.
    """
    lock = FileLock(folder / _LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise StoreError(
            f"Expected an output folder that no other run writes to; {_holder(folder)} writes to "
            f"{folder}. Wait for its end, or choose another output folder."
        ) from error
    except OSError as error:
        raise StoreError(
            f"Expected an output folder that can be written to; {folder} cannot: "
            f"{error.strerror or error}. Choose another with -o, or change its permissions."
        ) from error
    try:
        since = time.strftime("%Y-%m-%d %H:%M:%S")
        who = {"process": os.getpid(), "machine": platform.node(), "since": since}
        with stage(folder) as part_of:
            write_document(part_of(_HOLDER), _HOLDER_SCHEMA, who)
        yield
    finally:
        for name in reversed(LOCK_FILES):
            with suppress(OSError):  # Windows removes no open file; then it stays for the next run
                (folder / name).unlink()
        lock.release()


def _holder(folder: Path) -> str:
    """Return who has a folder; for a moment after the lock is taken it is not yet known."""
    try:
        who = read_document(folder / _HOLDER, _HOLDER_SCHEMA)
        return f"process {who['process']} on {who['machine']}, since {who['since']},"
    except (StoreError, KeyError):
        return "another one"
