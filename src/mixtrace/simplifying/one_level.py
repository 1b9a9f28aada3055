"""A compressor or gate of one smoothed level as one with attack and release.

What it does is a gain over time. The dials start where the equations of both agree at constant
levels (`dsp.dynamics`, `dsp.compression`, `dsp.gating`) and move until the gains differ least, in
dB, over the sound that enters.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from jaxtyping import Float
from scipy.optimize import minimize
from torch import Tensor

from mixtrace.interpret import node_of
from mixtrace.interpret.framewise import FRAME_S, framed
from mixtrace.processors import NodeSettings, processor
from mixtrace.processors.one_pole import OnePoleDynamics
from mixtrace.simplifying.free_curve import levelled, rms_db
from mixtrace.simplifying.nearest import Nearest, Place, processed

__all__ = ["gain_db", "nearest_dynamics"]

MOST_OFF_DB = 1.0
_MEASURE = "in the gain"
_EVERY = 4
"""Most tries hear one sample in four: a detector finds the same share of them above a level."""

_FIRST_TRIES, _TRIES, _LAST_TRIES = 50, 100, 40
_SPREAD, _NEARER, _NEAR = 0.5, 0.25, 0.1
"""How far unconstrained settings go: in the first tries, from each start; in those from the best of
these; in the last, which hear all samples."""

_SOUNDS_DB = 40.0
_SETTLED_S = 0.2  # when detectors have forgotten that they began at rest
_PEAK_OVER_MEAN_DB = 4.0  # music's, over a few milliseconds; a sine's is 3
_SHORT_MS = 10.0  # the averaging time of our RMS: what is faster hears peaks
_STILL_DB = 0.1

_Gain = Float[np.ndarray, " frame"]


def nearest_dynamics(place: Place) -> Nearest:
    """Return the compressor or gate whose gain differs least, in dB, over the sound that enters.

    How far it is off is the root mean square over frames of 5 ms, where what enters is within 40 dB
    of its loudest one. The dry/wet weight is the same.
    """
    wanted_db = gain_db(place.node, place.entering, place.sample_rate_hz)
    heard = _sounding(place.entering, place.sample_rate_hz)
    if not heard.any() or float(np.ptp(wanted_db[heard])) < _STILL_DB:
        level_db = float(np.median(wanted_db[heard])) if heard.any() else 0.0
        off_db = rms_db(wanted_db[heard] - level_db)
        return Nearest(levelled((), level_db), off_db, MOST_OFF_DB, _MEASURE)
    search = _Search(place, wanted_db, heard)
    entry = processor(place.node.kind)
    assert isinstance(entry, OnePoleDynamics)
    starts = _compressors if entry.direction > 0 else _gates
    tried = (search.tried(start) for start in starts(place, wanted_db[heard]))
    settings = search.settled(min(tried, key=lambda one: one[0])[1])
    off_db = rms_db((gain_db(settings, place.entering, place.sample_rate_hz) - wanted_db)[heard])
    return Nearest((settings,), off_db, MOST_OFF_DB, _MEASURE)


def gain_db(
    node: NodeSettings, sound: Float[Tensor, "channel time"], rate_hz: float, every: int = 1
) -> _Gain:
    """Return by how much each frame of 5 ms leaves a processor louder than it entered.

    Args:
        node: the processor.
        sound: what enters it.
        rate_hz: rate of that.
        every: which samples are heard, such as one in four.
    """
    samples = _frame_samples(rate_hz) // every
    sound, rate_hz = sound[:, ::every].contiguous(), rate_hz / every
    before, after = (
        framed(audio, samples).square().mean((0, 2)).double().numpy()
        for audio in (sound, processed(node, sound, rate_hz))
    )
    return 10.0 * np.log10((after + 1e-14) / (before + 1e-14))


def _frame_samples(rate_hz: float) -> int:
    """Return a frame that has whole ones among one sample in four."""
    return _EVERY * round(FRAME_S * rate_hz / _EVERY)


def _sounding(sound: Tensor, rate_hz: int) -> np.ndarray:
    energy = framed(sound, _frame_samples(rate_hz)).square().mean((0, 2)).numpy()
    loud = energy > max(energy.max(initial=0.0) * 10.0 ** (-0.1 * _SOUNDS_DB), 1e-12)
    loud[: round(_SETTLED_S / FRAME_S)] = False
    return loud


@dataclass(frozen=True, eq=False)
class _Start:
    """Where dials start: those that move, and all settings of the node."""

    moving: tuple[str, ...]
    settings: NodeSettings


def _compressors(place: Place, wanted_db: _Gain) -> Iterator[_Start]:
    """Yield compressors with the same static curve, and times that smooth as long."""
    node, time_ms = place.node, place.node.number("time_ms")
    moving = ("threshold_db", "ratio", "knee_db", "attack_ms", "release_ms")
    slope = min(max(node.number("slope"), -0.95), -0.01)
    for detector, smoothing in product((1.0, 0.0), repeat=2):
        if detector and time_ms < 0.2 * _SHORT_MS:
            continue
        over_db = 0.0 if detector else _PEAK_OVER_MEAN_DB
        # An energy that falls by 1/e falls as an amplitude in twice the time, and rises in half.
        yield _Start(
            moving,
            node_of(
                "compressor",
                node.wet,
                threshold_db=node.number("threshold_db") + over_db,
                ratio=1.0 / (1.0 + slope),
                knee_db=node.number("knee_db"),
                attack_ms=0.5 * time_ms,
                release_ms=2.0 * time_ms,
                detector=detector,
                smoothing=smoothing,
            ),
        )


def _gates(place: Place, wanted_db: _Gain) -> Iterator[_Start]:
    """Yield gates that close where the expander has taken half of what it takes in soft parts."""
    node, time_ms = place.node, place.node.number("time_ms")
    range_db = float(np.percentile(wanted_db, 5.0))
    closed = max(10.0 ** (range_db / 20.0) - 1.0 + node.wet, 1e-4) / node.wet
    half_db = 0.5 * range_db / min(node.number("slope"), -0.1)
    yield _Start(
        ("threshold_db", "range_db", "attack_ms", "release_ms"),
        node_of(
            "gate",
            node.wet,
            threshold_db=node.number("threshold_db") - half_db + _PEAK_OVER_MEAN_DB,
            range_db=20.0 * math.log10(closed),
            attack_ms=0.5 * time_ms,
            release_ms=2.0 * time_ms,
            hold_ms=0.0,
        ),
    )


class _Search:
    """A search for the dials with which a gain is met best."""

    def __init__(self, place: Place, wanted_db: _Gain, heard: np.ndarray) -> None:
        self._sound, self._rate = place.entering, place.sample_rate_hz
        self._wanted_db, self._heard = wanted_db, heard

    def tried(self, start: _Start) -> tuple[float, _Start]:
        """Return by how much the best dials near a start are off, and these."""
        return self._moved(start, _FIRST_TRIES, _SPREAD, _EVERY)

    def settled(self, start: _Start) -> NodeSettings:
        """Return the best dials near those that were tried, in the end by all samples."""
        _, start = self._moved(start, _TRIES, _NEARER, _EVERY)
        return self._moved(start, _LAST_TRIES, _NEAR, 1)[1].settings

    def _moved(self, start: _Start, tries: int, spread: float, every: int) -> tuple[float, _Start]:
        free = _Free(start)
        simplex = np.vstack([free.start, free.start + spread * np.eye(len(free.start))])

        def price(values: np.ndarray) -> float:
            found_db = gain_db(free.turned(values), self._sound, self._rate, every)
            count = min(len(found_db), len(self._wanted_db))
            off_db = found_db[:count] - self._wanted_db[:count]
            return rms_db(off_db[self._heard[:count]])

        options = {"maxfev": tries, "initial_simplex": simplex, "fatol": 1e-3, "xatol": 1e-2}
        best = minimize(price, free.start, method="Nelder-Mead", options=options)
        return float(best.fun), _Start(start.moving, free.turned(best.x))


class _Free:
    """The moving dials of a processor as numbers without bounds."""

    def __init__(self, start: _Start) -> None:
        self._given = start.settings
        self._specs = [processor(start.settings.kind).param(name) for name in start.moving]
        values = [spec.unconstrained(self._given.values[spec.name][None]) for spec in self._specs]
        self.start = torch.cat(values).double().numpy()

    def turned(self, values: Float[np.ndarray, " dial"]) -> NodeSettings:
        """Return the processor with its dials turned."""
        numbers = torch.tensor(values, dtype=torch.float32)
        moved = {
            spec.name: spec.physical(numbers[k : k + 1])[0] for k, spec in enumerate(self._specs)
        }
        given = self._given
        return NodeSettings(given.kind, {**given.values, **moved}, given.wet)
