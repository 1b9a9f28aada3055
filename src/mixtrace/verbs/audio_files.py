"""Writing audio: 24 bit where the samples fit, floating point where they exceed full scale."""

from pathlib import Path

import numpy as np
import soundfile
from jaxtyping import Float

from mixtrace.errors import AudioError

__all__ = ["write_audio", "write_float_audio"]


def write_audio(path: Path, audio: Float[np.ndarray, "channel time"], sample_rate_hz: int) -> None:
    """Write a WAV file, whatever the path is called.

    Raises:
        AudioError: the file cannot be written.
    """
    fits = np.max(np.abs(audio), initial=0.0) < 1.0
    _write(path, audio, sample_rate_hz, "PCM_24" if fits else "FLOAT")


def write_float_audio(
    path: Path, audio: Float[np.ndarray, "channel time"], sample_rate_hz: int
) -> None:
    """Write a WAV file of 32-bit floating-point samples.

    Raises:
        AudioError: the file cannot be written.
    """
    _write(path, audio, sample_rate_hz, "FLOAT")


def _write(
    path: Path, audio: Float[np.ndarray, "channel time"], sample_rate_hz: int, subtype: str
) -> None:
    try:
        soundfile.write(path, audio.T, sample_rate_hz, format="WAV", subtype=subtype)
    except soundfile.SoundFileError as error:
        raise AudioError(
            f"Expected to write {path.parent}; it failed ({error}). "
            "Check that the folder exists and has room."
        ) from error
