"""Where the audio of large sessions lies: in files without a name, mapped while it is looked at.

Pages of a map stay resident once they were touched. A file is therefore mapped anew for every look,
and its map ends with the last array that shows it: what is held between looks is the file, and a
session may be larger than the machine's memory. The files vanish with the objects that hold them.
"""

import os
import tempfile
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from jaxtyping import Float

from mixtrace.errors import SessionError

__all__ = ["OnDisk", "Scratch", "Views", "no_room", "scratch_folder", "view_of"]

_IN_MEMORY_BYTES = 1_000_000_000
_ROOM = Path("/var/tmp")
"""Unlike /tmp, never a file system in memory."""

_Audio = Float[np.ndarray, "channel time"]
_Shown = TypeVar("_Shown")


def scratch_folder() -> str:
    """Return the folder for large files that vanish again."""
    chosen = os.environ.get("TMPDIR") or (str(_ROOM) if _ROOM.is_dir() else None)
    return chosen or tempfile.gettempdir()


def no_room(error: OSError) -> SessionError:
    """Return what to say when a file there cannot be written."""
    return SessionError(
        f"Expected room for the song's audio in {scratch_folder()}; it cannot be written there "
        f"({error.strerror or 'the disk is full'}). Make room or set TMPDIR to a folder on "
        "another disk."
    )


class OnDisk:
    """Audio in a file of its own."""

    def __init__(self, audio: _Audio) -> None:
        """Write the file.

        Raises:
            SessionError: the disk is full.
        """
        try:
            self._file = tempfile.TemporaryFile(dir=scratch_folder())
            weakref.finalize(self, self._file.close)
            np.ascontiguousarray(audio).tofile(self._file)
            self._file.flush()
        except OSError as error:  # numpy's tells neither file nor reason
            raise no_room(error) from error
        self._dtype, self._shape = audio.dtype, audio.shape

    def look(self) -> _Audio:
        """Return the samples, mapped anew; writing to them never changes the file."""
        return np.memmap(self._file, self._dtype, "c", shape=self._shape).view(np.ndarray)


class Scratch:
    """Keeps arrays in memory while they fit a limit together, and others on disk."""

    def __init__(self, in_memory_bytes: int = _IN_MEMORY_BYTES) -> None:
        """Start with no arrays."""
        self._left = in_memory_bytes

    def keep(self, audio: _Audio) -> _Audio | OnDisk:
        """Return the same array, or where it lies on disk.

        Raises:
            SessionError: the disk is full.
        """
        if not audio.size:
            return audio
        if self._left < audio.nbytes:
            return OnDisk(audio)
        self._left -= audio.nbytes
        weakref.finalize(audio, self._give_back, audio.nbytes)
        return audio

    def _give_back(self, size_bytes: int) -> None:
        self._left += size_bytes


def view_of(kept: _Audio | OnDisk) -> _Audio:
    """Return what a `Scratch` kept; to be let go of after use."""
    return kept.look() if isinstance(kept, OnDisk) else kept


class Views(Sequence[_Shown], Generic[_Shown]):
    """What a function shows of each entry of a sequence, shown anew at every access.

    A list of the audio of many tracks would hold the maps of all; this holds none.

    >>> list(Views(abs, [-1, 2]))
    [1, 2]
    """

    def __init__(self, show: Callable[[Any], _Shown], entries: Sequence[Any]) -> None:
        """Take the function and the entries."""
        self._show, self._entries = show, entries

    def __getitem__(self, index: Any) -> Any:
        """Return what is shown of one entry."""
        return self._show(self._entries[index])

    def __len__(self) -> int:
        """Return the number of entries."""
        return len(self._entries)
