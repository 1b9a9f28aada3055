"""Writing audio: 24 bit where the samples fit, floating point where they exceed full scale."""

from pathlib import Path

import numpy as np
import scipy.io.wavfile
import soundfile
from jaxtyping import Float

from mixtrace.errors import AudioError
from mixtrace.store.temporary import naming

__all__ = ["write_audio", "write_float_audio"]


def write_audio(path: Path, audio: Float[np.ndarray, "channel time"], sample_rate_hz: int) -> None:
    """Write a WAV file, whatever the path is called.

    Raises:
        AudioError: samples are NaN or infinite.
        OSError: the file cannot be written.
    """
    peak = float(np.max(np.abs(audio), initial=0.0))
    if not np.isfinite(peak):
        raise AudioError(
            f"Expected finite samples to write to {path.parent}; the processors amplify beyond "
            "what numbers hold. Lower the gains of the graph."
        )
    if peak >= 1.0:
        write_float_audio(path, audio, sample_rate_hz)
        return
    # Libsndfile gets the open file: it cannot be told a path that is no text.
    with naming(path), path.open("wb") as file:
        form = {"format": "WAV", "subtype": "PCM_24", "closefd": False}
        soundfile.write(file.fileno(), audio.T, sample_rate_hz, **form)


def write_float_audio(
    path: Path, audio: Float[np.ndarray, "channel time"], sample_rate_hz: int
) -> None:
    """Write a WAV file of 32-bit floating-point samples.

    libsndfile would write the time of day into it, so that no two files of one sound were equal.

    Raises:
        OSError: the file cannot be written.
    """
    with naming(path):
        scipy.io.wavfile.write(path, sample_rate_hz, np.ascontiguousarray(audio.T, np.float32))
