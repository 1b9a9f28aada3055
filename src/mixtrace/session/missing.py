"""What in the mix no track explains: a track that was not given, told by when and where it sounds.

What the joint fit leaves of a mix is never nothing: compressors, reverbs and distortion change a
track in ways that one filter cannot follow. But what they leave sounds when the track sounds. So in
each octave the power of the rest, in frames of 70 ms, is written as a sum of the tracks' powers,
with gains that are not negative (least squares); what lies above twice that sum is in excess.

Source of the least squares: C. Lawson, R. Hanson, "Solving Least Squares Problems", 1974, ch. 23.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.optimize import nnls

from mixtrace.session.explained import Explained, Frames

__all__ = ["Missing", "find_missing"]

_EXCESS_SHARE = 0.056  # -12.5 dB of an octave; whole songs: up to -15, without a loud track -11 to 0
_AUDIBLE_SHARE = 3e-5  # -45 dB of the mix
_SPAN_SHARE = 0.25  # of the flagged octaves' power, in a window that is named
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
    mix, rest = frames.of_spectra(explained.mix), frames.of_spectra(explained.rest)
    tracks = np.stack([frames.of_audio(track) for track in explained.tracks], axis=-1)
    flat = tracks.reshape(-1, *tracks.shape[2:])
    excess = _excess(mix.reshape(len(flat), -1), rest.reshape(len(flat), -1), flat)
    excess = excess.reshape(mix.shape)
    total, over = mix.sum(axis=(0, 1)), excess.sum(axis=(0, 1))
    told = (over > _EXCESS_SHARE * total) & (over > _AUDIBLE_SHARE * total.sum())
    sounding = excess[:, :, told].sum(axis=(1, 2)) > _SPAN_SHARE * mix[:, :, told].sum(axis=(1, 2))
    if not sounding.any():
        return None
    share_db = 10.0 * np.log10(over[told].sum() / total[told].sum())
    edges_hz = [*zip(frames.edges_hz[:-1], frames.edges_hz[1:], strict=True)]
    bands = _joined([edges for edges, own in zip(edges_hz, told, strict=True) if own], 1.0)
    return Missing(_spans(explained, sounding), bands, float(share_db))


def _excess(
    mix: _Frames, rest: _Frames, tracks: Float[np.ndarray, "frame band track"]
) -> _Frames:
    """Return how far the rest's power lies above what the tracks' powers account for."""
    excess = np.zeros_like(rest)
    for band in range(rest.shape[1]):
        weight = 1.0 / (mix[:, band] + _QUIET_SHARE * mix[:, band].mean() + 1e-20)
        columns = tracks[:, band] * weight[:, None]
        columns = columns / (columns.max(axis=0) + 1e-20)
        gram = columns.T @ columns
        gram[np.diag_indices_from(gram)] += 1e-6 * np.trace(gram) + 1e-9
        root = np.linalg.cholesky(gram.astype(np.float64))
        across = columns.T @ (rest[:, band] * weight)
        gains, _ = nnls(root.T, np.linalg.solve(root, across))
        excess[:, band] = np.maximum(rest[:, band] - _MARGIN * (columns @ gains) / weight, 0.0)
    return excess


def _spans(
    explained: Explained, sounding: np.ndarray
) -> tuple[tuple[float, float], ...]:
    """Return the stretches of the windows marked; windows not looked at between two are taken in.

    A window that was looked at and is not marked divides them, unless it is short.
    """
    rate, length_s = explained.grid.sample_rate_hz, explained.grid.length / explained.grid.sample_rate_hz
    starts_s = np.array(explained.grid.starts) / rate
    spans: list[tuple[float, float]] = []
    last = -2
    for window in np.flatnonzero(sounding).tolist():
        start, end = float(starts_s[window]), float(starts_s[window] + length_s)
        if spans and (window == last + 1 or start - spans[-1][1] < _NEAR_S):
            spans[-1] = (spans[-1][0], end)
        else:
            spans.append((start, end))
        last = window
    return tuple(spans)


def _joined(
    ranges: list[tuple[float, float]], gap: float
) -> tuple[tuple[float, float], ...]:
    """Return ranges in order, with those no farther apart than the gap made one."""
    joined: list[tuple[float, float]] = []
    for low, high in ranges:
        if joined and low - joined[-1][1] <= gap:
            joined[-1] = (joined[-1][0], float(high))
        else:
            joined.append((float(low), float(high)))
    return tuple(joined)
