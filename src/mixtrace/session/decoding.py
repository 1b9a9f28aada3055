"""Foreign audio files, decoded in processes of their own that can be given up.

Every file is looked at first (`containers`); what no decoder is known for is never opened.
"""

import atexit
import json
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from mixtrace.errors import AudioError
from mixtrace.session.containers import Opening, look_into

__all__ = ["MOST_S", "MOST_SAMPLES", "Header", "decode", "release_decoders", "waiting_decoders"]

MOST_S = 6 * 3600
"""No song is longer; a header or a small file that claims more is a mistake or a trap."""
MOST_SAMPLES = 1 << 30
"""Of all channels, 4 GiB: 3 hours in stereo at 44.1 kHz."""

_HARMLESS_SAMPLES = 1 << 28  # 1 GiB
_MOST_PER_BYTE = 100  # samples: speech in Opus has some sixty, only silence more

PATIENCE_S = 20.0
"""For one step: opening, or a few seconds of audio. A disk that has to wake up takes ten."""

_PROGRAM = "import runpy, sys; sys.path[:] = sys.argv[2:]; runpy.run_path(sys.argv[1])['serve']()"
_HEADER = struct.Struct("<cQ")
_LONGEST_MESSAGE = 1 << 28
_PIPE_BYTES = 1 << 20  # the most Linux gives to everyone; sixteen times fewer turns for a block
_NO_PYAV = "av"
_OTHER_DECODER_CODES = (1, 4, 64, 161)
"""Libsndfile's: format not recognised, encoding not supported, `fmt ` of a kind it does not know,
FLAC in an Ogg file of another program."""


@dataclass(frozen=True)
class Header:
    """What a file says of itself.

    Attributes:
        sample_rate_hz: its rate.
        channels: its channels.
        frames: how many samples a channel has, None where the file cannot know.
        log: what libsndfile noted of its chunks.
    """

    sample_rate_hz: int
    channels: int
    frames: int | None
    log: str


@contextmanager
def decode(
    path: Path, stream: int = 0
) -> Iterator[tuple[Header, Iterator[Float[np.ndarray, "time channel"]]]]:
    """Give a file's header and its blocks of samples, which may go unread.

    Args:
        path: the file.
        stream: which of its audio streams, where it can have several.

    Raises:
        AudioError: no audio file, damaged, or one that the decoder hangs or fails on; more than six
            hours or 2^30 samples.
    """
    opening = look_into(path)
    decoder = _take()
    try:
        header = _open(decoder, path, opening, stream)
        yield header, _blocks(decoder, path, header)
        decoder.leave()
    except AudioError:
        decoder.leave()
        raise
    finally:
        if decoder.ready:
            _idle.append(decoder)
        else:
            decoder.close()


def release_decoders() -> None:
    """End the processes that wait for the next file."""
    while _idle:
        _idle.pop().close()


def waiting_decoders() -> Sequence["_Decoder"]:
    """Return the processes that wait for the next file."""
    return tuple(_idle)


def _take() -> "_Decoder":
    """Return a process that waits and lives, or a new one."""
    while True:
        try:
            decoder = _idle.pop()
        except IndexError:
            return _Decoder()
        if decoder.lives:
            return decoder
        decoder.close()


class _Failed(Exception):
    """What a decoder answered instead of audio."""

    def __init__(self, reason: str, code: int | str | None = None) -> None:
        super().__init__(reason.removeprefix("Error : ").rstrip(". "))
        self.code = code


