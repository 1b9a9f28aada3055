"""Single effects as an engineer wishes for them, and the settings that give it on a sound.

A threshold means nothing before the sound is known. What depends on it is wished for by what it
should do: how many dB a compressor takes from the loud parts, how loud a fader leaves a track.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from mixtrace.interpret import node_of
from mixtrace.processors import NodeSettings
from mixtrace.units import db_from_ratio

__all__ = [
    "Compression",
    "Dialled",
    "Driving",
    "Gating",
    "Levelling",
    "Limiting",
    "Peaking",
    "Wish",
    "loud_db",
    "peak_db",
    "sounding_db",
]

_BLOCK = 441  # samples, 10 ms: what a compressor's mean square is taken over
_LONG_BLOCK = 2205  # 50 ms
_LOUD = 0.95
_SOUNDS_DB = -30.0  # blocks softer than this, against the loudest, are pauses
_TINY = 1e-10
_TIMES = 3
_DEEPER = 1.6

Sound = Float[np.ndarray, "_channel time"]


class Wish(ABC):
    """An effect that is wished for."""

    @abstractmethod
    def tries(self, sound: Sound) -> Iterator[NodeSettings]:
        """Yield settings for a sound, at 44.1 kHz: the first that is heard is taken."""


@dataclass(frozen=True)
class Dialled(Wish):
    """Settings that no sound is needed for."""

    settings: NodeSettings

    def tries(self, sound: Sound) -> Iterator[NodeSettings]:
        """Yield the settings."""
        yield self.settings


@dataclass(frozen=True)
class Compression(Wish):
    """A compressor.

    Attributes:
        reduction_db: what it takes from the loud parts.
        ratio: by how many dB they rise for 1 dB more.
        knee_db, attack_ms, release_ms: its other dials.
    """

    reduction_db: float
    ratio: float
    knee_db: float
    attack_ms: float
    release_ms: float

    def tries(self, sound: Sound) -> Iterator[NodeSettings]:
        """Yield one threshold, and deeper ones for sounds that are over before it takes hold."""
        wished = self
        for _ in range(_TIMES):
            over_db = wished.reduction_db / (1.0 - 1.0 / self.ratio)
            yield node_of(
                "compressor",
                threshold_db=float(np.clip(round(loud_db(sound) - over_db, 1), -60.0, 0.0)),
                ratio=self.ratio,
                knee_db=self.knee_db,
                attack_ms=self.attack_ms,
                release_ms=self.release_ms,
            )
            wished = replace(wished, reduction_db=_DEEPER * wished.reduction_db)


@dataclass(frozen=True)
class Gating(Wish):
    """A gate.

    Attributes:
        below_db: how far its threshold lies below the peaks.
        range_db, attack_ms, hold_ms, release_ms: its other dials.
    """

    below_db: float
    range_db: float
    attack_ms: float
    hold_ms: float
    release_ms: float

    def tries(self, sound: Sound) -> Iterator[NodeSettings]:
        """Yield its settings."""
        yield node_of(
            "gate",
            threshold_db=round(peak_db(sound) - self.below_db, 1),
            range_db=self.range_db,
            attack_ms=self.attack_ms,
            hold_ms=self.hold_ms,
            release_ms=self.release_ms,
        )


@dataclass(frozen=True)
class Driving(Wish):
    """A saturation.

    Attributes:
        peak_db: how hard the peaks hit the curve, which bends from -6 dB on.
        bias: offset into the curve.
    """

    peak_db: float
    bias: float

    def tries(self, sound: Sound) -> Iterator[NodeSettings]:
        """Yield its settings."""
        drive_db = float(np.clip(round(self.peak_db - peak_db(sound), 1), 0.0, 36.0))
        yield node_of("saturation", drive_db=drive_db, bias=self.bias)


@dataclass(frozen=True)
class Levelling(Wish):
    """A fader and a pan pot.

    Attributes:
        sounding_db: level behind the fader, mean square where the track sounds.
        pan: -1 to 1.
    """

    sounding_db: float
    pan: float

    def tries(self, sound: Sound) -> Iterator[NodeSettings]:
        """Yield its settings."""
        level_db = float(np.clip(self.sounding_db - sounding_db(sound), -40.0, 20.0))
        yield node_of("fader", level_db=round(level_db, 1), pan=self.pan)


@dataclass(frozen=True)
class Limiting(Wish):
    """A limiter at the end of a mix.

    Attributes:
        reduction_db: what it takes from the highest peak.
        ceiling_db, release_ms: its other dials.
    """

    reduction_db: float
    ceiling_db: float
    release_ms: float

    def tries(self, sound: Sound) -> Iterator[NodeSettings]:
        """Yield its settings."""
        gain_db = self.ceiling_db + self.reduction_db - peak_db(sound)
        yield node_of(
            "limiter",
            gain_db=float(np.clip(round(gain_db, 1), 0.0, 24.0)),
            ceiling_db=self.ceiling_db,
            release_ms=self.release_ms,
        )


@dataclass(frozen=True)
class Peaking(Wish):
    """The fader at the end of a mix, which brings its peak to a level.

    Attributes:
        peak_db: of the mix.
    """

    peak_db: float

    def tries(self, sound: Sound) -> Iterator[NodeSettings]:
        """Yield its settings; rounded down, so that the peak is not passed."""
        level_db = math.floor(10.0 * (self.peak_db - peak_db(sound))) / 10.0
        yield node_of("fader", level_db=float(np.clip(level_db, -40.0, 20.0)), pan=0.0)


def loud_db(sound: Sound) -> float:
    """Return the level of the loud parts, as a compressor hears it: 3 dB below that of peaks.

    It is the level that a twentieth of the blocks of 10 ms exceeds, pauses left out.
    """
    blocks_db = _blocks_db(sound, _BLOCK)
    return float(np.quantile(blocks_db[blocks_db > blocks_db.max() + _SOUNDS_DB], _LOUD))


def peak_db(sound: Sound) -> float:
    """Return the level of the highest peak."""
    return db_from_ratio(max(float(np.abs(sound).max()), _TINY))


def sounding_db(sound: Sound) -> float:
    """Return the mean square of a sound in dB, pauses left out."""
    blocks_db = _blocks_db(sound, _LONG_BLOCK)
    heard = blocks_db[blocks_db > blocks_db.max() + _SOUNDS_DB]
    return float(10.0 * np.log10(np.mean(10.0 ** (heard / 10.0))))


def _blocks_db(sound: Sound, block: int) -> Float[np.ndarray, " block"]:
    whole = sound.shape[-1] // block * block
    blocks = sound[:, :whole].reshape(len(sound), -1, block)
    return 10.0 * np.log10(np.mean(blocks.astype(np.float64) ** 2, axis=(0, 2)) + _TINY**2)
