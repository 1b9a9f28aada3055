"""Audio files of the kinds that FFmpeg writes."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest


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
