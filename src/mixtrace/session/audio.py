"""Audio files into float32 arrays, checked: what cannot be used is refused in one sentence."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from jaxtyping import Float

from mixtrace.errors import AudioError
from mixtrace.session.decoding import MOST_S, decode
from mixtrace.session.header import check_header, check_whole, expected_frames
from mixtrace.session.scratch import OnDisk, view_of
from mixtrace.session.time_reference import read_start_s

__all__ = ["Recording", "read_recording"]

_LOUDEST = 1000.0  # 60 dB above full scale: whole numbers that were stored as floats
_RINGING_S = 1.0  # read beyond what is wanted, so that its end is resampled as if all were there
_CLIP_LEVEL = 0.99


@dataclass(frozen=True, eq=False)
class Recording:
    """One audio file, read.

    Attributes:
        kept: samples at the rate asked for, [1 or 2, time]; `audio` shows them.
        duration_s: length of the whole file.
        file_rate_hz: the file's own rate.
        clipped_samples: samples of the file in flat runs of three or more at full scale.
        start_s: when it begins, in seconds after midnight, if the file says so.
    """

    kept: Float[np.ndarray, "channel time"] | OnDisk
    duration_s: float
    file_rate_hz: int
    clipped_samples: int
    start_s: float | None = None

    @property
    def audio(self) -> Float[np.ndarray, "channel time"]:
        """The samples; see `Track.audio`."""
        return view_of(self.kept)


def read_recording(
    path: Path,
    sample_rate_hz: int | None = None,
    *,
    right_path: Path | None = None,
    stream: int = 0,
    most_s: float = MOST_S,
) -> Recording:
    """Return a file's audio, resampled if a rate is asked for that is not its own.

    Two equal channels become one. Resampling has linear phase and adds no delay.

    Args:
        path: the file.
        sample_rate_hz: the rate wanted; None for the file's own.
        right_path: the right channel's file, where `path` is that of the left; both are mono.
        stream: which audio stream of the file.
        most_s: how much is wanted of it; what comes later is not read.

    Raises:
        AudioError: not audio, cut off or damaged, empty, more than two channels, a rate outside
            8-192 kHz, NaN or infinite samples, samples far beyond full scale, or halves that do
            not belong together.
    """
    audio, file_rate_hz, duration_s = _read_checked(path, stream, most_s)
    if right_path is not None:
        right, right_rate_hz, right_s = _read_checked(right_path, 0, most_s)
        audio = _joined((path, audio, file_rate_hz), (right_path, right, right_rate_hz))
        duration_s = max(duration_s, right_s)
    clipped = _count_clipped(audio)
    audio = _without_copy(audio)
    if sample_rate_hz is not None and sample_rate_hz != file_rate_hz:
        audio = soxr.resample(audio, file_rate_hz, sample_rate_hz, quality="VHQ")
    samples = np.ascontiguousarray(audio.T)
    samples = samples[:, : math.ceil(most_s * (sample_rate_hz or file_rate_hz))]
    return Recording(samples, duration_s, file_rate_hz, clipped, read_start_s(path))


def _read_checked(
    path: Path, stream: int, most_s: float
) -> tuple[Float[np.ndarray, "time channel"], int, float]:
    """Return the samples, the rate and the length in seconds of a file, of which all is checked."""
    audio, file_rate_hz, duration_s = _read(path, stream, most_s)
    _check_samples(audio, path)
    return audio, file_rate_hz, duration_s


def _without_copy(audio: Float[np.ndarray, "time channel"]) -> Float[np.ndarray, "time channels"]:
    """Return the first of two equal channels, or all."""
    same = audio.shape[1] == 2 and np.array_equal(audio[:, 0], audio[:, 1])
    return audio[:, :1] if same else audio


def _joined(*halves: tuple[Path, np.ndarray, int]) -> Float[np.ndarray, "time 2"]:
    """Return two mono recordings as one in stereo, the shorter padded with silence."""
    (left_path, left, left_rate), (right_path, right, right_rate) = halves
    names = f"{left_path} and {right_path.name}"
    left, right = _without_copy(left), _without_copy(right)
    for path, half in ((left_path, left), (right_path, right)):
        if half.shape[1] != 1:
            raise AudioError(
                f"Expected {names} to be the mono halves of one track, as their names say; "
                f"{path.name} is stereo. Rename one of them so that each is a track of its own."
            )
    if left_rate != right_rate:
        raise AudioError(
            f"Expected {names} at one sample rate, as they are halves of one track; they have "
            f"{left_rate} and {right_rate} Hz. Export them again."
        )
    joined = np.zeros((max(len(left), len(right)), 2), np.float32)
    joined[: len(left), 0], joined[: len(right), 1] = left[:, 0], right[:, 0]
    return joined


def _read(
    path: Path, stream: int, most_s: float
) -> tuple[Float[np.ndarray, "time channel"], int, float]:
    """Return a file's samples as far as they are wanted, its rate, and its length in seconds.

    They come in blocks: some headers claim any length.
    """
    with decode(path, stream) as (header, blocks):
        check_header(header, path)
        expected, rate = expected_frames(header), header.sample_rate_hz
        wanted = math.ceil((most_s + _RINGING_S) * rate)
        audio = _first_blocks(blocks, wanted, header.channels)
    if not len(audio):
        raise AudioError(f"Expected audio in {path}; the file is empty. Export it again.")
    check_whole(path, rate, expected, len(audio), wanted)
    return audio, rate, max(expected or 0, len(audio)) / rate


def _first_blocks(
    blocks: Iterator[Float[np.ndarray, "_time channel"]], wanted: int, channels: int
) -> Float[np.ndarray, "time channel"]:
    """Return the first samples of a file, as many as are wanted or there are."""
    read, length = [np.zeros((0, channels), np.float32)], 0
    for block in blocks:
        read.append(block)
        length += len(block)
        if length >= wanted:
            break
    return np.concatenate(read)


def _check_samples(audio: Float[np.ndarray, "time channel"], path: Path) -> None:
    peak = float(np.max(np.abs(audio)))
    if not np.isfinite(peak):
        first = int(np.argmin(np.isfinite(audio).all(axis=1)))
        raise AudioError(
            f"Expected finite samples; {path} has NaN or infinite ones, the first at sample "
            f"{first}. Export it again."
        )
    if peak > _LOUDEST:
        raise AudioError(
            f"Expected samples between -1 and 1; {path} reaches {peak:g}. Export it normalised."
        )


def _count_clipped(audio: Float[np.ndarray, "time channel"]) -> int:
    """Return how many samples lie in runs of three or more equal ones near full scale."""
    total = 0
    for channel in audio.T:
        same = (channel[1:] == channel[:-1]) & (np.abs(channel[1:]) >= _CLIP_LEVEL)
        triples = same[1:] & same[:-1]
        inside = np.zeros(len(channel), bool)
        for offset in range(3):
            inside[offset : offset + len(triples)] |= triples
        total += int(inside.sum())
    return total
