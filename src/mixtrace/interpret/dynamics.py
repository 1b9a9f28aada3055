"""The dials of a compressor, from how the gain of its part of the mix moved.

A captured curve says that a gain follows a level, and roughly how. Here the compressor itself is
run with ever other dials until its gain explains the mix best: in front of the EQ or behind it,
with a detector of peaks or of the mean square. Where dials explain it equally well the usual ones
win.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from scipy.optimize import minimize
from torch import Tensor

from mixtrace.interpret.framewise import Framewise
from mixtrace.interpret.nodes import node_of
from mixtrace.processors import DynamicsProcessor, NodeSettings, processor

__all__ = ["Compression", "gain_of", "read_compression"]

_TRIES = 110
_FIRST = (-24.0, math.log(2.5), 6.0, math.log(5.0), math.log(80.0))
_SPREAD = (6.0, 0.6, 4.0, 0.8, 0.8)
"""Threshold in dB; logarithm of ratio - 1; knee in dB; logarithms of attack and release in ms:
where dials begin, and by how much usual ones differ. Presets and habits lie within twice that."""

_DOUBT = 0.002
"""Of the error under a constant gain: what one standard deviation from the usual must be worth."""


@dataclass(frozen=True, eq=False)
class Compression:
    """A compressor that was read.

    Attributes:
        settings: its dials.
        hears: a key of the sounds that it could be hearing.
        level: the amplitude by which its gain has to be taken, beside what was read before.
        left: energy of the error that is left, over that under a constant gain.
    """

    settings: NodeSettings
    hears: str
    level: float
    left: float


def read_compression(
    frames: Framewise,
    sounds: Mapping[str, Float[Tensor, "channel time"]],
    sample_rate_hz: float,
) -> Compression:
    """Return the compressor that explains best how a part of the mix moved.

    Args:
        frames: of the part.
        sounds: what it may be hearing, such as the track in front of its EQ and behind it.
        sample_rate_hz: the rate.
    """
    found: list[Compression] = []
    for hears, sound in sounds.items():
        for detector in (0.0, 1.0) if not found else (float(found[0].settings.number("detector")),):
            found.append(_dialled(frames, hears, sound, detector, sample_rate_hz))
            found.sort(key=lambda compression: compression.left)
    return found[0]


def _dialled(
    frames: Framewise,
    hears: str,
    sound: Float[Tensor, "channel time"],
    detector: float,
    sample_rate_hz: float,
) -> Compression:
    first, spread = np.array(_FIRST), np.array(_SPREAD)

    def settings(dials: np.ndarray) -> NodeSettings:
        threshold, ratio, knee, attack, release = dials
        return node_of(
            "compressor",
            threshold_db=threshold,
            ratio=1.0 + math.exp(min(ratio, 5.0)),
            knee_db=abs(knee),
            attack_ms=math.exp(np.clip(attack, -5.0, 6.0)),
            release_ms=math.exp(np.clip(release, 0.0, 8.0)),
            make_up_db=0.0,
            detector=detector,
        )

    def price(dials: np.ndarray) -> float:
        gain = gain_of(settings(dials), sound, sample_rate_hz)
        return frames.explained(gain).left + _DOUBT * float((((dials - first) / spread) ** 2).sum())

    simplex = np.vstack([first, first + np.diag(spread)])
    options = {"maxfev": _TRIES, "initial_simplex": simplex, "fatol": 1e-4, "xatol": 0.02}
    dials = minimize(price, first, method="Nelder-Mead", options=options).x
    chosen = settings(dials)
    explained = frames.explained(gain_of(chosen, sound, sample_rate_hz))
    return Compression(chosen, hears, explained.level, explained.left)


def gain_of(
    settings: NodeSettings, sound: Float[Tensor, "channel time"], sample_rate_hz: float
) -> Float[Tensor, " time"]:
    """Return the gain, as an amplitude, that a compressor has over time when it hears a sound."""
    entry = processor(settings.kind)
    assert isinstance(entry, DynamicsProcessor)
    values = {name: value[None] for name, value in settings.values.items()}
    steady = torch.ones((1, 1, sound.shape[-1]))
    return entry.from_rest(steady, sound[None], values, sample_rate_hz)[0, 0]
