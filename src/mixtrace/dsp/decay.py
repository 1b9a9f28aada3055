"""How long a response rings, also one that ends before it has died away.

Schroeder's integral, by which RT60 is measured in rooms (ISO 3382-1), takes what a response does
not hold for silence: of half a second of a room of 2.5 s it reads less than one. Here the energies
of frames are explained by an exponential decay, about which each scatters in proportion to it: the
likeliest decay of noise (Ratnam et al., "Blind estimation of reverberation time", JASA 114, 2003,
doi 10.1121/1.1616578, with frames in the place of samples). It asks nothing of what lies behind the
end, and bears frames in which nothing sounds.
"""

import math
from functools import lru_cache

import numpy as np
from jaxtyping import Float
from scipy.signal import butter, sosfiltfilt
from torch import Tensor

__all__ = ["LONGEST_DECAY_S", "decay_time_s", "measured_rt60_s", "mid_rt60_s"]

LONGEST_DECAY_S = 30.0
"""What does not fall, or slower than any room, is told as this."""

_SHORTEST_S = 0.02
_NEPERS_60_DB = 6.0 * math.log(10.0)  # of energy
_FRAME_S = 0.005
_EARLY_S, _LATE_S = 0.02, 0.03  # left out: the direct sound, and where a capture tapers off
_FRAMES, _SHARE = 64, 0.125  # of a short response: frames, and what is left out at most
_FALL = 1.0 / 3.0  # of RT60: 20 dB, as for T20
_BEGIN = 0.9  # of the energy: the first reading, lest a long floor of noise be taken for a tail
_LEAST = 6  # frames
_SILENT = 1e-6  # of the strongest frame
_TURNS, _STEPS, _NEAR = 8, 100, 1e-9
_MID_HZ = (500.0, 1000.0)
_AROUND_S = 0.1  # of silence, in which filters ring


def measured_rt60_s(taps: Float[Tensor, "*channels time"], sample_rate_hz: float) -> float:
    """Return the time in which a response falls by 60 dB, all channels and frequencies together.

    Read from 20 ms after its strongest frame of 5 ms to where it has fallen by 20 dB, or to 30 ms
    before its end; of responses below 320 ms frames are shorter, and less is left out. From 20 ms,
    for what is shorter has no decay to speak of, to `LONGEST_DECAY_S`.
    """
    return _read_s(_rows(taps), sample_rate_hz)


def mid_rt60_s(taps: Float[Tensor, "*channels time"], sample_rate_hz: float) -> float:
    """Return `measured_rt60_s` of the octaves at 500 Hz and 1 kHz, as of the mean of their rates.

    ISO 3382-1 takes the mean of the times, which one octave without a clear decay would decide.
    """
    rows = _rows(taps)
    around = round(_AROUND_S * sample_rate_hz)
    padded = np.pad(rows, ((0, 0), (around, around)))
    rates = []
    for centre_hz in _MID_HZ:
        octave = sosfiltfilt(_octave(centre_hz, sample_rate_hz), padded)[:, around:-around]
        rates.append(1.0 / _read_s(octave, sample_rate_hz))
    return 1.0 / float(np.mean(rates))


def decay_time_s(energy: Float[np.ndarray, " frame"], frame_s: float) -> float:
    """Return the time in which the likeliest exponential decay of energies falls by 60 dB.

    The first frame is where the decay begins; what follows a fall of 20 dB is left out, for it may
    be noise, and so is silence at the end, for an echo may be next. At most `LONGEST_DECAY_S`,
    which also tells of energies that do not fall, or are fewer than six; 0 of silence.
    """
    if not energy.any():
        return 0.0
    if len(energy) < _LEAST:
        return LONGEST_DECAY_S
    sounds = np.flatnonzero(energy > _SILENT * energy.max()) + 1

    def sounding(frames: int) -> int:
        """Return how many frames there are up to the last of some that sounds, but at least six."""
        return max(_LEAST, int(sounds[max(0, np.searchsorted(sounds, frames, "right") - 1)]))

    end = sounding(int(np.searchsorted(np.cumsum(energy), _BEGIN * energy.sum())) + 1)
    time_s = LONGEST_DECAY_S
    for _ in range(_TURNS):
        rate = _likeliest_rate(energy[:end])
        time_s = min(LONGEST_DECAY_S, _NEPERS_60_DB * frame_s / max(rate, 1e-12))
        before, end = end, sounding(math.ceil(_FALL * time_s / frame_s))
        if end == before:
            break
    return time_s


@lru_cache(maxsize=16)
def _octave(centre_hz: float, sample_rate_hz: float) -> Float[np.ndarray, "section 6"]:
    edges_hz = centre_hz / math.sqrt(2.0), centre_hz * math.sqrt(2.0)
    return np.asarray(butter(2, edges_hz, "bandpass", fs=sample_rate_hz, output="sos"))


def _rows(taps: Tensor) -> Float[np.ndarray, "channel time"]:
    return taps.detach().double().flatten(0, -2).cpu().numpy()


def _read_s(rows: Float[np.ndarray, "channel time"], sample_rate_hz: float) -> float:
    energy = np.square(rows).sum(0)
    size = max(1, min(round(_FRAME_S * sample_rate_hz), len(energy) // _FRAMES))
    frames = energy[: len(energy) // size * size].reshape(-1, size).sum(1)
    frame_s = size / sample_rate_hz
    most = round(_SHARE * len(frames))
    first = int(frames.argmax()) + min(most, round(_EARLY_S / frame_s))
    end = len(frames) - min(most, round(_LATE_S / frame_s))
    return max(_SHORTEST_S, decay_time_s(frames[first : max(first + 1, end)], frame_s))


def _likeliest_rate(energy: Float[np.ndarray, " frame"]) -> float:
    """Return k of the mean energies exp(a - k n) that make these likeliest, by Newton's method.

    What is minimised, the sum of a - k n + energy exp(k n - a), is convex.
    """
    count = len(energy)
    places = np.arange(count, dtype=float)
    level, rate = math.log(energy.mean()), 0.0
    for _ in range(_STEPS):
        ratio = energy * np.exp(rate * places - level)
        zeroth, first = float(ratio.sum()), float(places @ ratio)
        second = float(places @ (places * ratio))
        slopes = count - zeroth, first - float(places.sum())
        # All energy in one frame leaves the second derivatives without an inverse.
        volume = max(zeroth * second - first**2, 1e-9 * zeroth * second) + 1e-300
        steps = [
            (second * slopes[0] + first * slopes[1]) / volume,
            (zeroth * slopes[1] + first * slopes[0]) / volume,
        ]
        most = max(1.0, abs(steps[0]), abs(steps[0] - steps[1] * (count - 1)))
        level, rate = level - steps[0] / most, rate - steps[1] / most
        if max(map(abs, steps)) < _NEAR:
            break
    return rate
