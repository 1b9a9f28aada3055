"""What the header of an audio file promises, without a sample of it being decoded."""

import re
from dataclasses import dataclass
from pathlib import Path

from mixtrace.errors import AudioError
from mixtrace.session.decoding import Header, decode

__all__ = [
    "HIGHEST_RATE_HZ",
    "LOWEST_RATE_HZ",
    "FileHeader",
    "check_header",
    "check_rate",
    "check_whole",
    "expected_frames",
    "read_header",
]

LOWEST_RATE_HZ = 8_000
HIGHEST_RATE_HZ = 192_000

_MISSING_S = 0.1  # a file that ends this much before its header says was cut off
_STREAMED_BYTES = 0x7FFF0000  # a header written before the length was known


@dataclass(frozen=True)
class FileHeader:
    """What an audio file says of itself.

    Attributes:
        sample_rate_hz: its rate.
        channels: 1 or 2.
        frames: how many samples a channel has; None where the file does not tell it.
    """

    sample_rate_hz: int
    channels: int
    frames: int | None

    @property
    def seconds(self) -> float:
        """How long it is, 0 where it does not tell."""
        return (self.frames or 0) / self.sample_rate_hz


def read_header(path: Path, stream: int = 0) -> FileHeader:
    """Return what a file says of itself, checked as far as that goes without decoding it.

    Args:
        path: the file.
        stream: which of its audio streams.

    Raises:
        AudioError: no audio file, empty, cut off as far as its length tells, more than two
            channels, or a rate outside 8-192 kHz.
        SessionError: a pipe, a device or a socket.
    """
    with decode(path, stream) as (header, _):
        check_header(header, path)
    expected = expected_frames(header)
    if expected == 0 or header.frames == 0:
        raise AudioError(f"Expected audio in {path}; the file is empty. Export it again.")
    if header.frames is not None:
        check_whole(path, header.sample_rate_hz, expected, header.frames)
    return FileHeader(header.sample_rate_hz, header.channels, expected)


def check_rate(sample_rate_hz: int, came: str = "got") -> None:
    """Raise AudioError unless the rate is one that can be used; `came` says where it is from."""
    if not LOWEST_RATE_HZ <= sample_rate_hz <= HIGHEST_RATE_HZ:
        raise AudioError(
            f"Expected a sample rate of {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ} Hz; "
            f"{came} {sample_rate_hz} Hz. Choose another rate."
        )


def check_header(header: Header, path: Path) -> None:
    """Raise AudioError unless the channels and the rate are such as can be used."""
    if not 1 <= header.channels <= 2:
        raise AudioError(
            f"Expected mono or stereo; {path} has {header.channels} channels. "
            "Export it as separate files."
        )
    check_rate(header.sample_rate_hz, f"{path} has")


def expected_frames(header: Header) -> int | None:
    """Return how many frames a file should hold; None where its header cannot know.

    For files without compression, libsndfile shortens the count to what is there and notes the
    header's value in its log; for the others the count is the header's.
    """
    chunk = r"(?:data|SSND|BODY|Data Size|riff) *: (\d+) \(should be (\d+)\)"
    bytes_ = re.search(chunk, header.log)
    frames = re.search(
        r"frame count (\d+) does not match value from 'ds64' chunk of (\d+)", header.log
    )
    known = header.frames
    if known and bytes_ and int(bytes_[1]) < _STREAMED_BYTES and int(bytes_[2]) > 0:
        return known * int(bytes_[1]) // int(bytes_[2])
    return int(frames[2]) if frames else known


def check_whole(
    path: Path, sample_rate_hz: int, expected: int | None, found: int, wanted: int | None = None
) -> None:
    """Raise AudioError where a file ends long before its header says.

    Args:
        path: the file.
        sample_rate_hz: its rate.
        expected: how many frames it should hold, None where nobody knows.
        found: how many it holds.
        wanted: how many were looked for; None for all.
    """
    if expected is None:
        return
    missing = min(expected, expected if wanted is None else wanted) - found
    if missing > _MISSING_S * sample_rate_hz:
        raise AudioError(
            f"Expected {expected / sample_rate_hz:.2f} s of audio in {path}, as its header says; "
            f"it ends after {found / sample_rate_hz:.2f} s. The file was cut off: copy or export "
            "it again."
        )
