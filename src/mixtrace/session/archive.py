"""A ZIP of a song, unpacked into a folder that vanishes with the song that was found in it.

An archive comes from anybody: its directory is looked through before anything is written. What it
claims to hold is bounded, and what is written is counted.
"""

import errno
import lzma
import os
import shutil
import stat
import struct
import tempfile
import weakref
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from mixtrace.errors import SessionError
from mixtrace.session.containers import AUDIO_SUFFIXES
from mixtrace.session.opening import MOST_MANIFEST_BYTES, open_song_file
from mixtrace.session.scratch import no_room, scratch_folder

__all__ = ["Unpacked", "is_archive", "unpack"]

_MOST_ENTRIES = 10_000
_MOST_DIRECTORY_BYTES = 16_000_000  # read before entries can be counted: 1.6 kB each
_MOST_BYTES = 64_000_000_000
_HARMLESS_BYTES = 2_000_000_000
_MOST_PACKED = 100  # times smaller: stems that are silent most of the time pack some twentyfold
_BLOCK = 1 << 20
_DAMAGE = (
    zipfile.BadZipFile,
    NotImplementedError,  # a way of packing that Python does not know
    RuntimeError,
    ValueError,
    OSError,  # places that lie before the file
    EOFError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
)
_MANIFESTS = (".toml", ".yaml")


class Unpacked:
    """The folder an archive was unpacked to, as long as this is held."""

    def __init__(self) -> None:
        """Make an empty folder."""
        self.folder = Path(tempfile.mkdtemp(prefix="mixtrace-", dir=scratch_folder()))
        self._removed = weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)

    def remove(self) -> None:
        """Remove it now."""
        self._removed()


def is_archive(path: Path) -> bool:
    """Return whether a file begins as a ZIP does, or is called one.

    Raises:
        SessionError: it is a pipe, a device or a socket.
    """
    with open_song_file(path) as file:
        return file.read(4) == b"PK\x03\x04" or path.suffix.lower() == ".zip"


def unpack(path: Path) -> Unpacked:
    """Unpack the audio and the manifests of a ZIP.

    Raises:
        SessionError: no ZIP, damaged, encrypted, too large, with names that lead outside it, or
            there is no room to unpack it.
        OSError: it cannot be read.
    """
    unpacked = Unpacked()
    try:
        with open_song_file(path) as file:
            _check_directory_size(file, path)
            with zipfile.ZipFile(file) as archive:
                entries = _wanted(archive, path)
                for info, parts in entries:
                    _write(archive, info, unpacked.folder.joinpath(*parts))
    except BaseException as error:
        unpacked.remove()
        if isinstance(error, FileExistsError | NotADirectoryError | IsADirectoryError):
            raise _refused(path, "every file once", "two have the same name") from error
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise no_room(error) from error
        odd = isinstance(error, OSError) and error.errno != errno.EINVAL
        if odd or isinstance(error, SessionError) or not isinstance(error, _DAMAGE):
            raise
        raise SessionError(
            f"Expected a ZIP of a song; {path} cannot be unpacked ({error}). Pack it again."
        ) from error
    return unpacked


def _wanted(archive: zipfile.ZipFile, path: Path) -> list[tuple[zipfile.ZipInfo, tuple[str, ...]]]:
    """Return the entries to unpack and the parts of their paths, all of them checked."""
    infos = archive.infolist()
    if len(infos) > _MOST_ENTRIES:
        raise _refused(path, f"at most {_MOST_ENTRIES} files", f"it has {len(infos)}")
    entries = [(info, _parts(info, path)) for info in infos if not info.is_dir()]
    entries = [(info, parts) for info, parts in entries if _is_wanted(info, parts)]
    if not entries:
        inner = any(i.filename.lower().endswith((".zip", ".rar", ".7z")) for i in infos)
        found = "only other archives; unpack them first" if inner else "no audio file"
        raise SessionError(f"Expected a ZIP of audio files; {path} holds {found}.")
    for info, parts in entries:
        if stat.S_ISLNK(info.external_attr >> 16):
            raise _refused(path, "files", f"{'/'.join(parts)} is a link")
        if info.flag_bits & 1:
            raise _refused(path, "no password", f"{'/'.join(parts)} is encrypted")
        if parts[-1].lower().endswith(_MANIFESTS) and info.file_size > MOST_MANIFEST_BYTES:
            raise _refused(path, "a short manifest", f"{'/'.join(parts)} is too long")
    total = sum(info.file_size for info, _ in entries)
    packed = path.stat().st_size
    if total > _MOST_BYTES or total > max(_HARMLESS_BYTES, _MOST_PACKED * packed):
        raise _refused(path, "a song", f"its {packed} bytes unpack to {total}")
    if total > shutil.disk_usage(scratch_folder()).free:
        raise SessionError(
            f"Expected {total} bytes of room in {scratch_folder()} to unpack {path}; there is "
            "less. Make room or set TMPDIR to a folder on another disk."
        )
    return entries


def _parts(info: zipfile.ZipInfo, path: Path) -> tuple[str, ...]:
    """Return the folders and the name of an entry, which must lie inside the archive."""
    name = info.filename
    if not info.flag_bits & 0x800:  # some programs write UTF-8 and do not say so
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            name = info.filename
    name = name.replace("\\", "/")
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or ":" in parts[0]:
        raise _refused(path, "names inside it", f"{name!r} leads outside")
    return parts


def _is_wanted(info: zipfile.ZipInfo, parts: tuple[str, ...]) -> bool:
    if any(part.startswith(".") or part == "__MACOSX" for part in parts):
        return False
    return Path(parts[-1]).suffix.lower() in (*AUDIO_SUFFIXES, *_MANIFESTS)


def _write(archive: zipfile.ZipFile, info: zipfile.ZipInfo, target: Path) -> None:
    """Unpack one entry, at most as long as the directory says."""
    target.parent.mkdir(parents=True, exist_ok=True)
    left = info.file_size
    with archive.open(info) as source, open(target, "xb") as file:
        while block := source.read(_BLOCK):
            left -= len(block)
            if left < 0:
                raise zipfile.BadZipFile(f"{info.filename!r} is longer than it says")
            file.write(block)


def _check_directory_size(file: BinaryIO, path: Path) -> None:
    """Refuse a directory that would fill the memory: it is read before it can be counted."""
    size = file.seek(0, os.SEEK_END)
    start = max(0, size - (1 << 16) - 22 - 20)
    file.seek(start)
    tail = file.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) < end + 22:
        raise zipfile.BadZipFile("it has no directory")
    length: int = struct.unpack_from("<I", tail, end + 12)[0]
    locator = end - 20
    if locator >= 0 and tail[locator : locator + 4] == b"PK\x06\x07":
        file.seek(min(struct.unpack_from("<Q", tail, locator + 8)[0], size))
        record = file.read(48)
        if len(record) == 48:
            length = max(length if length != 0xFFFFFFFF else 0, struct.unpack("<Q", record[40:])[0])
    if length > _MOST_DIRECTORY_BYTES:
        raise _refused(path, f"at most {_MOST_ENTRIES} files", f"its list takes {length} bytes")
    file.seek(0)


def _refused(path: Path, expected: str, came: str) -> SessionError:
    return SessionError(
        f"Expected {expected} in the archive {path}; {came}. Pack the song's audio anew."
    )
