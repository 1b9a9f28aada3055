"""Where the audio of large sessions lies: in files without a name, mapped into memory.

What is mapped is read from disk when it is needed and gives way when memory is, so a session may be
larger than the machine's memory. The files vanish with the arrays.
"""

import os
import tempfile
from pathlib import Path

import numpy as np
from jaxtyping import Float

__all__ = ["Scratch"]

_IN_MEMORY_BYTES = 1_000_000_000
_ROOM = Path("/var/tmp")
"""Unlike /tmp, never a file system in memory."""


class Scratch:
    """Keeps arrays in memory up to a limit in all, and those that come later on disk."""

    def __init__(self, in_memory_bytes: int = _IN_MEMORY_BYTES) -> None:
        """Start with no arrays."""
        self._left = in_memory_bytes

    def keep(self, audio: Float[np.ndarray, "channel time"]) -> Float[np.ndarray, "channel time"]:
        """Return the same samples, in memory or on disk; writing to them never changes a file.

        Raises:
            OSError: the disk is full.
        """
        self._left -= audio.nbytes
        if self._left >= 0 or not audio.size:
            return audio
        chosen = os.environ.get("TMPDIR") or (str(_ROOM) if _ROOM.is_dir() else None)
        with tempfile.TemporaryFile(dir=chosen) as file:
            np.ascontiguousarray(audio).tofile(file)
            file.flush()
            mapped = np.memmap(file, audio.dtype, "c", shape=audio.shape)
        return mapped.view(np.ndarray)
