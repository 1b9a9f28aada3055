"""The direct part of a response: its gain over frequency, and how sure it is.

Each frequency is looked at through a window of its own, six of its periods long but 8 ms at least:
the treble is seen before the room answers, the bass as long as it needs to be told at all.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Complex, Float

__all__ = ["Direct", "direct_part", "frequencies_hz"]

_PER_OCTAVE = 24
_LOWEST_HZ, _HIGHEST = 30.0, 0.45  # of the rate
_PERIODS, _SHORTEST_S, _FADE = 6.0, 0.008, 0.6
_BEFORE_S = (0.001, 0.004)


@dataclass(frozen=True, eq=False)
class Direct:
    """A direct part.

    Attributes:
        hz: frequencies, 24 an octave.
        response: from each channel to each side there, time zero at the arrival.
        window_s: how long a part of the response each frequency is told by.
        later: power of what follows for as long again; of a room there is as much in the direct
            part, which is not told from it.
    """

    hz: Float[np.ndarray, " hz"]
    response: Complex[np.ndarray, "side channel hz"]
    window_s: Float[np.ndarray, " hz"]
    later: Float[np.ndarray, "side channel hz"]


def frequencies_hz(sample_rate_hz: float) -> Float[np.ndarray, " hz"]:
    """Return 24 frequencies an octave from 30 Hz on, up to .45 of a rate."""
    octaves = np.log2(_HIGHEST * sample_rate_hz / _LOWEST_HZ)
    return _LOWEST_HZ * 2.0 ** (np.arange(int(_PER_OCTAVE * octaves) + 1) / _PER_OCTAVE)


def direct_part(
    responses: Float[np.ndarray, "side channel taps"],
    lead: int,
    arrival_s: float,
    sample_rate_hz: float,
) -> Direct:
    """Return the direct part of the responses of a track.

    Args:
        responses: of the track.
        lead: taps before time zero.
        arrival_s: when the direct sound comes.
        sample_rate_hz: the rate.
    """
    hz = frequencies_hz(sample_rate_hz)
    windows = np.maximum(_SHORTEST_S, _PERIODS / hz)
    time_s = (np.arange(responses.shape[-1]) - lead) / sample_rate_hz - arrival_s
    found = np.empty((2, *responses.shape[:2], len(hz)), np.complex128)
    for place, (frequency, window) in enumerate(zip(hz, windows, strict=True)):
        before = float(np.clip(1.0 / frequency, *_BEFORE_S))
        for part, start in enumerate((0.0, (1.0 + _FADE) * window)):
            first, last = np.searchsorted(time_s - start, (-before, (1.0 + _FADE) * window))
            near = time_s[first:last] - start
            away = np.where(near < 0.0, -near / before, (near - window) / (_FADE * window))
            edge = np.cos(0.5 * np.pi * np.clip(away, 0.0, 1.0)) ** 2
            turns = np.exp(-2j * np.pi * frequency * near)
            found[part, ..., place] = responses[..., first:last] @ (edge * turns)
    return Direct(hz, found[0], windows * (1.0 + 0.5 * _FADE), np.abs(found[1]) ** 2)
