"""The dials of a compressor, a gate or a limiter, from how the gain of its part of the mix moved.

A captured curve says that a gain follows a level, and roughly how. Here the processor itself is
run with ever other dials until its gain explains the mix best: in front of the EQ or behind it,
with a detector of peaks or of the mean square, its level smoothed or its gain. Where dials explain
it equally well the usual ones win. Most tries hear one sample in four, so that a detector finds the
same share of them above its threshold; the last ones hear all.
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

__all__ = ["Dialled", "Heard", "gain_of", "loud_db", "read_dynamics", "usual"]

_EVERY = 4
_FIRST_TRIES, _TRIES, _LAST_TRIES = 60, 80, 50
_HOPEFUL = 3  # of all sounds and detectors: those that go on after the first tries
_NEARER, _NEAR = 0.5, 0.2
"""Of a dial's spread: how far later tries and the last ones go at first."""

_DOUBT = 0.01
"""Of the error: by how much one standard deviation from the usual must lower it."""

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
    """What a detector hears."""

    def __init__(self, sound: Float[Tensor, "channel time"], sample_rate_hz: float) -> None:
        """Take a sound, and one sample in four of it."""
        self._rate = sample_rate_hz
        self._sound, self._coarse = sound, sound[:, ::_EVERY].contiguous()
        self._frame = round(FRAME_S * sample_rate_hz)
        self.level_db = loud_db(sound, sample_rate_hz)
        self._frames = self._sound.shape[-1] // self._frame

    def gain(self, settings: NodeSettings, *, coarse: bool = False) -> Float[np.ndarray, " frame"]:
        """Return the mean gain in each frame of 5 ms, as an amplitude."""
        sound, rate = (self._coarse, self._rate / _EVERY) if coarse else (self._sound, self._rate)
        gain = gain_of(settings, sound, rate).double().numpy()
        edges = np.round(np.arange(self._frames + 1) * self._frame * rate / self._rate).astype(int)
        return np.add.reduceat(gain[: edges[-1]], edges[:-1]) / np.diff(edges)


def loud_db(sound: Float[Tensor, "channel time"], sample_rate_hz: float) -> float:
    """Return the mean level where a sound is within 40 dB of its loudest frame; -120 of silence."""
    levels = framed(sound, round(FRAME_S * sample_rate_hz)).square().mean((0, 2))
    loud = levels[levels > levels.amax() * 10.0 ** (-0.1 * _SOUNDS_DB)]
    return 10.0 * math.log10(float(loud.mean()) + 1e-12) if len(loud) else -120.0


def usual(kind: str, **given: float) -> NodeSettings:
    """Return the dials that a compressor, a gate or a limiter usually has, but for given ones.

    The first of `_DIALS`, a level, has to be given: what is usual depends on the sound.
    """
    dials = {dial.name: dial.of(dial.usual) for dial in _DIALS[kind][1:]}
    return node_of(kind, **{**dials, **given})


def read_dynamics(kind: str, frames: Framewise, sounds: Mapping[str, Heard]) -> Dialled:
    """Return the processor of a kind that explains best how a part of the mix moved.

    Args:
        kind: of the processor.
        frames: of the part.
        sounds: what it may be hearing, such as the track in front of its EQ and behind it.
    """
    ways = product(sounds.items(), _CHOICES[kind])
    searches = [_Search(kind, frames, name, heard, fixed) for (name, heard), fixed in ways]
    searches.sort(key=lambda search: search.tried(_FIRST_TRIES, 1.0))
    hopeful = searches[:_HOPEFUL]
    best = min(hopeful, key=lambda search: search.tried(_TRIES, _NEARER))
    return best.found()


class _Search:
    """A search for the dials of a processor, its choices made."""

    def __init__(
        self, kind: str, frames: Framewise, hears: str, heard: Heard, choices: Mapping[str, float]
    ) -> None:
        self._kind, self._frames, self._choices = kind, frames, choices
        self._hears, self._heard = hears, heard
        self._dials = _DIALS[kind]
        self._usual = np.array([dial.usual for dial in self._dials])
        self._spread = np.array([dial.spread for dial in self._dials])
        self._best = self._usual

    def tried(self, tries: int, within: float) -> float:
        """Try dials within so many spreads on one sample in four, and return the best price."""
        return self._moved(within * self._spread, tries, coarse=True)

    def found(self) -> Dialled:
        """Try dials near the best on all samples, and return the best of these."""
        price = self._moved(_NEAR * self._spread, _LAST_TRIES, coarse=False)
        chosen = self._settings(self._best)
        explained = self._frames.explained(self._heard.gain(chosen))
        return Dialled(chosen, self._hears, explained.level, explained.left, price)

    def _moved(self, steps: np.ndarray, tries: int, *, coarse: bool) -> float:
        simplex = np.vstack([self._best, self._best + np.diag(steps)])
        options = {"maxfev": tries, "initial_simplex": simplex, "fatol": 1e-4, "xatol": 0.02}
        best = minimize(self._price, self._best, coarse, method="Nelder-Mead", options=options)
        self._best = best.x
        return float(best.fun)

    def _price(self, values: np.ndarray, coarse: bool) -> float:
        unusual = float((((values - self._usual) / self._spread) ** 2).sum())
        gain = self._heard.gain(self._settings(values), coarse=coarse)
        return self._frames.explained(gain).left * (1.0 + _DOUBT * unusual)

    def _settings(self, values: np.ndarray) -> NodeSettings:
        given = {dial.name: dial.of(value) for dial, value in zip(self._dials, values, strict=True)}
        given[self._dials[0].name] += self._heard.level_db
        return node_of(self._kind, **given, **self._choices)


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
