"""The dials of a compressor, a gate or a limiter, from how the gain of its part of the mix moved.

A captured curve says that a gain follows a level, and roughly how. Here the processor itself is
run with ever other dials until its gain explains the mix best: in front of the EQ or behind it,
with a detector of peaks or of the mean square, its level smoothed or its gain. Where dials explain
it equally well the usual ones win. What it hears is reduced to peaks and mean squares of a fifth of
a millisecond: its times are longer than that.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from jaxtyping import Float
from scipy.optimize import minimize
from torch import Tensor

from mixtrace.interpret.framewise import FRAME_S, Framewise, framed
from mixtrace.interpret.nodes import node_of
from mixtrace.processors import DynamicsProcessor, NodeSettings, processor

__all__ = ["Dialled", "Heard", "gain_of", "read_dynamics"]

_SHORT_S = 0.0002
_TRIES = 140
_DOUBT = 0.002
"""Of the error under a constant gain: what one standard deviation from the usual must be worth."""

_SOUNDS_DB = 40.0


@dataclass(frozen=True)
class _Dial:
    """A setting that is looked for.

    Attributes:
        name: of the parameter.
        usual, spread: where it usually is, and by how much it usually differs, after `of`; of the
            first dial, a level, re the level that enters. Presets and habits lie within twice the
            spread.
        of: from the number that is looked for to the setting.
    """

    name: str
    usual: float
    spread: float
    of: Callable[[float], float]


def _scaled(low: float, high: float) -> Callable[[float], float]:
    return lambda value: math.exp(min(max(value, math.log(low)), math.log(high)))


_DIALS: Mapping[str, Sequence[_Dial]] = {
    "compressor": (
        _Dial("threshold_db", 2.0, 6.0, float),
        _Dial("ratio", math.log(2.0), 0.6, lambda value: 1.0 + _scaled(0.01, 100.0)(value)),
        _Dial("knee_db", 4.0, 4.0, abs),
        _Dial("attack_ms", math.log(5.0), 0.8, _scaled(0.01, 500.0)),
        _Dial("release_ms", math.log(80.0), 0.8, _scaled(1.0, 3000.0)),
    ),
    "gate": (
        _Dial("threshold_db", -6.0, 8.0, float),
        _Dial("range_db", -20.0, 10.0, lambda value: -abs(value)),
        _Dial("attack_ms", math.log(1.5), 0.8, _scaled(0.01, 500.0)),
        _Dial("release_ms", math.log(60.0), 0.8, _scaled(1.0, 3000.0)),
    ),
    "limiter": (
        _Dial("ceiling_db", 9.0, 5.0, float),
        _Dial("release_ms", math.log(80.0), 0.8, _scaled(1.0, 3000.0)),
    ),
}
_CHOICES: Mapping[str, Sequence[Mapping[str, float]]] = {
    "compressor": tuple(
        {"detector": detector, "smoothing": smoothing}
        for detector, smoothing in product((0.0, 1.0), repeat=2)
    ),
    "gate": ({},),
    "limiter": ({},),
}


@dataclass(frozen=True, eq=False)
class Dialled:
    """A processor that was read.

    Attributes:
        settings: its dials.
        hears: a key of the sounds that it could be hearing.
        level: the amplitude by which its gain has to be taken, beside what was read before.
        left: energy of the error that is left, over that under a constant gain.
        price: the same, with what unusual dials cost.
    """

    settings: NodeSettings
    hears: str
    level: float
    left: float
    price: float


class Heard:
    """What a detector hears, a fifth of a millisecond at a time."""

    def __init__(self, sound: Float[Tensor, "channel time"], sample_rate_hz: float) -> None:
        """Take peaks and mean squares."""
        short = max(1, round(_SHORT_S * sample_rate_hz))
        frames = framed(sound, short)
        self.rate = sample_rate_hz / short
        self.peaks = frames.abs().amax(-1)
        self.rms = frames.square().mean(-1).sqrt()
        levels = framed(self.rms, round(FRAME_S * self.rate)).square().mean((0, 2))
        loud = levels[levels > levels.max() * 10.0 ** (-0.1 * _SOUNDS_DB)]
        self.level_db = 10.0 * math.log10(float(loud.mean()) + 1e-12) if len(loud) else -120.0

    def gain(self, settings: NodeSettings) -> Float[np.ndarray, " frame"]:
        """Return the mean gain in each frame of 5 ms, as an amplitude."""
        averaged = "detector" in settings.values and settings.number("detector") > 0.5
        gain = gain_of(settings, self.rms if averaged else self.peaks, self.rate)
        return framed(gain[None], round(FRAME_S * self.rate))[0].mean(-1).double().numpy()


def read_dynamics(
    kind: str, frames: Framewise, sounds: Mapping[str, Heard], tries: int = _TRIES
) -> Dialled:
    """Return the processor of a kind that explains best how a part of the mix moved.

    Args:
        kind: of the processor.
        frames: of the part.
        sounds: what it may be hearing, such as the track in front of its EQ and behind it.
        tries: how many dials are tried for each sound and detector.
    """
    ways = product(sounds.items(), _CHOICES[kind])
    found = [_dialled(kind, frames, name, heard, fixed, tries) for (name, heard), fixed in ways]
    return min(found, key=lambda one: one.price)


def _dialled(
    kind: str,
    frames: Framewise,
    hears: str,
    heard: Heard,
    choices: Mapping[str, float],
    tries: int,
) -> Dialled:
    dials = _DIALS[kind]
    usual = np.array([dial.usual for dial in dials])
    spread = np.array([dial.spread for dial in dials])

    def settings(values: np.ndarray) -> NodeSettings:
        given = {dial.name: dial.of(value) for dial, value in zip(dials, values, strict=True)}
        given[dials[0].name] += heard.level_db
        return node_of(kind, **given, **choices)

    def price(values: np.ndarray) -> float:
        unusual = float((((values - usual) / spread) ** 2).sum())
        return frames.explained(heard.gain(settings(values))).left + _DOUBT * unusual

    simplex = np.vstack([usual, usual + np.diag(spread)])
    options = {"maxfev": tries, "initial_simplex": simplex, "fatol": 1e-4, "xatol": 0.02}
    best = minimize(price, usual, method="Nelder-Mead", options=options)
    chosen = settings(best.x)
    explained = frames.explained(heard.gain(chosen))
    return Dialled(chosen, hears, explained.level, explained.left, float(best.fun))


def gain_of(
    settings: NodeSettings, sound: Float[Tensor, "channel time"], sample_rate_hz: float
) -> Float[Tensor, " time"]:
    """Return the gain, as an amplitude, that a processor has over time when it hears a sound."""
    entry = processor(settings.kind)
    assert isinstance(entry, DynamicsProcessor)
    values = {name: value[None] for name, value in settings.values.items()}
    if "key" not in entry.inputs:
        loud = sound.abs().amax(0, keepdim=True).clamp(min=1e-9)
        return (entry.from_rest(loud[None], None, values, sample_rate_hz)[0] / loud)[0]
    steady = torch.ones((1, 1, sound.shape[-1]))
    return entry.from_rest(steady, sound[None], values, sample_rate_hz)[0, 0]
