"""Where sound lies between left and right, and how its level moves, frame by frame."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from mixtrace.metrics.frames import FRAME_SAMPLES, HOP_SAMPLES, framed
from mixtrace.metrics.levels import integrated_loudness_lufs

__all__ = ["dynamics_db", "loudness_and_peak", "panning_rms"]

_LOUDNESS_FRAME_S, _LOUDNESS_HOP_S = 0.4, 0.2
_QUIETEST_LUFS = -70.0
_QUIETEST_SAMPLE = 1e-6
_LEAST_MAGNITUDE = 1e-20
_BAND_EDGES_HZ = (250.0, 2500.0)
_FRAMES_AT_ONCE = 1024


def loudness_and_peak(
    audio: Float[ndarray, "2 time"], sample_rate_hz: int
) -> Float[ndarray, "2 frame"]:
    """Return the loudness in LUFS and the largest sample in dBFS of frames of 0.4 s, 0.2 s apart.

    Both are -70 at least. Each frame is weighted and gated as if it were alone.

    Source: the automix toolkit's frames of 17,640 by 8,820 samples at 44.1 kHz; ITU-R BS.1770-4.
    """
    length, hop = (round(s * sample_rate_hz) for s in (_LOUDNESS_FRAME_S, _LOUDNESS_HOP_S))
    found = []
    for frame in np.moveaxis(framed(audio, length, hop), 1, 0):
        loudness_lufs = integrated_loudness_lufs(frame, sample_rate_hz)
        peak_dbfs = 20.0 * np.log10(max(float(np.abs(frame).max()), _QUIETEST_SAMPLE))
        found.append((_QUIETEST_LUFS if loudness_lufs is None else loudness_lufs, peak_dbfs))
    return np.maximum(np.array(found).T, _QUIETEST_LUFS)


def panning_rms(
    magnitudes: Float[ndarray, "2 frame bin"], sample_rate_hz: int
) -> Float[ndarray, "4 frame"]:
    """Return how far from the middle sound lies: of all bins, of lows, mids and highs.

    A bin of which left and right have the magnitudes l and r lies at 1 - 2 l r / (l² + r²): 0 in
    the middle, 1 where one side has all. Of the bins below 250 Hz, up to 2.5 kHz and above, the
    root mean square is taken.

    Source: G. Tzanetakis, R. Jones and K. McNally, Stereo Panning Features for Classifying
    Recording Production Style, 2007; frames and bands are the automix toolkit's. The paper's sign,
    which side it is, vanishes in the square.
    """
    left, right = np.maximum(magnitudes.astype(np.float64), _LEAST_MAGNITUDE)
    off_squared = np.square(1.0 - 2.0 * left * right / (left**2 + right**2))
    low, high = (int(edge * FRAME_SAMPLES / sample_rate_hz) for edge in _BAND_EDGES_HZ)
    top = int((sample_rate_hz // 2) * FRAME_SAMPLES / sample_rate_hz)
    bands = ((0, top), (0, low), (low, high), (high, top))
    return np.sqrt(np.stack([off_squared[:, a:b].mean(-1) for a, b in bands]))


def dynamics_db(audio: Float[ndarray, "channel time"]) -> Float[ndarray, "3 channel frame"]:
    """Return the RMS level in dBFS, the dynamic spread and the crest factor in dB of each frame.

    The spread is how far the mean level of the samples lies below the RMS level; the crest factor
    is how far the largest one lies above it. A sample counts as -120 dBFS at least.

    Source: Z. Ma et al., Intelligent Multitrack Dynamic Range Compression, 2015, as the automix
    toolkit takes them: it does not take magnitudes in the spread. It lets a sample of zero count as
    -600 dBFS; a file of 16 bit has such samples in every quiet place, one of 24 bit has none, so
    that its spread would tell the format.
    """
    frames = framed(audio, FRAME_SAMPLES, HOP_SAMPLES)
    blocks = []
    for start in range(0, frames.shape[1], _FRAMES_AT_ONCE):
        block = np.abs(frames[:, start : start + _FRAMES_AT_ONCE]).astype(np.float64)
        rms_dbfs = _dbfs(np.sqrt(np.square(block).mean(-1)))
        spread_db = rms_dbfs - _dbfs(block).mean(-1)
        blocks.append(np.stack((rms_dbfs, spread_db, _dbfs(block.max(-1)) - rms_dbfs)))
    return np.concatenate(blocks, -1)


def _dbfs(amplitude: Float[ndarray, "*any"]) -> Float[ndarray, "*any"]:
    return 20.0 * np.log10(np.maximum(amplitude, _QUIETEST_SAMPLE))
