"""pedalboard as an engine: plug-ins of JUCE, which no gradient passes.

Its dials have the names of ours and do not sound the same: its compressor smooths the level and has
no knee, and its reverb is a Freeverb, whose room size is set from the decay time.
"""

from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.errors import MixtraceError
from mixtrace.learned.dials import sides_db, turned
from mixtrace.learned.freeverb import comb_feedback

__all__ = ["PedalboardEngine"]

_LEAST_FEEDBACK, _FEEDBACK_SPAN = 0.7, 0.28
"""Feedback of JUCE's combs at room size 0, and how much more it is at 1."""
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
        gains = 10.0 ** (sides_db(dials["gain_db"], dials["pan"]) / 20.0)
        total = np.zeros((2, tracks[0].shape[-1]), np.float32)
        for row, (track, sides) in enumerate(zip(tracks, gains, strict=True)):
            own = {name: float(values[row]) for name, values in dials.items()}
            shaped = self._shaped(own, track.numpy(), sample_rate_hz)
            placed = sides.numpy()[:, None] * shaped
            total += (1.0 - own["wet"]) * placed
            total += own["wet"] * self._reverb(own)(placed, sample_rate_hz)
        return torch.from_numpy(total)

    def _shaped(
        self, dials: dict[str, float], dry: Float[np.ndarray, "_channel time"], rate: int
    ) -> Float[np.ndarray, "_channel time"]:
        pedals = self._pedals
        chain = [
            pedals.LowShelfFilter(dials["low_shelf_hz"], dials["low_shelf_db"]),
            pedals.PeakFilter(dials["bell_hz"], dials["bell_db"], dials["bell_q"]),
            pedals.HighShelfFilter(dials["high_shelf_hz"], dials["high_shelf_db"]),
            pedals.Compressor(
                dials["threshold_db"], dials["ratio"], dials["attack_ms"], dials["release_ms"]
            ),
        ]
        return pedals.Pedalboard(chain)(dry, rate)

    def _reverb(self, dials: dict[str, float]) -> Any:
        share = (comb_feedback(dials["decay_s"]) - _LEAST_FEEDBACK) / _FEEDBACK_SPAN
        return self._pedals.Reverb(
            room_size=min(1.0, max(0.0, share)),
            damping=dials["damping"],
            wet_level=1.0 / _JUCE_WET,
            dry_level=0.0,
        )


def _loaded() -> ModuleType:
    try:
        import pedalboard
    except ImportError as error:
        raise MixtraceError(
            "Expected the package pedalboard for its engine; it is not installed. Install it with "
            "pip install 'mixtrace[oracle]', or choose the engine mixtrace."
        ) from error
    return pedalboard
