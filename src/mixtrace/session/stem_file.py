"""A Native Instruments Stem file: an MP4 whose first audio stream is the mix, the next four stems.

Source: "Stem file format", Native Instruments, 2015: five audio tracks, and in the box
`moov/udta/stem` a table of JSON that names the stems.
"""

import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from mixtrace.errors import SessionError
from mixtrace.names import plain_name
from mixtrace.session.groups import guess_group
from mixtrace.session.opening import open_song_file
from mixtrace.session.song import Song, TrackSource

__all__ = ["STEM_SUFFIX", "read_stem_file"]

STEM_SUFFIX = ".stem.mp4"

_STEMS = 4
_MOST_BOXES = 1000
_MOST_JSON_BYTES = 1_000_000


def read_stem_file(path: Path, mix_path: Path | None = None) -> Song:
    """Return the song in a Stem file.

    Args:
        path: the file.
        mix_path: a mix that replaces the one inside.

    Raises:
        SessionError: no MP4, or one with fewer than two audio streams.
    """
    with open_song_file(path) as file:
        size = file.seek(0, 2)
        top = [b for b in _boxes(file, 0, size) if b[0] == b"moov"]
        inside = [b for moov in top for b in _boxes(file, *moov[1:])]
        streams = sum(_is_audio(file, box) for box in inside if box[0] == b"trak")
        named = _stem_names(file, [b for b in inside if b[0] == b"udta"])
    if streams < 2:
        raise SessionError(
            f"Expected a Stem file with a mix and four stems at {path}; it has {streams} audio "
            "streams. Export it again, or give a folder of the tracks."
        )
    tracks: list[TrackSource] = []
    taken: set[str] = set()
    for number in range(1, min(streams, _STEMS + 1)):
        name = plain_name(named[number - 1]) if number <= len(named) else ""
        name = name if name and name.casefold() not in taken else f"{name} Stem {number}".strip()
        taken.add(name.casefold())
        tracks.append(TrackSource(name, path, guess_group(name), stream=number))
    song = plain_name(path.name[: -len(STEM_SUFFIX)]) or "song"
    note = f"Stem file: its first audio stream is the mix, the next {len(tracks)} are the tracks"
    return Song(song, mix_path or path, tuple(tracks), (note, "groups from the stems' names"))


Box = tuple[bytes, int, int]


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """Yield the kind of each box of an MP4 between two places, and where its content lies."""
    for _ in range(_MOST_BOXES):
        if start + 8 > end:
            return
        file.seek(start)
        size, kind = struct.unpack(">I4s", file.read(8))
        head = 8
        if size == 1:
            large = file.read(8)
            size, head = (struct.unpack(">Q", large)[0] if len(large) == 8 else 0), 16
        elif size == 0:
            size = end - start
        if size < head or start + size > end:
            return
        yield kind, start + head, start + size
        start += size


def _is_audio(file: BinaryIO, trak: Box) -> bool:
    for mdia in (b for b in _boxes(file, *trak[1:]) if b[0] == b"mdia"):
        for hdlr in (b for b in _boxes(file, *mdia[1:]) if b[0] == b"hdlr"):
            file.seek(hdlr[1] + 8)
            return file.read(4) == b"soun"
    return False


def _stem_names(file: BinaryIO, udta: list[Box]) -> list[str]:
    """Return the names of the stems, none where the file does not tell them."""
    found = [b for box in udta for b in _boxes(file, *box[1:]) if b[0] == b"stem"]
    if not found or found[0][2] - found[0][1] > _MOST_JSON_BYTES:
        return []
    file.seek(found[0][1])
    try:
        table = json.loads(file.read(found[0][2] - found[0][1]))
        return [str(stem["name"]) for stem in table["stems"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        return []
