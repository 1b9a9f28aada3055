"""Where in its mix a track lies, to a quarter of a second, looked for over the whole song.

For tracks that `align` does not find where they start: a mix trimmed at its beginning, stems from
bar 1, a stem that begins with its first sound. Blocks of the track are correlated with the whole
mix at 8 kHz, both whitened by their long-term spectra, so that phase counts and level does not:
with the sum of its channels and, where that shows nothing, with their difference. The squares are
pooled over blocks in steps of 8 ms: a clock that drifts moves the peaks of the blocks against one
another by less than that.

A peak has to stand out against two explanations. If it is right, what the track's own repetitions
do not explain of the rest is chance; if a rival is right, what that does not explain at the peak
is more than chance. A loop that fits at every bar fails the second.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import soxr
from jaxtyping import Float
from scipy.fft import irfft, rfft
from scipy.signal import welch

from mixtrace.parallel import side_by_side

__all__ = ["FARTHEST_S", "CoarsePlace", "find_places"]

FARTHEST_S = 300.0
"""The farthest a track is looked for, either way."""

_RATE_HZ = 8000
_BIN = 64  # samples at that rate: 8 ms
_BLOCK = 1 << 17  # 16 s
_MOST_BLOCKS = 6
_SHORTEST = 4096  # half a second: less sound than this has no place of its own
_WHITEN_BINS = 512
_FLOOR = 1e-4  # of the strongest part of a spectrum: below it there is noise
_CLOSE_BINS = 31  # 0.25 s: what lies closer is decided by the precise pass
_PLAIN = 0.4  # a confidence in the middle of the mix that makes a look at its sides needless
_FAINT = 1e-5  # of the power: below it a side is what rounding leaves of a mono mix
_CANCELLED = 0.01  # of the power: channels of opposite polarity
_CHANCE_RATIO = 1.3  # first to second peak of tracks that are not in the mix, pooled: below this

_Low = Float[np.ndarray, " _low_time"]
_Curve = Float[np.ndarray, " bin"]


@dataclass(frozen=True)
class CoarsePlace:
    """Where a track was found.

    Attributes:
        delay_s: seconds by which it must be moved later, to about 10 ms.
        confidence: 0 to 1.
    """

    delay_s: float
    confidence: float


def find_places(
    tracks: Sequence[Float[np.ndarray, "_channel _time"]],
    mix: Float[np.ndarray, "2 mix_time"],
    sample_rate_hz: int,
    wanted: Sequence[int],
) -> tuple[CoarsePlace, dict[int, CoarsePlace]]:
    """Return the place that the wanted tracks share, and the one of each of them.

    Args:
        tracks: K tracks, mono or stereo, of any length.
        mix: the mix.
        sample_rate_hz: their rate.
        wanted: numbers of the tracks to look for.
    """
    middle, side = _lowered(mix.sum(axis=0), sample_rate_hz), _difference(mix)
    songs = [middle] if side is None else [middle, _lowered(side, sample_rate_hz)]

    def look(k: int) -> tuple[_Curve, CoarsePlace] | None:
        low = _lowered(_wider(tracks[k]), sample_rate_hz)
        used = np.flatnonzero(np.abs(low) > 1e-4 * np.max(np.abs(low), initial=1e-9))
        if len(used) < _SHORTEST or len(middle) < _SHORTEST:
            return None
        own = low[used[0] : used[-1] + 1]
        itself = _pooled(own, 0, own)
        seen: list[tuple[_Curve, CoarsePlace]] = []
        for song in songs:
            curve = _pooled(own, int(used[0]), song)
            seen.append((curve, _place(curve, itself)))
            if seen[-1][1].confidence >= _PLAIN:
                break
        return max(seen, key=lambda pair: pair[1].confidence)

    curves = dict(zip(wanted, side_by_side(look, list(wanted)), strict=True))
    places = {k: pair[1] for k, pair in curves.items() if pair is not None}
    return _shared([pair[0] for pair in curves.values() if pair is not None]), places


def _difference(audio: Float[np.ndarray, "2 time"]) -> _Low | None:
    """Return what is in the sides of a stereo signal alone, None if that is next to nothing."""
    side = audio[0] - audio[1]
    return side if np.sum(side**2) > _FAINT * np.sum(audio**2) else None


def _wider(audio: Float[np.ndarray, "_channel time"]) -> _Low:
    """Return the sum of the channels, or their difference where the sum cancels."""
    middle = audio.sum(axis=0)
    cancels = np.sum(middle**2) < _CANCELLED * np.sum(audio**2)
    return audio[0] - audio[-1] if cancels and len(audio) == 2 else middle


def _lowered(audio: _Low, sample_rate_hz: int) -> _Low:
    """Return one channel at the low rate."""
    if sample_rate_hz == _RATE_HZ:
        return np.asarray(audio, np.float32)
    return soxr.resample(np.asarray(audio, np.float32), sample_rate_hz, _RATE_HZ, quality="LQ")


def _pooled(own: _Low, first: int, song: _Low) -> _Curve:
    """Return how well a track fits at every delay within the farthest, in bins, above its median.

    Args:
        own: the track, from its first sound on.
        first: where that lies in the track's file.
        song: what it is looked for in.
    """
    starts = _loudest_blocks(own)
    length = min(_BLOCK, len(own))
    padded = 1 << (len(song) + length - 1).bit_length()
    far = np.asarray(rfft(song, padded)) * _whitening(song, padded) * _whitening(own, padded)
    bins = 2 * int(FARTHEST_S * _RATE_HZ) // _BIN + 1
    total = np.zeros(bins, np.float32)
    for start in starts:
        near = np.asarray(rfft(own[start : start + length], padded))
        fit = np.square(np.asarray(irfft(far * near.conj(), padded)))
        fit = np.concatenate([fit[padded - length + 1 :], fit[: len(song)]])
        lags_from = -(length - 1) - start - first + bins // 2 * _BIN + _BIN // 2
        skipped = min(max(0, -lags_from), len(fit))
        at = max(lags_from, 0)
        fit = fit[skipped : skipped + max(bins * _BIN - at, 0)]
        lead = at % _BIN
        tail = -(lead + len(fit)) % _BIN
        highest = np.pad(fit, (lead, tail)).reshape(-1, _BIN).max(axis=1, initial=0.0)
        total[at // _BIN : at // _BIN + len(highest)] += highest
    pooled = np.convolve(total, np.ones(3, np.float32), "same")
    heard = pooled[pooled > 0]
    return np.maximum(pooled - np.median(heard), 0.0) if len(heard) else pooled


def _loudest_blocks(own: _Low) -> list[int]:
    """Return the starts of the blocks with the most energy, first ones first."""
    if len(own) <= _BLOCK:
        return [0]
    starts = np.unique([*range(0, len(own) - _BLOCK, _BLOCK), len(own) - _BLOCK])
    energy = np.array([np.sum(own[s : s + _BLOCK] ** 2) for s in starts])
    return sorted(int(starts[i]) for i in np.argsort(-energy, kind="stable")[:_MOST_BLOCKS])


def _whitening(audio: _Low, padded: int) -> Float[np.ndarray, " frequency"]:
    """Return the gains that make a long-term spectrum flat."""
    power = np.asarray(welch(audio, nperseg=_WHITEN_BINS)[1], np.float32)
    gains = 1.0 / np.sqrt(power + _FLOOR * power.max() + 1e-20)
    at = np.linspace(0.0, len(gains) - 1.0, padded // 2 + 1, dtype=np.float32)
    return np.interp(at, np.arange(len(gains)), gains).astype(np.float32)


def _place(curve: _Curve, itself: _Curve) -> CoarsePlace:
    """Return the highest peak and how far both explanations are from the other."""
    middle, top = len(curve) // 2, int(np.argmax(curve))
    ripple = itself / max(float(itself[middle]), 1e-20)
    distant = np.abs(np.arange(len(curve)) - top) > _CLOSE_BINS
    rival = int(np.argmax(np.where(distant, curve, -1.0)))
    explained = curve[top] * _moved(ripple, top - middle)
    chance = float(np.max(np.where(distant, np.abs(curve - explained), 0.0)))
    left = float(curve[top] - curve[rival] * _moved(ripple, rival - middle)[top])
    return CoarsePlace((top - middle) * _BIN / _RATE_HZ, _confidence(left, chance))


def _moved(curve: _Curve, by: int) -> _Curve:
    """Return the curve later by so many bins, nothing beyond its ends."""
    moved = np.zeros_like(curve)
    moved[max(by, 0) : len(curve) + min(by, 0)] = curve[max(-by, 0) : len(curve) - max(by, 0)]
    return moved


def _shared(curves: Sequence[_Curve]) -> CoarsePlace:
    """Return the place at which the tracks together fit best; each counts alike."""
    if len(curves) < 2:
        return CoarsePlace(0.0, 0.0)
    together = np.sum([c / max(float(c.max()), 1e-20) for c in curves], axis=0)
    middle, top = len(together) // 2, int(np.argmax(together))
    distant = np.abs(np.arange(len(together)) - top) > _CLOSE_BINS
    rival = float(np.max(together[distant]))
    return CoarsePlace((top - middle) * _BIN / _RATE_HZ, _confidence(float(together[top]), rival))


def _confidence(height: float, chance: float) -> float:
    """Return 0 for a height that chance reaches, towards 1 for one far above."""
    return max(0.0, 1.0 - (_CHANCE_RATIO * chance / max(height, 1e-20)) ** 2)
