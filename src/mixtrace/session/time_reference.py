"""When a file says that it was recorded: the time reference of Broadcast Wave, or that of iXML.

Recorders and editors note at which sample since midnight a file begins, so that it can be put back
there. The note is a claim, nothing more: editors copy it from one file to the next. `references`
lets it propose a place, and the sound decides.

Only chunks' heads are read, and of two of them at most a megabyte, whatever lengths they claim.

Source: EBU Tech 3285, "Specification of the Broadcast Wave Format", 2011, section 2.3; Tech 3306
(RF64); iXML specification 3.01, SPEED. W64 as Sony Pictures Digital wrote it down in 2003.
"""

import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from mixtrace.session.opening import open_song_file

__all__ = ["read_start_s"]

_MOST_CHUNKS = 1000
_MOST_BYTES = 1 << 20
_UNKNOWN = 0xFFFFFFFF  # the length of a chunk that ds64 tells
_REFERENCE_AT = 338  # in bext, behind description, originator, its reference, date and time
_W64_TAIL = bytes.fromhex("f3acd3118cd100c04f8edb8a")  # of the 16 bytes that name a chunk there
_DAY_S = 86400.0


def read_start_s(path: Path) -> float | None:
    """Return how many seconds after midnight a file begins, None where it does not say.

    Args:
        path: any file; only WAV, RF64, BW64 and W64 can say it.
    """
    try:
        with open_song_file(path) as file:
            chunks = {name: file.read(size) for name, size in _wanted(file)}
    except OSError:
        return None
    layout = chunks.get(b"fmt ", b"")
    rate = int.from_bytes(layout[4:8], "little")
    start_s = _from_bext(chunks.get(b"bext", b""), rate)
    if start_s is None:
        start_s = _from_ixml(chunks.get(b"iXML", b""), rate)
    return start_s if start_s is not None and 0.0 <= start_s <= _DAY_S else None


def _wanted(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Yield name and length of the chunks to be read, the file standing at each one's content."""
    for name, at, size in _chunks(file):
        if name in (b"fmt ", b"bext", b"iXML"):
            file.seek(at)
            yield name, min(size, _MOST_BYTES)


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, first byte and length of every chunk."""
    start = file.read(16)
    end = file.seek(0, 2)
    sony = start[:4] == b"riff" and start[4:8] == b"\x2e\x91\xcf\x11"
    if not sony and start[:4] not in (b"RIFF", b"RF64", b"BW64"):
        return
    head, align = (24, 8) if sony else (8, 2)
    at, long_data = (40 if sony else 12), 0
    for _ in range(_MOST_CHUNKS):
        if at >= end:
            return
        file.seek(at)
        bytes_ = file.read(head)
        if len(bytes_) < head:
            return
        name = bytes_[:4] if not sony or bytes_[4:16] == _W64_TAIL else b""
        size = struct.unpack("<Q", bytes_[16:])[0] - head if sony else _length(bytes_, long_data)
        if size < 0:
            return
        if name == b"ds64":
            long_data = int.from_bytes(file.read(16)[8:], "little")
        yield name, at + head, size
        at += head + size + -size % align


def _length(head: bytes, long_data: int) -> int:
    """Return the length of a RIFF chunk; that of long data stands in an earlier one."""
    name, size = struct.unpack("<4sI", head)
    return long_data if name == b"data" and size == _UNKNOWN else size


def _from_bext(chunk: bytes, rate: int) -> float | None:
    if len(chunk) < _REFERENCE_AT + 8 or not rate:
        return None
    return struct.unpack_from("<Q", chunk, _REFERENCE_AT)[0] / rate


def _from_ixml(chunk: bytes, rate: int) -> float | None:
    """Return the start that iXML tells; looked for as text, so that no entity is ever expanded."""
    high = _number(chunk, b"TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_HI")
    low = _number(chunk, b"TIMESTAMP_SAMPLES_SINCE_MIDNIGHT_LO")
    rate = _number(chunk, b"TIMESTAMP_SAMPLE_RATE") or rate
    if low is None or not rate:
        return None
    return ((high or 0) * 2**32 + low) / rate


def _number(text: bytes, tag: bytes) -> int | None:
    found = re.search(rb"<%s>\s*(\d{1,10})\s*</%s>" % (tag, tag), text)
    return int(found[1]) if found else None
