"""pedalboard as an engine: plug-ins of JUCE, which no gradient passes.

Its dials have the names of ours and do not sound the same: its compressor smooths the level and has
no knee, and its reverb is a Freeverb, whose room size is set from the decay time.
"""

import math
from collections.abc import Sequence
from types import ModuleType

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.errors import MixtraceError
from mixtrace.learned.dials import turned

__all__ = ["PedalboardEngine"]

_COMB_S = 0.031
"""Mean length of the eight combs of a Freeverb; each multiplies by its feedback in this time."""
_LEAST_FEEDBACK, _FEEDBACK_SPAN = 0.7, 0.28
"""Feedback at room size 0, and how much more it is at 1."""
_JUCE_WET = 3.0
"""By how much JUCE multiplies the wet level that it is given."""


class PedalboardEngine:
    """A chain of pedalboard's effects for every track."""

    def __init__(self) -> None:
        """Load the package.

        Raises:
            MixtraceError: it is not installed.
        """
        self._pedals = _loaded()

    def mix(
        self,
        numbers: Float[Tensor, "track 16"],
        tracks: Sequence[Float[Tensor, "_channel time"]],
        sample_rate_hz: int,
    ) -> Float[Tensor, "2 time"]:
        """Return the mix of tracks, from rest."""
        dials = turned(numbers)
        total = np.zeros((2, tracks[0].shape[-1]), np.float32)
        for row, track in enumerate(tracks):
            own = {name: float(values[row]) for name, values in dials.items()}
            total += self._track(own, track.numpy(), sample_rate_hz)
        return torch.from_numpy(total)

    def _track(
        self, dials: dict[str, float], dry: Float[np.ndarray, "_channel time"], rate: int
    ) -> Float[np.ndarray, "2 time"]:
        pedals = self._pedals
        shaped = pedals.Pedalboard(
            [
                pedals.LowShelfFilter(dials["low_shelf_hz"], dials["low_shelf_db"]),
                pedals.PeakFilter(dials["bell_hz"], dials["bell_db"], dials["bell_q"]),
                pedals.HighShelfFilter(dials["high_shelf_hz"], dials["high_shelf_db"]),
                pedals.Compressor(
                    dials["threshold_db"],
                    dials["ratio"],
                    dials["attack_ms"],
                    dials["release_ms"],
                ),
            ]
        )(dry, rate)
        angle = 0.25 * math.pi * (dials["pan"] + 1.0)
        sides = np.array([[math.cos(angle)], [math.sin(angle)]], np.float32)
        placed = 10.0 ** (dials["gain_db"] / 20.0) * math.sqrt(2.0) * sides * shaped
        room = pedals.Reverb(
            room_size=_room_size(dials["decay_s"]),
            damping=dials["damping"],
            wet_level=1.0 / _JUCE_WET,
            dry_level=0.0,
        )
        placed = placed.astype(np.float32)
        return (1.0 - dials["wet"]) * placed + dials["wet"] * room(placed, rate)


def _room_size(decay_s: float) -> float:
    """Return the size at which combs fall by 60 dB in this time, as far as there is one.

    >>> _room_size(0.3), round(_room_size(2.0), 2)
    (0.0, 0.71)
    """
    feedback = 10.0 ** (-3.0 * _COMB_S / decay_s)
    return min(1.0, max(0.0, (feedback - _LEAST_FEEDBACK) / _FEEDBACK_SPAN))


def _loaded() -> ModuleType:
    try:
        import pedalboard
    except ImportError as error:
        raise MixtraceError(
            "Expected the package pedalboard for its engine; it is not installed. Install it with "
            "pip install 'mixtrace[oracle]', or choose the engine mixtrace."
        ) from error
    return pedalboard
