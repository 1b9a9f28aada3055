"""Audio files into float32 arrays, checked: what cannot be used is refused in one sentence."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from jaxtyping import Float

from mixtrace.errors import AudioError
from mixtrace.session.scratch import OnDisk, look_at

__all__ = ["HIGHEST_RATE_HZ", "LOWEST_RATE_HZ", "Recording", "check_rate", "read_recording"]

LOWEST_RATE_HZ = 8_000
HIGHEST_RATE_HZ = 192_000

_BLOCK = 1 << 20
_LOUDEST = 1000.0  # 60 dB above full scale: whole numbers that were stored as floats
_MISSING_S = 0.1  # a file that ends this much before its header says was cut off
_STREAMED_BYTES = 0x7FFF0000  # a header written before the length was known
_CLIP_LEVEL = 0.99


@dataclass(frozen=True, eq=False)
class Recording:
    """One audio file, read.

    Attributes:
        kept: samples at the rate asked for, [1 or 2, time]; `audio` shows them.
        duration_s: length of the whole file.
        file_rate_hz: the file's own rate.
        clipped_samples: samples of the file in flat runs of three or more at full scale.
    """

    kept: Float[np.ndarray, "channel time"] | OnDisk
    duration_s: float
    file_rate_hz: int
    clipped_samples: int

    @property
    def audio(self) -> Float[np.ndarray, "channel time"]:
        """The samples; see `Track.audio`."""
        return look_at(self.kept)


def check_rate(sample_rate_hz: int, where: str) -> None:
    """Raise AudioError unless the rate is one that can be used."""
    if not LOWEST_RATE_HZ <= sample_rate_hz <= HIGHEST_RATE_HZ:
        raise AudioError(
            f"Expected a sample rate of {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ} Hz; "
            f"{where} has {sample_rate_hz} Hz. Choose another rate."
        )


def read_recording(path: Path, sample_rate_hz: int | None = None) -> Recording:
    """Return a file's audio, resampled if a rate is asked for that is not its own.

    Two equal channels become one. Resampling has linear phase and adds no delay.

    Raises:
        AudioError: not audio, cut off or damaged, empty, more than two channels, a rate outside
            8-192 kHz, NaN or infinite samples, or samples far beyond full scale.
    """
    audio, file_rate_hz = _read_whole(path)
    _check_samples(audio, path)
    clipped = _count_clipped(audio)
    duration_s = len(audio) / file_rate_hz
    if audio.shape[1] == 2 and np.array_equal(audio[:, 0], audio[:, 1]):
        audio = audio[:, :1]
    if sample_rate_hz is not None and sample_rate_hz != file_rate_hz:
        audio = soxr.resample(audio, file_rate_hz, sample_rate_hz, quality="VHQ")
    return Recording(np.ascontiguousarray(audio.T), duration_s, file_rate_hz, clipped)


def _read_whole(path: Path) -> tuple[Float[np.ndarray, "time channel"], int]:
    """Return all samples and the rate of a file, in blocks: some headers claim any length."""
    try:
        with soundfile.SoundFile(path) as file:
            _check_header(file, path)
            expected, rate = _expected_frames(file), file.samplerate
            blocks = [file.read(_BLOCK, dtype="float32", always_2d=True)]
            while len(blocks[-1]) == _BLOCK:
                blocks.append(file.read(_BLOCK, dtype="float32", always_2d=True))
    except (soundfile.SoundFileError, OSError) as error:
        raise AudioError(
            f"Expected audio (WAV, AIFF, FLAC, OGG or MP3); {path} cannot be read or is damaged "
            f"({_reason(error)}). Export it again."
        ) from error
    audio = np.concatenate(blocks)
    if not len(audio):
        raise AudioError(f"Expected audio in {path}; the file is empty. Export it again.")
    if expected is not None and expected - len(audio) > _MISSING_S * rate:
        raise AudioError(
            f"Expected {expected / rate:.2f} s of audio in {path}, as its header says; it ends "
            f"after {len(audio) / rate:.2f} s. The file was cut off: copy or export it again."
        )
    return audio, rate


def _check_header(file: soundfile.SoundFile, path: Path) -> None:
    if file.channels > 2:
        raise AudioError(
            f"Expected mono or stereo; {path} has {file.channels} channels. "
            "Export it as separate files."
        )
    check_rate(file.samplerate, str(path))


def _expected_frames(file: soundfile.SoundFile) -> int | None:
    """Return how many frames a file should hold; None where its header cannot know.

    For WAV and AIFF, libsndfile shortens the count to what is there and notes the header's value
    in its log; for the compressed formats the count is the header's.
    """
    log = file.extra_info
    bytes_ = re.search(r"(?:data|SSND) *: (\d+) \(should be (\d+)\)", log)
    frames = re.search(r"frame count (\d+) does not match value from 'ds64' chunk of (\d+)", log)
    if bytes_ and int(bytes_[1]) < _STREAMED_BYTES and int(bytes_[2]) > 0:
        return file.frames * int(bytes_[1]) // int(bytes_[2])
    if frames:
        return int(frames[2])
    return file.frames if file.frames < 1 << 48 else None


def _reason(error: Exception) -> str:
    text = error.error_string if isinstance(error, soundfile.LibsndfileError) else str(error)
    return text.removeprefix("Error : ").rstrip(". ")


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
