"""Which tracks are the same recording twice, at whatever level and polarity."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

__all__ = ["find_duplicates"]

_PARTS = 64
_SHAPE_TOLERANCE = 1e-3
_LEFT_OVER = 1e-4  # energy that a gain leaves of a copy: -40 dB, above any rounding or dither


def find_duplicates(tracks: Sequence[Float[np.ndarray, "_channel _time"]]) -> list[int | None]:
    """Return for each track the first track it is a copy of, or None.

    Tracks whose energies over 64 parts of the song agree are compared sample by sample.
    """
    longest = max((t.shape[1] for t in tracks), default=0)
    shapes = [_energy_shape(t, longest) for t in tracks]
    found: list[int | None] = []
    for k, track in enumerate(tracks):
        same = (
            j
            for j in range(k)
            if found[j] is None
            and np.max(np.abs(shapes[j] - shapes[k])) < _SHAPE_TOLERANCE
            and _is_copy(track, tracks[j])
        )
        found.append(next(same, None))
    return found


def _energy_shape(audio: Float[np.ndarray, "channel time"], longest: int) -> np.ndarray:
    """Return the share of the energy in each part of the song; zeros for silence."""
    hop = max(1, -(-longest // _PARTS))
    parts = [float(np.sum(audio[:, i * hop : (i + 1) * hop] ** 2)) for i in range(_PARTS)]
    return np.array(parts) / max(sum(parts), 1e-20)


def _is_copy(
    audio: Float[np.ndarray, "channel time"], other: Float[np.ndarray, "other_channel other_time"]
) -> bool:
    """Return whether one is the other times a gain, to -40 dB."""
    if len(audio) != len(other):
        return False
    time = min(audio.shape[1], other.shape[1])
    a, b = audio[:, :time].ravel(), other[:, :time].ravel()
    across, own, others = (float(np.dot(x, y)) for x, y in ((a, b), (a, a), (b, b)))
    return own > 0 and others > 0 and across**2 > (1 - _LEFT_OVER) * own * others
