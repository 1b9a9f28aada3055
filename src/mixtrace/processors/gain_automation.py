"""Gain automation: fades and rides, a smooth gain that follows the clock."""

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.params import Affine, ParamSpec
from mixtrace.processors.base import AutomationProcessor, Values
from mixtrace.units import DB_PER_NEPER

__all__ = ["GainAutomation"]

_KNOTS = 64


class GainAutomation(AutomationProcessor):
    """Sixty-four gains, evenly spaced from the song's start to its end, joined by lines in dB.

    Not in the published console, which names fades among what it cannot match.
    """

    kind = "gain_automation"
    letter = "a"
    label = "gain automation"
    params = (
        ParamSpec("ride_db", "dB", -80.0, 40.0, 0.0, 0.0, Affine(DB_PER_NEPER), (_KNOTS,), "gains"),
        ParamSpec("duration_s", "s", 0.1, 36_000.0, None, 60.0, Affine(1.0), (), "duration"),
    )

    def gain(
        self, values: Values, time_s: Float[Tensor, "node time"]
    ) -> Float[Tensor, "node time"]:
        """Return the gain (amplitude ratio) at each moment; the last one is held."""
        position = time_s / values["duration_s"][:, None] * (_KNOTS - 1)
        position = position.clamp(0.0, _KNOTS - 1)
        lower = position.floor().long().clamp_max(_KNOTS - 2)
        fraction = position - lower
        log_gain = values["ride_db"] / DB_PER_NEPER
        start, end = torch.gather(log_gain, 1, lower), torch.gather(log_gain, 1, lower + 1)
        return torch.exp(start + fraction * (end - start))
