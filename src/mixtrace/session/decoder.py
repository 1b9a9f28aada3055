"""The process that opens foreign files: it can hang, crash or run out of memory, and only it does.

It is run from this file alone and imports nothing of mixtrace, so that it starts fast. A request
is a line of JSON on its standard input, `{"path", "way", "formats", "stream", "patience_s"}`; the
answers on its standard output are messages of a letter, a length (8 bytes) and so many bytes:

    H  a table of JSON: rate, channels, frames (what the header says, or null), log
    D  samples, float32, frame by frame; they follow when the request goes on with `read`
    E  nothing: that was all of them
    X  a table of JSON: error (a few words), code (libsndfile's; `av` without PyAV; null)

A step that takes longer than the patience ends the process, even inside a library's endless loop.
"""

import faulthandler
import json
import os
import signal
import struct
import sys
from collections.abc import Generator
from typing import Any, BinaryIO

__all__ = ["serve"]

_BLOCK = 1 << 18
_MOST_BYTES = 400_000_000  # of memory beyond what the process starts with
_SOUNDFILE_FORMATS = frozenset(
    "WAV WAVEX RF64 W64 AIFF SVX CAF FLAC OGG AU VOC NIST AVR PAF PVF IRCAM MP3".split()
)
"""What libsndfile may take a file for, in its names; it knows others, which nobody hands in."""

_EXACT_LENGTH = ("mov,mp4,m4a,3gp,3g2,mj2", "ape", "wv", "tta", "tak", "caf", "wav", "w64", "aiff")
"""Formats of FFmpeg whose duration is no estimate."""


def serve() -> None:
    """Answer requests until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    nowhere = open(os.devnull, "w")
    import numpy  # noqa: F401 (what is loaded now does not count as a file's memory)
    import soundfile  # noqa: F401

    _limit_memory()
    while line := requests.readline():
        try:
            request = json.loads(line)
            faulthandler.dump_traceback_later(request["patience_s"], exit=True, file=nowhere)
            source = _with_av(request) if request["way"] == "av" else _with_soundfile(request)
            _send(answers, b"H", json.dumps(next(source)).encode())
            faulthandler.cancel_dump_traceback_later()
            if requests.readline() != b"read\n":
                source.close()
                continue
            _send_blocks(answers, source, request["patience_s"], nowhere)
        except Exception as error:  # of any kind: the libraries' own are many
            faulthandler.cancel_dump_traceback_later()
            _send(answers, b"X", json.dumps(_reason(error)).encode())


def _send_blocks(
    answers: BinaryIO, source: Generator[Any, None, None], patience_s: float, nowhere: Any
) -> None:
    while True:
        faulthandler.dump_traceback_later(patience_s, exit=True, file=nowhere)
        block = next(source, None)
        faulthandler.cancel_dump_traceback_later()
        if block is None:
            break
        _send(answers, b"D", memoryview(block).cast("B"))
    _send(answers, b"E", b"")


def _send(answers: BinaryIO, kind: bytes, content: Any) -> None:
    answers.write(kind + struct.pack("<Q", len(content)))
    answers.write(content)
    answers.flush()


def _reason(error: Exception) -> dict[str, Any]:
    text = getattr(error, "error_string", None) or getattr(error, "strerror", None) or str(error)
    if isinstance(error, MemoryError):
        text = "it asks for too much memory"
    missing = isinstance(error, ImportError) and error.name == "av"
    return {"error": str(text)[:300], "code": "av" if missing else getattr(error, "code", None)}


def _limit_memory() -> None:
    """Let what a file asks for fail instead of filling the machine, where this is Linux."""
    if not sys.platform.startswith("linux"):
        return
    import resource

    with open("/proc/self/status") as status:
        used = next(int(line.split()[1]) for line in status if line.startswith("VmData"))
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    limit = 1024 * used + _MOST_BYTES
    limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def _with_soundfile(request: dict[str, Any]) -> Generator[Any, None, None]:
    """Yield the header, then blocks [time, channel] of float32, as libsndfile reads them."""
    import soundfile

    # Libsndfile gets the open file: it cannot be told a path that is no text.
    with (
        open(request["path"], "rb") as raw,
        soundfile.SoundFile(raw.fileno(), closefd=False) as file,
    ):
        if file.format not in _SOUNDFILE_FORMATS:
            raise ValueError(f"{file.format} is no format that is read")
        yield {
            "rate": file.samplerate,
            "channels": file.channels,
            "frames": file.frames if file.frames < 1 << 48 else None,
            "log": file.extra_info,
        }
        while True:
            block = file.read(_BLOCK, dtype="float32", always_2d=True)
            if len(block):
                yield block
            if len(block) < _BLOCK:
                return


def _with_av(request: dict[str, Any]) -> Generator[Any, None, None]:
    """Yield the header, then blocks [time, channel] of float32, as FFmpeg reads them.

    FFmpeg leaves out the samples that the file declares as its encoder's delay and padding. What
    may be opened is a list of formats: among its others are playlists that lead to other files.
    """
    import av

    options = {"format_whitelist": request["formats"], "protocol_whitelist": "file"}
    with av.open(request["path"], options=options) as container:
        streams = container.streams.audio
        if request["stream"] >= len(streams):
            raise ValueError(f"it has {len(streams)} audio streams")
        stream = streams[request["stream"]]
        stream.thread_type = "NONE"
        frames = container.decode(stream)
        first = next(frames, None)
        if first is None:
            raise ValueError("there is no audio in it")
        rate, channels = first.sample_rate, len(first.layout.channels)
        exact = container.format.name in _EXACT_LENGTH and stream.duration and stream.time_base
        length = round(stream.duration * stream.time_base * rate) if exact else None
        yield {"rate": rate, "channels": channels, "frames": length, "log": ""}
        is_mp4 = container.format.name == _EXACT_LENGTH[0]
        late = round(first.pts * first.time_base * rate) if is_mp4 and first.pts else 0
        yield from _silence(late, channels)
        # The last packet of an MP4 is longer than the song, whose length is given in milliseconds.
        left = length + max(late, 0) + rate // 1000 if is_mp4 and length is not None else None
        while first is not None:
            if (first.sample_rate, len(first.layout.channels)) != (rate, channels):
                raise ValueError("its rate or channels change on the way")
            block = _as_float(first, channels)[:left]
            left = None if left is None else left - len(block)
            if len(block):
                yield block
            first = next(frames, None)


def _silence(frames: int, channels: int) -> Generator[Any, None, None]:
    """Yield what an MP4 that starts late has before it."""
    import numpy as np

    while frames > 0:
        yield np.zeros((min(frames, _BLOCK), channels), np.float32)
        frames -= _BLOCK


def _as_float(frame: Any, channels: int) -> Any:
    """Return a frame of FFmpeg as [time, channel] of float32, full scale at 1."""
    import numpy as np

    samples = frame.to_ndarray()
    samples = samples.T if frame.format.is_planar else samples.reshape(-1, channels)
    kind = samples.dtype
    if kind == np.uint8:
        samples = (samples.astype(np.float32) - 128) / 128
    elif np.issubdtype(kind, np.integer):
        samples = samples * np.float32(2.0 ** (1 - 8 * kind.itemsize))
    return np.ascontiguousarray(samples, np.float32)
