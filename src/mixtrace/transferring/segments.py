"""Pieces of audio in which features are measured."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float

from mixtrace.errors import AudioError
from mixtrace.rendering import DryAudio

__all__ = ["SEGMENT_S", "WARM_UP_S", "dry_segment", "sounding_segments"]

SEGMENT_S = 11.9
"""What is measured at once: 524,288 samples at 44.1 kHz, as Diff-MST's own search takes."""

WARM_UP_S = 0.5
"""Rendered before each segment and not measured: dynamics start from rest."""

_SHORTEST_S = 2.0
_RANGE_DB = 20.0
_MOST = 12


def sounding_segments(
    audio: Float[np.ndarray, "channel time"], sample_rate_hz: int, name: str
) -> list[tuple[int, int]]:
    """Return first and end samples of pieces side by side, without those that are nearly silent.

    At most twelve, spread over the audio. A piece is nearly silent that lies 20 dB below the
    loudest.

    Args:
        audio: of any number of channels.
        sample_rate_hz: its rate.
        name: what it is, for an error.

    Raises:
        AudioError: it is shorter than 2 s, or silent.
    """
    time = audio.shape[-1]
    if time < _SHORTEST_S * sample_rate_hz:
        raise AudioError(
            f"Expected at least {_SHORTEST_S:g} s of {name}; got {time / sample_rate_hz:.1f} s. "
            "Give a longer piece."
        )
    length = min(time, round(SEGMENT_S * sample_rate_hz))
    pieces = [(first, first + length) for first in range(0, time - length + 1, length)]
    powers = np.array([_power(audio[:, first:end]) for first, end in pieces])
    if not powers.max() > 0.0:
        raise AudioError(f"Expected {name} to sound; it is silent. Give another.")
    sounding = np.flatnonzero(powers >= powers.max() * 10.0 ** (-_RANGE_DB / 10.0))
    chosen = np.linspace(0, len(sounding) - 1, min(_MOST, len(sounding))).round().astype(int)
    return [pieces[k] for k in sounding[chosen]]


def dry_segment(
    tracks: Sequence[Float[np.ndarray, "_channel time"]],
    segment: tuple[int, int],
    sample_rate_hz: int,
) -> tuple[DryAudio, int]:
    """Return the tracks in a segment, and how many samples of warm-up stand before it."""
    first, end = segment
    warm_up = min(first, round(WARM_UP_S * sample_rate_hz))
    pieces: list[torch.Tensor | None] = []
    for track in tracks:
        piece = np.ascontiguousarray(track[:, first - warm_up : end], np.float32)
        pieces.append(torch.from_numpy(piece)[None] if np.any(piece) else None)
    start_s = torch.tensor([(first - warm_up) / sample_rate_hz])
    return DryAudio(pieces, start_s), warm_up


def _power(audio: np.ndarray) -> float:
    return float(np.mean(np.square(audio, dtype=np.float64)))
