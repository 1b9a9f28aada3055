"""Audio files of the kinds that FFmpeg writes, and instruments made by code."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile


@pytest.fixture(scope="session")
def write_av() -> Callable[..., None]:
    """Return a function that writes streams [channel, time] with one codec of FFmpeg."""

    def write(path: Path, form: str, codec: str, rate: int, *streams: np.ndarray) -> None:
        with av.open(str(path), "w", format=form) as container:
            layouts = ["mono" if len(samples) == 1 else "stereo" for samples in streams]
            outputs = [container.add_stream(codec, rate=rate, layout=name) for name in layouts]
            for output, samples, layout in zip(outputs, streams, layouts, strict=True):
                assert isinstance(output, av.AudioStream)
                output.bit_rate = 192_000
                for start in range(0, samples.shape[1], 4096):
                    block = np.ascontiguousarray(samples[:, start : start + 4096], np.float32)
                    frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=layout)
                    frame.sample_rate, frame.pts = rate, start
                    frame.time_base = Fraction(1, rate)
                    container.mux(output.encode(frame))
                container.mux(output.encode(None))

    return write


@pytest.fixture(scope="session")
def play() -> Callable[..., np.ndarray]:
    """Return a function that plays notes of noise at random, [1, time], another tune a seed."""

    def notes(
        seed: int, seconds: float = 14.0, rate: int = 22050, low_hz: float = 100.0, score: int = -1
    ) -> np.ndarray:
        """Play; two seeds with one score play the same rhythm on different strings."""
        time = round(seconds * rate)
        rhythm = np.random.default_rng(seed if score < 0 else score)
        spectrum = np.fft.rfft(np.random.default_rng(seed + 1000).standard_normal(time))
        frequency = np.fft.rfftfreq(time, 1.0 / rate)
        spectrum[(frequency < low_hz) | (frequency > 8.0 * low_hz)] = 0.0
        audio = np.fft.irfft(spectrum, time)
        level = np.full(time, 0.01)
        for start in rhythm.integers(0, time, round(1.5 * seconds)):
            after = np.arange(time - start) / rate
            level[start:] = np.maximum(level[start:], rhythm.uniform(0.3, 1.0) * np.exp(-6 * after))
        audio *= level
        return (0.1 * audio / audio.std()).astype(np.float32)[None]

    return notes


@pytest.fixture(scope="session")
def write_song() -> Callable[..., Path]:
    """Return a function that writes [channel, time] arrays as a song, the mix beside `tracks/`."""

    def write(folder: Path, **audio: np.ndarray) -> Path:
        (folder / "tracks").mkdir(exist_ok=True)
        for name, samples in audio.items():
            place = folder if name == "mix" else folder / "tracks"
            soundfile.write(place / f"{name}.wav", samples.T, 22050, subtype="FLOAT")
        return folder

    return write
