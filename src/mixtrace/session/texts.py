"""Small files of text that may be a stranger's: their size is looked at before they are read."""

from pathlib import Path

__all__ = ["LARGEST_TEXT_BYTES", "read_small_text"]

LARGEST_TEXT_BYTES = 250_000
"""Of a manifest or of metadata: 150 tracks with long names and paths take half of it."""


def read_small_text(path: Path) -> str:
    """Return a file's text, which is UTF-8.

    Raises:
        ValueError: it is too large, or no such text.
        OSError: it cannot be read.
    """
    if path.stat().st_size > LARGEST_TEXT_BYTES:
        raise ValueError(f"it is larger than {LARGEST_TEXT_BYTES // 1000} kB")
    return path.read_text("utf-8")
