"""What the features of mixes have in common: the part compared, frames, moving averages, errors."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float
from numpy import ndarray
from scipy.fft import rfft
from scipy.signal.windows import hann

__all__ = [
    "AVERAGED_FRAMES",
    "FRAME_SAMPLES",
    "HOP_SAMPLES",
    "framed",
    "moving_average",
    "percentage_error",
    "sounding_range",
    "spectra",
]

FRAME_SAMPLES, HOP_SAMPLES = 4096, 1024
AVERAGED_FRAMES = 40

_SOUNDING_DB = 45.0
_LEAST_RMS = 1e-5
_FRAMES_AT_ONCE = 256


def sounding_range(audio: Float[ndarray, "channel time"]) -> tuple[int, int]:
    """Return first sample and end of what is within 45 dB of the loudest frame.

    A frame of 4096 samples lies around every 1024th sample and is as loud as its loudest channel.

    Args:
        audio: The target, [channel, time].

    Returns:
        The range; empty where all is silent.

    Source: `librosa.effects.trim`, which evaluations of automatic mixes use with these numbers; the
    automix toolkit itself leaves it to sox, which trims what is 60 dB below full scale.
    """
    channels, length = audio.shape
    half = FRAME_SAMPLES // 2
    energy = np.zeros((channels, length + 1))
    np.cumsum(np.square(audio, dtype=np.float64), axis=-1, out=energy[:, 1:])
    centres = np.arange(0, length + 1, HOP_SAMPLES)
    first, end = np.maximum(centres - half, 0), np.minimum(centres + half, length)
    rms = np.sqrt(np.maximum(energy[:, end] - energy[:, first], 0.0) / FRAME_SAMPLES).max(0)
    if rms.max() == 0.0:
        return 0, 0
    floor = max(rms.max(), _LEAST_RMS) * 10.0 ** (-_SOUNDING_DB / 20.0)
    (loud,) = np.nonzero(np.maximum(rms, _LEAST_RMS) > floor)
    return int(loud[0]) * HOP_SAMPLES, min(length, (int(loud[-1]) + 1) * HOP_SAMPLES)


def framed(
    audio: Float[ndarray, "channel time"], length_samples: int, hop_samples: int
) -> Float[ndarray, "channel frame {length_samples}"]:
    """Return a view of whole frames; the rest at the end is in none."""
    every = np.lib.stride_tricks.sliding_window_view(audio, length_samples, axis=-1)
    return every[:, ::hop_samples]


def spectra(
    audio: Float[ndarray, "channel time"],
) -> Iterator[Float[ndarray, "channel _frame 2049"]]:
    """Yield the magnitudes of frames, some hundred at once; the window is the root of Hann's."""
    window = np.sqrt(hann(FRAME_SAMPLES, sym=False)).astype(np.float32)
    frames = framed(audio, FRAME_SAMPLES, HOP_SAMPLES)
    for start in range(0, frames.shape[1], _FRAMES_AT_ONCE):
        block = rfft(frames[:, start : start + _FRAMES_AT_ONCE] * window)
        yield np.abs(np.asarray(block)).astype(np.float32)


def moving_average(series: Float[ndarray, "*of frame"]) -> Float[ndarray, "*of average"]:
    """Return the means of every 40 neighbouring frames; of all where there are fewer.

    >>> moving_average(np.arange(41.0))
    array([19.5, 20.5])
    """
    if series.shape[-1] <= AVERAGED_FRAMES:
        return series.mean(-1, keepdims=True)
    total = np.cumsum(np.insert(series, 0, 0.0, axis=-1), axis=-1, dtype=np.float64)
    return (total[..., AVERAGED_FRAMES:] - total[..., :-AVERAGED_FRAMES]) / AVERAGED_FRAMES


def percentage_error(
    *, target: Float[ndarray, " average"], estimate: Float[ndarray, " average"]
) -> float | None:
    """Return the mean of |estimate - target| over |target|, in percent.

    Returns:
        None where there is nothing to divide by.

    >>> percentage_error(target=np.array([1.0, 2.0]), estimate=np.array([1.5, 2.0]))
    25.0
    """
    some = np.abs(target) > np.finfo(np.float64).eps
    if not some.any():
        return None
    return float(100.0 * np.mean(np.abs(estimate[some] - target[some]) / np.abs(target[some])))
