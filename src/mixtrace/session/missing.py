"""What in the mix no track explains: a track that was not given, told by when and where it sounds.

What the joint fit leaves of a mix is never nothing: compressors, reverbs and distortion change a
track in ways that one filter cannot follow. But what they leave sounds when the track sounds. So in
each octave the power of the rest, in frames of 70 ms, is written as a sum of the tracks' powers,
with gains that are not negative (least squares); what lies above twice that sum is in excess. The
power of each track in all octaves below takes part too: distortion puts overtones where the track
has nothing.

Source of the least squares: C. Lawson, R. Hanson, "Solving Least Squares Problems", 1974, ch. 23.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.optimize import nnls

from mixtrace.session.explained import Explained, Frames

__all__ = ["Missing", "find_missing"]

_EXCESS_SHARE = 0.053  # -12.8 dB of an octave; complete songs reach -16, those without a track 0
_EXCESS_SHARE_SHORT = 0.2  # -7 dB: complete stretches of 6 s reach -9
_SHORT_WINDOWS = 24  # some 12 s
_OUTLIERS = 2  # windows that do not count: one beat of a drum is no missing track
_AUDIBLE_SHARE = 1e-4  # -40 dB of the mix
_SPAN_SHARE = 0.25  # of the power of the octaves told, in a window that is named; or the mean share
_NEAR_S = 2.0  # spans closer than this are one
_QUIET_SHARE = 0.03  # of an octave's mean power: frames below it count less
_MARGIN = 2.0

_Frames = Float[np.ndarray, "frame band"]


@dataclass(frozen=True)
class Missing:
    """A sound that no track explains.

    Attributes:
        spans_s: first and last second of each stretch in which it is heard, in order.
        bands_hz: lowest and highest frequency of each range in which it is heard, in order.
        share_db: how much it is of the mix in these ranges.
    """

    spans_s: tuple[tuple[float, float], ...]
    bands_hz: tuple[tuple[float, float], ...]
    share_db: float


def find_missing(explained: Explained) -> Missing | None:
    """Return what no track explains, None where that is no more than usual."""
    frames = Frames(explained.grid)
    mix, rest = (frames.of_spectra(s) for s in (explained.mix, explained.fitted_rest()))
    tracks = np.stack([frames.of_audio(track) for track in explained.tracks], axis=-1)
    flat = tracks.reshape(-1, *tracks.shape[2:])
    excess = _excess(mix.reshape(len(flat), -1), rest.reshape(len(flat), -1), flat)
    excess = excess.reshape(mix.shape)
    total, over = _without_outliers(mix.sum(axis=1), excess.sum(axis=1))
    share = _EXCESS_SHARE if len(mix) >= _SHORT_WINDOWS else _EXCESS_SHARE_SHORT
    told = (over > share * total) & (over > _AUDIBLE_SHARE * total.sum())
    if not told.any():
        return None
    mean_share = float(over[told].sum() / total[told].sum())
    sounds = excess[:, :, told].sum(axis=(1, 2)) / (mix[:, :, told].sum(axis=(1, 2)) + 1e-20)
    spans = _spans(explained, sounds >= min(_SPAN_SHARE, mean_share))
    edges_hz = frames.edges_hz.tolist()
    bands = _joined([(edges_hz[b], edges_hz[b + 1]) for b in np.flatnonzero(told).tolist()])
    return Missing(spans, bands, 10.0 * math.log10(mean_share))


def _without_outliers(
    mix: Float[np.ndarray, "window band"], excess: Float[np.ndarray, "window band"]
) -> tuple[Float[np.ndarray, " band"], Float[np.ndarray, " band"]]:
    """Return the sums over the windows, without those of each band that have the most excess."""
    kept = np.argsort(excess, axis=0)[:-_OUTLIERS]
    total, over = (np.take_along_axis(power, kept, axis=0).sum(axis=0) for power in (mix, excess))
    return total, over


def _excess(mix: _Frames, rest: _Frames, tracks: Float[np.ndarray, "frame band track"]) -> _Frames:
    """Return how far the rest's power lies above what the tracks' powers account for."""
    excess = np.zeros_like(rest)
    for band in range(rest.shape[1]):
        weight = 1.0 / (mix[:, band] + _QUIET_SHARE * mix[:, band].mean() + 1e-20)
        below = tracks[:, :band].sum(axis=1)
        columns = np.concatenate([tracks[:, band], below], axis=1) * weight[:, None]
        columns = columns / (columns.max(axis=0) + 1e-20)
        gram = columns.T @ columns
        gram[np.diag_indices_from(gram)] += 1e-6 * np.trace(gram) + 1e-9
        root = np.linalg.cholesky(gram.astype(np.float64))
        across = columns.T @ (rest[:, band] * weight)
        gains, _ = nnls(root.T, np.linalg.solve(root, across))
        excess[:, band] = np.maximum(rest[:, band] - _MARGIN * (columns @ gains) / weight, 0.0)
    return excess


def _spans(
    explained: Explained, sounds: Bool[np.ndarray, " window"]
) -> tuple[tuple[float, float], ...]:
    """Return the stretches of the windows in which something sounds.

    What lies between two of them is taken in if it is short or was not looked at.
    """
    rate = explained.grid.sample_rate_hz
    spans: list[tuple[float, float]] = []
    last = -2
    for window in np.flatnonzero(sounds).tolist():
        start = explained.grid.starts[window] / rate
        end = start + explained.grid.length / rate
        if spans and (window == last + 1 or start - spans[-1][1] < _NEAR_S):
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
        last = window
    return tuple(spans)


def _joined(bands: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Return the bands in order, with those that touch made one."""
    joined: list[tuple[float, float]] = []
    for low, high in bands:
        if joined and low == joined[-1][1]:
            joined[-1] = (joined[-1][0], high)
        else:
            joined.append((low, high))
    return tuple(joined)
