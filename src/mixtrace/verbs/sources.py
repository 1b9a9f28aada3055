"""Where a result's song lies, so that nobody has to name it again, and whether it is still that."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from mixtrace.errors import SessionError, StoreError
from mixtrace.session import find_song
from mixtrace.session.layout import find_tracks
from mixtrace.store import FIT, JSON, is_plain_file, read_fit

__all__ = ["digest", "files_of", "find_source", "is_source", "source_of"]


def source_of(
    path: Path | str | None, mix: Path | str | None, files: Iterable[Path], folder: Path
) -> JSON | None:
    """Return what a result keeps of where its song lies; None where no path tells it.

    Args:
        path: the song as the user named it.
        mix: its mix, where the user named it.
        files: what was found there.
        folder: of the result; paths are told from there, so that both may be moved together.
    """
    if path is None:
        return None
    told = {"song": _told(path, folder), "mix": None if mix is None else _told(mix, folder)}
    try:
        "".join(text for text in told.values() if text).encode()
    except UnicodeEncodeError:  # JSON holds no name that is no text
        return None
    return {**told, "sha256": digest(files)}


def find_source(result: Path) -> tuple[Path, Path | None]:
    """Return the song, and its mix where that was named, of which a result was made.

    Args:
        result: the output folder of a fit, or a file in it.

    Raises:
        StoreError: the result does not tell, or its song is not there or is another one now.
    """
    folder = result if result.is_dir() else result.parent
    source = read_fit(folder).get("source") if is_plain_file(folder / FIT) else None
    if not source:
        raise StoreError(
            f"Expected a result that tells where its song lies; {result} does not. "
            "Name the song with --song."
        )
    path, mix = (None if source[key] is None else folder / source[key] for key in ("song", "mix"))
    assert path is not None
    try:
        files = files_of(path, mix)
    except (SessionError, OSError) as error:
        raise StoreError(
            f"Expected the song of {result} at {path}, where it was; it cannot be read there "
            "any more. Name it with --song."
        ) from error
    if digest(files) != source["sha256"]:
        raise StoreError(
            f"Expected the song of {result} as it was; the audio in {path} has changed since. "
            "Fit it again, or name the song as it was with --song."
        )
    return path, mix


def files_of(path: Path, mix: Path | None) -> tuple[Path, ...]:
    """Return the files of a song, or of the tracks in a folder that has no mix.

    Raises:
        SessionError: neither is there.
    """
    try:
        return find_song(path, mix=mix).paths
    except SessionError:
        tracks = find_tracks(path) if mix is None and path.is_dir() else ()
        if not tracks:
            raise
        return tuple(file for track in tracks for file in track.paths)


def is_source(result: Path, files: Iterable[Path]) -> bool:
    """Return whether files are those that a result was made of."""
    folder = result if result.is_dir() else result.parent
    source = read_fit(folder).get("source") if is_plain_file(folder / FIT) else None
    return bool(source) and source["sha256"] == digest(files)


def _told(path: Path | str, folder: Path) -> str:
    absolute = os.path.abspath(path)
    try:
        return os.path.relpath(absolute, os.path.realpath(folder))
    except ValueError:  # another drive
        return absolute


def digest(files: Iterable[Path]) -> str:
    """Return 64 hexadecimal digits that change with any byte of the files."""
    whole = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            while part := file.read(1 << 20):
                whole.update(part)
    return whole.hexdigest()
