"""What the benchmark of known mixes measures: third octaves, gains that move, and chance.

Pure functions of arrays. A processor that changes the gain in time is known by what enters and what
leaves it: its gain in short blocks, joined by lines, stands in for it wherever its share of one
track is wanted.
"""

from collections.abc import Callable, Sequence
from itertools import combinations, pairwise

import numpy as np
from jaxtyping import Bool, Float
from scipy.fft import next_fast_len, rfft
from scipy.stats import rankdata

__all__ = [
    "BLOCK_S",
    "THIRD_OCTAVES_HZ",
    "area_under_curve",
    "block_gain",
    "chance",
    "gain_db",
    "movement_db",
    "null_db",
    "ratio_db",
    "sounding",
    "third_octave_power",
    "under_gain",
]

THIRD_OCTAVES_HZ = 1000.0 * 2.0 ** (np.arange(-11, 11) / 3.0)
"""Centres of the bands: 79 Hz to 10.1 kHz."""

BLOCK_S = 0.005
"""Seconds of a block in which a gain is measured."""

_ACTIVE = 1e-4  # a track is active in blocks within 40 dB of its loudest
_TINY = 1e-20  # energy; a block of silence has a gain of 1


def third_octave_power(
    audio: Float[np.ndarray, "channel time"], sample_rate_hz: float
) -> Float[np.ndarray, "channel band"]:
    """Return the mean square of each channel in each third octave, by Parseval's theorem."""
    time = audio.shape[-1]
    length = next_fast_len(time)
    spectrum = rfft(audio.astype(np.float64), n=length)
    power = 2.0 * (spectrum.real**2 + spectrum.imag**2) / (time * length)
    frequency_hz = np.fft.rfftfreq(length, 1.0 / sample_rate_hz)
    edges_hz = THIRD_OCTAVES_HZ[0] * 2.0 ** (np.arange(len(THIRD_OCTAVES_HZ) + 1) / 3.0 - 1.0 / 6.0)
    bounds = np.searchsorted(frequency_hz, edges_hz)
    bands = [power[:, a:b].sum(-1) for a, b in pairwise(bounds)]
    return np.stack(bands, -1)


def ratio_db(
    power: Float[np.ndarray, "*shape"], reference: Float[np.ndarray, "*shape"]
) -> Float[np.ndarray, "*shape"]:
    """Return powers over others in dB; two powers of nothing are equal."""
    return 10.0 * np.log10((power + _TINY) / (reference + _TINY))


def null_db(
    estimate: Float[np.ndarray, "channel time"], target: Float[np.ndarray, "channel time"]
) -> float:
    """Return the energy of the difference over that of the target, in dB."""
    difference = np.square(estimate - target, dtype=np.float64).sum()
    return float(ratio_db(difference, np.square(target, dtype=np.float64).sum()))


def block_gain(
    before: Float[np.ndarray, "channel time"],
    after: Float[np.ndarray, "channel time"],
    block: int,
) -> Float[np.ndarray, "channel block"]:
    """Return the gain (amplitude ratio) of each channel in each block; the last may be short."""
    return np.sqrt((_energy(after, block) + _TINY) / (_energy(before, block) + _TINY))


def under_gain(
    audio: Float[np.ndarray, "channel time"], gain: Float[np.ndarray, "channel block"], block: int
) -> Float[np.ndarray, "channel time"]:
    """Return the audio under gains that hold at the middle of each block, with lines between."""
    time = np.arange(audio.shape[-1])
    middle = (np.arange(gain.shape[-1]) + 0.5) * block - 0.5
    curves = [np.interp(time, middle, one).astype(audio.dtype) for one in gain]
    return audio * np.stack(curves)


def gain_db(
    before: Float[np.ndarray, "channel time"],
    after: Float[np.ndarray, "channel time"],
    block: int,
) -> Float[np.ndarray, " block"]:
    """Return the gain of all channels together in each block, in dB."""
    return ratio_db(_energy(after, block).sum(0), _energy(before, block).sum(0))


def sounding(dry: Float[np.ndarray, "_channel time"], block: int) -> Bool[np.ndarray, " block"]:
    """Return which blocks lie within 40 dB of a track's loudest."""
    energy = _energy(dry, block).sum(0)
    return energy >= _ACTIVE * energy.max()


def movement_db(
    dry: Float[np.ndarray, "_channel time"],
    around: Sequence[tuple[Float[np.ndarray, "_c time"], Float[np.ndarray, "_c time"]]],
    block: int,
) -> float:
    """Return how much the gain of some processors moves: its standard deviation over time, in dB.

    Args:
        dry: the track; only blocks within 40 dB of its loudest count.
        around: what enters and what leaves each processor; their gains in dB add up.
        block: samples of a block.
    """
    on = sounding(dry, block)
    total_db = sum((gain_db(*pair, block) for pair in around), np.zeros(len(on)))
    return float(np.std(total_db[on]))


def area_under_curve(values: Sequence[float], labels: Bool[np.ndarray, " item"]) -> float:
    """Return how often an item with the label has the larger value of the two; ties count half.

    >>> area_under_curve([0.0, 0.0, 1.0, 2.0], np.array([False, True, False, True]))
    0.625
    """
    positive = int(labels.sum())
    ranks = float(rankdata(values)[labels].sum())
    pairs = positive * (len(labels) - positive)
    return (ranks - 0.5 * positive * (positive + 1)) / pairs if pairs else 0.5


def chance(
    score: Callable[[Bool[np.ndarray, " item"]], float], labels: Bool[np.ndarray, " item"]
) -> float:
    """Return the share of all ways to hand out the labels that score as high as the true one.

    An exact permutation test; its cost grows with the number of ways (8 of 12: 495).
    """
    observed = score(labels) - 1e-9
    scores = []
    for chosen in combinations(range(len(labels)), int(labels.sum())):
        shuffled = np.zeros(len(labels), bool)
        shuffled[list(chosen)] = True
        scores.append(score(shuffled) >= observed)
    return float(np.mean(scores))


def _energy(
    audio: Float[np.ndarray, "channel time"], block: int
) -> Float[np.ndarray, "channel block"]:
    """Return the energy of each block."""
    squares = np.square(audio, dtype=np.float64)
    return np.add.reduceat(squares, np.arange(0, audio.shape[-1], block), axis=-1)
