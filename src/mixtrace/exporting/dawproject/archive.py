"""Files in a ZIP: two exports of one result are the same, byte by byte."""

from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import numpy as np
from jaxtyping import Float

from mixtrace.exporting.project import Project

__all__ = ["put", "put_audio"]

_BEGIN = (1980, 1, 1, 0, 0, 0)
"""The first moment that a ZIP can tell."""


def put(archive: ZipFile, name: str, content: bytes) -> None:
    """Add a document."""
    entry = ZipInfo(name, _BEGIN)
    entry.compress_type = ZIP_DEFLATED
    archive.writestr(entry, content)


def put_audio(
    archive: ZipFile,
    name: str,
    folder: Path,
    project: Project,
    audio: Float[np.ndarray, "_channel time"],
) -> None:
    """Add audio of a project, by way of a file in a folder."""
    passing = folder / "audio.wav"
    project.write_audio(passing, audio)
    entry = ZipInfo(name, _BEGIN)
    entry.compress_type, entry.file_size = ZIP_STORED, passing.stat().st_size
    with passing.open("rb") as source, archive.open(entry, "w") as into:
        while part := source.read(1 << 20):
            into.write(part)
    passing.unlink()
