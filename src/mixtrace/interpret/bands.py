"""Bands of an equalizer as analogue curves: passes, shelves and bells of `parametric_equalizer`."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

__all__ = ["BANDS", "Band", "BandKind", "Curve", "shape_db"]

_SHELF_Q = math.sqrt(0.5)

Curve = Float[np.ndarray, " hz"]


@dataclass(frozen=True)
class BandKind:
    """A kind of band.

    Attributes:
        name: of the kind.
        family: kinds of which one equalizer has but one, passes of all slopes among them.
        settings: how many a person dials.
        low, high: the ranges of the settings: natural logarithms of frequency and Q, gain in dB.
        starts_hz: where it is tried first; empty where the misfit tells.
        curve: settings, frequencies -> dB.
    """

    name: str
    family: str
    settings: int
    low: tuple[float, ...]
    high: tuple[float, ...]
    starts_hz: tuple[float, ...]
    curve: Callable[[Float[np.ndarray, " setting"], Curve], Curve]


def _decibels(response: np.ndarray) -> Curve:
    return 20.0 * np.log10(np.abs(response) + 1e-12)


def _pass(order: int, high: bool) -> Callable[[np.ndarray, Curve], Curve]:
    def curve(settings: np.ndarray, hz: Curve) -> Curve:
        ratio = math.exp(settings[0]) / hz if high else hz / math.exp(settings[0])
        return -10.0 * np.log10(1.0 + ratio ** (2 * order))

    return curve


def _shelf(high: bool) -> Callable[[np.ndarray, Curve], Curve]:
    def curve(settings: np.ndarray, hz: Curve) -> Curve:
        boost, s = 10.0 ** (settings[1] / 40.0), 1j * hz / math.exp(settings[0])
        width = math.sqrt(boost) / _SHELF_Q * s
        near, far = s * s + width + boost, boost * s * s + width + 1.0
        return _decibels(boost * (far / near if high else near / far))

    return curve


def _bell(settings: np.ndarray, hz: Curve) -> Curve:
    boost, s = 10.0 ** (settings[1] / 40.0), 1j * hz / math.exp(settings[0])
    q = math.exp(settings[2])
    return _decibels((s * s + boost / q * s + 1.0) / (s * s + s / (boost * q) + 1.0))


def _kinds() -> Iterator[BandKind]:
    log = math.log
    for order in (1, 2, 4):
        name, ends = f"high-pass {6 * order}", ((log(20),), (log(2000),))
        yield BandKind(name, "high-pass", 1, *ends, (40.0, 90.0, 200.0), _pass(order, True))
    for order in (1, 2, 4):
        name, ends = f"low-pass {6 * order}", ((log(500),), (log(20_000),))
        yield BandKind(name, "low-pass", 1, *ends, (4000.0, 9000.0), _pass(order, False))
    ends = ((log(30), -18.0), (log(1000), 18.0))
    yield BandKind("low shelf", "low shelf", 2, *ends, (80.0, 200.0, 500.0), _shelf(False))
    ends = ((log(1000), -18.0), (log(18_000), 18.0))
    yield BandKind("high shelf", "high shelf", 2, *ends, (2500.0, 5000.0, 9000.0), _shelf(True))
    ends = ((log(25), -18.0, log(0.3)), (log(18_000), 18.0, log(8)))
    yield BandKind("bell", "bell", 3, *ends, (), _bell)


BANDS = {band.name: band for band in _kinds()}
"""The kinds by name; those of our `parametric_equalizer`, as analogue curves."""


@dataclass(frozen=True, eq=False)
class Band:
    """A band with its settings: logarithm of its frequency in Hz, gain in dB, logarithm of its Q.

    A pass has the first of them, a shelf the first two, a bell all.
    """

    kind: BandKind
    settings: Float[np.ndarray, " setting"]

    @property
    def frequency_hz(self) -> float:
        """Its frequency."""
        return math.exp(self.settings[0])

    @property
    def gain_db(self) -> float:
        """Its gain; 0 of a pass."""
        return float(self.settings[1]) if len(self.settings) > 1 else 0.0

    @property
    def q(self) -> float:
        """Its Q, as a bell has it; that of the widest bend without a bump otherwise."""
        return math.exp(self.settings[2]) if len(self.settings) > 2 else _SHELF_Q


def shape_db(bands: Sequence[Band], hz: Curve) -> Curve:
    """Return what bands in series do at frequencies."""
    return sum((band.kind.curve(band.settings, hz) for band in bands), np.zeros_like(hz))
