"""Where a result's song lies, so that nobody has to name it again, and whether it is still that."""

import hashlib
import os
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from mixtrace.errors import SessionError, StoreError
from mixtrace.session import Song, TrackSource, find_song
from mixtrace.session.layout import find_tracks
from mixtrace.session.song import listed
from mixtrace.store import FIT, JSON, is_plain_file, read_fit

__all__ = ["Recordings", "differing", "digest", "find_source", "is_source", "source_of"]

Recordings = Song | Sequence[TrackSource]
"""A song, or the tracks of one without its mix; an archive is unpacked as long as this is held."""


def source_of(
    path: Path | str | None, mix: Path | str | None, recordings: Recordings, folder: Path
) -> JSON | None:
    """Return what a result keeps of where its song lies; None where no path tells it.

    Args:
        path: the song as the user named it.
        mix: its mix, where the user named it.
        recordings: what was found there.
        folder: of the result; paths are told from there, so that both may be moved together.
    """
    if path is None:
        return None
    told = {"song": _told(path, folder), "mix": None if mix is None else _told(mix, folder)}
    try:
        "".join(text for text in told.values() if text).encode()
    except UnicodeEncodeError:  # JSON holds no name that is no text
        return None
    mixed, tracks = _mix_files(recordings), _tracks(recordings)
    return {
        **told,
        "sha256": digest(_files(recordings)),
        "mix_sha256": digest(mixed) if mixed else None,
        "tracks": {track.name: digest(track.paths) for track in tracks},
    }


def find_source(result: Path) -> tuple[Path, Path | None]:
    """Return the song, and its mix where that was named, of which a result was made.

    Args:
        result: the output folder of a fit, or a file in it.

    Raises:
        StoreError: the result does not tell, or its song is not there or is another one now.
    """
    folder, source = _folder(result), _source(result)
    if not source:
        raise StoreError(
            f"Expected a result that tells where its song lies; {result} does not. "
            "Name the song with --song."
        )
    path, mix = (None if source[key] is None else folder / source[key] for key in ("song", "mix"))
    assert path is not None
    try:
        found = digest(_files(_found(path, mix)))
    except (SessionError, OSError) as error:
        place = os.path.normpath(Path(os.path.realpath(folder), source["song"]))
        raise StoreError(
            f"Expected the song of {result} at {place}, where it lies as seen from the result; it "
            "cannot be read there. Where the result or the song was moved or copied, name the song "
            "with --song."
        ) from error
    if found != source["sha256"]:
        raise StoreError(
            f"Expected the song of {result} as it was; the audio in {path} has changed since. "
            "Fit it again, or name the song as it was with --song."
        )
    return path, mix


def differing(
    result: Path, tracks: Collection[str], path: Path, mix: Path | None
) -> tuple[str, ...]:
    """Return in a sentence what of a song that the user names a result was not found from.

    Args:
        result: the output folder of a fit, or a file in it.
        tracks: the names of those that are used.
        path: the song, or a folder with its tracks alone.
        mix: its mix, where the user named it.

    Returns:
        One sentence; none where all is as it was, or where nothing can be read of what it was:
        there is a graph alone, or a damaged record beside it.
    """
    try:
        source = _source(result)
    except StoreError:  # those that need what it kept say so
        return ()
    recordings = _found(path, mix)
    if not source or source["sha256"] == digest(_files(recordings)):
        return ()
    known = source.get("tracks")
    if known is None:
        return (
            f"The audio in {path} is not all that the result was found from; which files differ, "
            "this result does not keep.",
        )
    wanted = {name: track.paths for track in _tracks(recordings) if (name := track.name) in tracks}
    changed = [
        file.name
        for name, files in wanted.items()
        if known.get(name) != digest(files)
        for file in files
    ]
    mixed = _mix_files(recordings)
    if mixed and source["mix_sha256"] != digest(mixed):
        changed += [file.name for file in mixed]
    if not changed:
        return ()
    return (
        f"The result was found from other audio than that in {path}: {listed(changed)} "
        f"{'differs' if len(changed) == 1 else 'differ'}. What was found may not fit it.",
    )


def is_source(result: Path, recordings: Recordings) -> bool:
    """Return whether recordings are those that a result was made of."""
    source = _source(result)
    return bool(source) and source["sha256"] == digest(_files(recordings))


def digest(files: Iterable[Path]) -> str:
    """Return 64 hexadecimal digits that change with any byte of the files."""
    whole = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            while part := file.read(1 << 20):
                whole.update(part)
    return whole.hexdigest()


def _folder(result: Path) -> Path:
    return result if result.is_dir() else result.parent


def _source(result: Path) -> JSON | None:
    folder = _folder(result)
    return read_fit(folder).get("source") if is_plain_file(folder / FIT) else None


def _found(path: Path, mix: Path | None) -> Recordings:
    """Return a song, or the tracks in a folder that has no mix.

    Raises:
        SessionError: neither is there.
    """
    try:
        return find_song(path, mix=mix)
    except SessionError:
        tracks = find_tracks(path) if mix is None and path.is_dir() else ()
        if not tracks:
            raise
        return tracks


def _tracks(recordings: Recordings) -> Sequence[TrackSource]:
    return recordings.tracks if isinstance(recordings, Song) else recordings


def _mix_files(recordings: Recordings) -> tuple[Path, ...]:
    return recordings.mix_paths if isinstance(recordings, Song) else ()


def _files(recordings: Recordings) -> Iterable[Path]:
    """Yield the files, the mix's first; the recordings are held as long as this is."""
    yield from _mix_files(recordings)
    for track in _tracks(recordings):
        yield from track.paths


def _told(path: Path | str, folder: Path) -> str:
    absolute = os.path.abspath(path)
    try:
        return os.path.relpath(absolute, os.path.realpath(folder))
    except ValueError:  # another drive
        return absolute
