"""Which processors have a nearest one that people turn, and who finds it."""

from collections.abc import Callable

import torch

from mixtrace.processors import (
    DynamicsProcessor,
    FilterProcessor,
    MatrixProcessor,
    Processor,
    processor,
)
from mixtrace.processors.equalizer import Equalizer
from mixtrace.processors.noise_reverb import NoiseReverb
from mixtrace.processors.one_pole import OnePoleDynamics
from mixtrace.processors.twenty_tap_delay import TwentyTapDelay
from mixtrace.simplifying.free_curve import nearest_bands
from mixtrace.simplifying.nearest import Nearest, Place, processed
from mixtrace.simplifying.noise_decay import nearest_reverb
from mixtrace.simplifying.one_level import nearest_dynamics
from mixtrace.simplifying.twenty_taps import nearest_delay
from mixtrace.units import db_from_ratio

__all__ = ["nearest"]

_NEAREST: tuple[tuple[type[Processor], Callable[[Place], Nearest]], ...] = (
    (Equalizer, nearest_bands),
    (OnePoleDynamics, nearest_dynamics),
    (TwentyTapDelay, nearest_delay),
    (NoiseReverb, nearest_reverb),
)
"""One that another package derives from such a class is said alike."""

_STILL = (FilterProcessor, MatrixProcessor, DynamicsProcessor)
"""What does the same whenever in the song it is heard, so that an excerpt tells it."""

_NOTHING_DB = -60.0
"""Of what enters: what a processor may add to it or take from it and yet do nothing."""


def nearest(place: Place) -> Nearest | None:
    """Return what may stand where a processor stands; None where it is dialled as it is.

    One that does nothing to the sound that enters it has nothing in its place.
    """
    entry = processor(place.node.kind)
    if not isinstance(entry, _STILL):
        return None
    changed_db = _changed_db(place)
    if changed_db <= _NOTHING_DB:
        return Nearest((), changed_db, _NOTHING_DB, "without it")
    return next((find(place) for kind, find in _NEAREST if isinstance(entry, kind)), None)


def _changed_db(place: Place) -> float:
    """Return the energy by which a processor changes what enters it, over that."""
    after = processed(place.node, place.entering, place.sample_rate_hz)
    entering = place.entering.expand(len(after), -1)
    energy = entering.square().sum(dtype=torch.float64).clamp(min=1e-20)
    share = (after - entering).square().sum(dtype=torch.float64) / energy
    return db_from_ratio(float(share.sqrt()))