class _Decoder:
    """A process that runs `decoder`."""

    def __init__(self) -> None:
        program = str(Path(__file__).with_name("decoder.py"))
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, program, *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pipesize=_PIPE_BYTES,
        )
        self.ready, self._waits = True, False

    @property
    def lives(self) -> bool:
        """Whether nothing has ended the process."""
        return self._process.poll() is None

    @property
    def process_id(self) -> int:
        """The number the system gave the process."""
        return self._process.pid

    def leave(self) -> None:
        """Tell the process to close a file of which only the header was asked for."""
        if self._waits:
            self._waits = False
            self.ready = self._tell("stop")

    def ask(self, line: str) -> None:
        """Send one line, to which there will be answers."""
        self.ready = self._waits = False
        if not self._tell(line):
            raise _Failed("its decoder has crashed")

    def answer(self) -> tuple[bytes, Any]:
        """Return the letter of the next message, and its table or its bytes as float32."""
        assert isinstance(self._process.stdout, BufferedReader)
        head = self._process.stdout.read(_HEADER.size)
        kind, length = _HEADER.unpack(head) if len(head) == _HEADER.size else (b"", 0)
        if not kind or length > _LONGEST_MESSAGE:
            raise _Failed("its decoder hangs or crashes on it")
        content = np.empty(length, np.uint8)
        if self._process.stdout.readinto(content.data) != length:
            raise _Failed("its decoder hangs or crashes on it")
        self.ready, self._waits = kind in (b"E", b"X"), kind == b"H"
        if kind == b"X":
            table = json.loads(content.tobytes())
            raise _Failed(table["error"], table["code"])
        return kind, json.loads(content.tobytes()) if kind == b"H" else content.view(np.float32)

    def _tell(self, line: str) -> bool:
        """Send one line; return whether the process still lives."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            return False
        return True

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            try:
                if pipe is not None:
                    pipe.close()
            except OSError:  # what was not yet written to a process that has crashed
                pass


_idle: list[_Decoder] = []
atexit.register(release_decoders)


def _open(decoder: _Decoder, path: Path, opening: Opening, stream: int) -> Header:
    """Return the header, with the second decoder where the first does not know the encoding."""
    for way in opening.ways:
        request = {"path": str(path), "way": way, "formats": opening.formats, "stream": stream}
        try:
            decoder.ask(json.dumps({**request, "patience_s": PATIENCE_S}))
            table = decoder.answer()[1]
        except _Failed as failed:
            if failed.code in _OTHER_DECODER_CODES and way != opening.ways[-1]:
                continue
            if failed.code == _NO_PYAV:
                raise AudioError(
                    f"Expected PyAV, which {path} needs: libsndfile does not know what it is. "
                    "Install it with: pip install av. Or export the file again, as WAV."
                ) from failed
            raise _unreadable(path, str(failed)) from failed
        header = Header(table["rate"], table["channels"], table["frames"], table["log"])
        _check_length(path, header, header.frames or 0)
        return header
    raise _unreadable(path, "no decoder is known for it")


def _blocks(
    decoder: _Decoder, path: Path, header: Header
) -> Iterator[Float[np.ndarray, "time channel"]]:
    total = 0
    try:
        decoder.ask("read")
        while True:
            kind, samples = decoder.answer()
            if kind == b"E":
                return
            total += len(samples) // header.channels
            _check_length(path, header, total)
            yield samples.reshape(-1, header.channels)
    except _Failed as failed:
        raise _unreadable(path, str(failed)) from failed


def _check_length(path: Path, header: Header, frames: int) -> None:
    samples = frames * max(header.channels, 1)
    too_long = frames > MOST_S * max(header.sample_rate_hz, 1) or samples > MOST_SAMPLES
    if too_long:
        raise AudioError(
            f"Expected at most {MOST_S // 3600} hours of audio and {MOST_SAMPLES} samples in "
            f"{path}; it has {frames} samples at {header.sample_rate_hz} Hz or claims so. "
            "Export the song alone."
        )
    if samples > _HARMLESS_SAMPLES and samples > _MOST_PER_BYTE * _held_bytes(path):
        raise AudioError(
            f"Expected as much audio as fits into {path}; a file so small has or claims {samples} "
            "samples. Export the song alone, as WAV if it is meant to be silent."
        )


def _held_bytes(path: Path) -> int:
    """Return how much of a file lies on disk: a sparse one claims more."""
    found = path.stat()
    return min(found.st_size, 512 * getattr(found, "st_blocks", 0) or found.st_size)


def _unreadable(path: Path, reason: str) -> AudioError:
    return AudioError(
        f"Expected audio (WAV, AIFF, FLAC, OGG, MP3, CAF, M4A and the like); {path} cannot be read "
        f"or is damaged ({reason}). Export it again, as WAV if in doubt."
    )
