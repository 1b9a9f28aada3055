"""Gains of all tracks in each frame of a song, by windowed least squares.

In frame n the gains of one side are those that leave the least of

    sum over t of w(t - n hop)^2 (y(t) - sum over k of g_k(n) x_k(t))^2,    g_k(n) >= 0,

w a Hann window of two hops. A fader turns nothing over, so no gain is below zero.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mixtrace.captured.channels import Channels

__all__ = ["frame_gains", "frame_moments_s"]

_AT_ONCE_VALUES = 5_000_000
_SOUNDS = 1e-8  # of a track's mean energy in a frame: with less (-80 dB) a frame tells no gain
_SWEEPS = 2000
_SETTLED = 1e-7  # of the largest gain: changes below end the sweeps
_EMPTY = 1e-20  # keeps what is silent from dividing by nothing


def frame_moments_s(time: int, hop: int, sample_rate_hz: int) -> Float[np.ndarray, " frame"]:
    """Return the middle of each frame."""
    return (np.arange(_count(time, hop)) * hop) / sample_rate_hz


def frame_gains(
    dry: Channels,
    rows: Sequence[int],
    wet: Float[Tensor, " time"],
    hop: int,
    heard: Bool[Tensor, " time"] | None = None,
) -> tuple[Float[np.ndarray, "track frame"], Bool[np.ndarray, "track frame"]]:
    """Return the gains of all tracks towards one channel of the mix, and which of them were read.

    What could not be read, where a track is silent or the mix is not heard, is what lines in dB
    between the nearest that could make it; 0 throughout for a track that never sounds.

    Args:
        dry: channels of the tracks.
        rows: which of them is heard on this side, one of each track.
        wet: the channel of the mix, as long.
        hop: samples from frame to frame; a frame lasts two, its middle at a multiple.
        heard: which samples count, None for all; a frame counts as a whole or not.
    """
    count = _count(dry.time, hop)
    gram = np.empty((count, len(rows), len(rows)))
    cross = np.empty((count, len(rows)))
    counted = np.ones(count, dtype=bool)
    for frames in _portions(count, len(dry), hop):
        parts = _frames(dry, rows, wet, frames, hop)
        products = (parts @ parts.transpose(1, 2)).numpy()
        gram[frames], cross[frames] = products[:, :-1, :-1], products[:, :-1, -1]
    if heard is not None:
        counted = _whole(heard, count, hop)
    energy = np.diagonal(gram, axis1=1, axis2=2).T
    read = (energy > _SOUNDS * energy.mean(1, keepdims=True)) & counted
    return _between(_solved(gram, cross).T, read), read


def _count(time: int, hop: int) -> int:
    return time // hop + 1


def _portions(count: int, tracks: int, hop: int) -> Iterator[slice]:
    at_once = max(1, _AT_ONCE_VALUES // (2 * hop * (tracks + 1)))
    for first in range(0, count, at_once):
        yield slice(first, min(first + at_once, count))


def _frames(
    dry: Channels, rows: Sequence[int], wet: Float[Tensor, " time"], frames: slice, hop: int
) -> Float[Tensor, "frame signal sample"]:
    """Return frames of the tracks, the mix last, under the window."""
    begin, end = (frames.start - 1) * hop, frames.stop * hop
    mix = Channels([wet[None].numpy()], [1])
    both = torch.cat((dry.part(begin, end)[list(rows)], mix.part(begin, end))).double()
    window = torch.hann_window(2 * hop, dtype=torch.float64)
    return (both.unfold(-1, 2 * hop, hop) * window).transpose(0, 1)


def _whole(heard: Bool[Tensor, " time"], count: int, hop: int) -> Bool[np.ndarray, " frame"]:
    """Return the frames of which all samples are heard, those beyond the ends left aside."""
    padded = torch.nn.functional.pad(heard, (hop, (count + 1) * hop), value=True)
    return padded[: (count + 1) * hop].unfold(-1, 2 * hop, hop).all(-1).numpy()


def _solved(
    gram: Float[np.ndarray, "frame track track"], cross: Float[np.ndarray, "frame track"]
) -> Float[np.ndarray, "frame track"]:
    """Return the gains of least error among those not below zero, track after track in turns."""
    gains = np.zeros_like(cross)
    power = np.diagonal(gram, axis1=1, axis2=2)
    for _ in range(_SWEEPS):
        change = 0.0
        for k in range(cross.shape[1]):
            others = (gram[:, k] * gains).sum(1) - power[:, k] * gains[:, k]
            better = np.maximum((cross[:, k] - others) / (power[:, k] + _EMPTY), 0.0)
            change = max(change, float(np.abs(better - gains[:, k]).max()))
            gains[:, k] = better
        if change <= _SETTLED * max(1.0, float(gains.max())):
            break
    return gains


def _between(
    gains: Float[np.ndarray, "track frame"], read: Bool[np.ndarray, "track frame"]
) -> Float[np.ndarray, "track frame"]:
    """Return gains with lines in dB where none was read."""
    found = np.zeros_like(gains)
    every = np.arange(gains.shape[1])
    for row, (own, known) in enumerate(zip(gains, read, strict=True)):
        if known.any():
            logs = np.log(np.maximum(own[known], _EMPTY))
            found[row] = np.exp(np.interp(every, every[known], logs))
    return found
