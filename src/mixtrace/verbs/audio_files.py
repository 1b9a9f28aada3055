"""Writing audio: 24 bit where the samples fit, floating point where they exceed full scale."""

from pathlib import Path

import numpy as np
import soundfile
from jaxtyping import Float

from mixtrace.errors import AudioError

__all__ = ["write_audio"]


def write_audio(path: Path, audio: Float[np.ndarray, "channel time"], sample_rate_hz: int) -> None:
    """Write a WAV file, whatever the path is called.

    Raises:
        AudioError: the file cannot be written.
    """
    subtype = "PCM_24" if np.max(np.abs(audio), initial=0.0) < 1.0 else "FLOAT"
    try:
        soundfile.write(path, audio.T, sample_rate_hz, format="WAV", subtype=subtype)
    except soundfile.SoundFileError as error:
        raise AudioError(
            f"Expected to write {path.parent}; it failed ({error}). "
            "Check that the folder exists and has room."
        ) from error
