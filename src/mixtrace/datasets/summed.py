"""The mix of a song that has none: the sum of its tracks, made block by block."""

import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO

import numpy as np
from jaxtyping import Float

from mixtrace.errors import AudioError
from mixtrace.session.decoding import decode
from mixtrace.session.header import check_header
from mixtrace.session.scratch import no_room, scratch_folder
from mixtrace.stopping import check
from mixtrace.store.audio_files import write_float_audio

__all__ = ["write_sum"]

_BLOCK = 1 << 18  # samples
_FRAME_BYTES = 8  # of two channels of float32


def write_sum(paths: Sequence[Path], target: Path) -> None:
    """Write the sum of audio files in floating point and stereo, as long as the longest.

    One file after another is added to what is on the disk, so memory holds a block of one. Mono
    files go to both channels.

    Args:
        paths: files of one sample rate.
        target: the file to write.

    Raises:
        AudioError: a file that cannot be used, or of another rate than the first.
        SessionError: there is no room.
    """
    try:
        with TemporaryFile(dir=scratch_folder()) as total:
            rate = 0
            for path in paths:
                rate = _add(path, total, rate)
            _write(total, target, rate)
    except OSError as error:
        raise no_room(error) from error


def _add(path: Path, total: BinaryIO, rate: int) -> int:
    """Add a file to the sum; return its rate, which is that of the others."""
    with decode(path) as (header, blocks):
        check_header(header, path)
        if rate and header.sample_rate_hz != rate:
            raise AudioError(
                f"Expected the tracks of a song at one sample rate; {path} has "
                f"{header.sample_rate_hz} Hz, others {rate} Hz. Resample it, or leave the song out."
            )
        total.seek(0)
        for block in blocks:
            check()
            for start in range(0, len(block), _BLOCK):
                _add_block(block[start : start + _BLOCK], total)
    return header.sample_rate_hz


def _add_block(block: Float[np.ndarray, "time channel"], total: BinaryIO) -> None:
    """Add samples where the sum stands, and go on behind them."""
    at = total.tell()
    stereo = np.repeat(block, 2, axis=1) if block.shape[1] == 1 else block
    summed = np.array(stereo, np.float32)
    there = np.frombuffer(total.read(summed.nbytes), np.float32).reshape(-1, 2)
    summed[: len(there)] += there
    total.seek(at)
    total.write(summed.tobytes())


def _write(total: BinaryIO, target: Path, rate: int) -> None:
    """Write the sum as a file of audio; it is mapped, not held."""
    frames = total.seek(0, os.SEEK_END) // _FRAME_BYTES
    if not frames:
        raise AudioError(f"Expected audio in the tracks of {target.parent}; all of them are empty.")
    total.flush()
    summed = np.memmap(total, np.float32, "r", shape=(frames, 2))
    write_float_audio(target, summed.T, rate)
