"""What the published compressor and gate share: one smoothed level, one curve with a soft knee."""

from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.dsp import detect_and_gain
from mixtrace.params import Affine, Exponential, ParamSpec, PoleTime
from mixtrace.processors.base import DESIGN_RATE_HZ, DynamicsProcessor, Passing, Values
from mixtrace.processors.dynamics_params import soft_knee_db
from mixtrace.processors.told import NodeSettings, mixed_gain_db
from mixtrace.units import DB_PER_NEPER_OF_ENERGY
from mixtrace.wording import percent, seconds

__all__ = ["OnePoleDynamics", "detector_params"]


def detector_params(threshold_db: float, time_ms: float) -> tuple[ParamSpec, ...]:
    """Return threshold, knee and time, of which our search starts at some values."""
    return (
        ParamSpec(
            name="threshold_db",
            unit="dB",
            low=-60.0,
            high=20.0,
            neutral=None,
            init=0.0,
            warp=Affine(DB_PER_NEPER_OF_ENERGY, -6.0 * DB_PER_NEPER_OF_ENERGY),
            shape=(),
            label="threshold",
            meaning="The level where the gain starts to change, in dB of mean square over both "
            "channels: a full-scale sine has -3 dB, -6 dB where the other channel is silent. Below "
            "-50 dB the detector hears nothing more.",
            start=threshold_db,
            rate=0.3,
        ),
        ParamSpec(
            name="knee_db",
            unit="dB",
            low=0.1,
            high=60.0,
            neutral=None,
            init=0.0,
            warp=Exponential(DB_PER_NEPER_OF_ENERGY),
            shape=(),
            label="knee",
            meaning="Width of the bend around the threshold, half of it on either side.",
            start=10.0,
            rate=0.3,
        ),
        ParamSpec(
            name="time_ms",
            unit="ms",
            low=0.01,
            high=3300.0,
            neutral=None,
            init=0.0,
            warp=PoleTime(DESIGN_RATE_HZ),
            shape=(),
            label="time",
            meaning="Time constant of the level detector, attack and release alike: after a step "
            "it has gone 63 % of the way.",
            start=time_ms,
            rate=0.3,
        ),
    )


class OnePoleDynamics(DynamicsProcessor):
    """A gain from a smoothed level, the same for both channels.

    Attributes:
        direction: +1 acts above the threshold, -1 below it.

    Source: Lee et al. 2025, arXiv 2509.15948; equations in `dsp.dynamics`.
    """

    direction: ClassVar[int]

    def follow(
        self,
        passing: Passing,
        values: Values,
        wet: Float[Tensor, " node"],
        state: Float[Tensor, "node *state"],
    ) -> tuple[Float[Tensor, "node channel time"], Float[Tensor, "node *state"]]:
        """Return the audio under its gain; the state is that of the level detector."""
        pole = torch.exp(-1000.0 / (passing.sample_rate_hz * values["time_ms"]))
        return detect_and_gain(
            passing.audio,
            pole,
            values["threshold_db"] / DB_PER_NEPER_OF_ENERGY,
            values["knee_db"] / (2.0 * DB_PER_NEPER_OF_ENERGY),
            # The kernel's curve is in nepers of energy, its gain in nepers of amplitude.
            0.5 * values["slope"],
            wet,
            direction=self.direction,
            state=state,
        )

    def static_gain_db(
        self, node: NodeSettings, level_db: Float[np.ndarray, " level"]
    ) -> Float[np.ndarray, " level"]:
        """Return the gain in dB at constant levels, dry/wet weight included."""
        excess_db = self.direction * (level_db - node.number("threshold_db"))
        curve_db = soft_knee_db(excess_db, node.number("knee_db"))
        return mixed_gain_db(node.number("slope") * curve_db, node.wet)

    def amount(self, node: NodeSettings, share: float) -> NodeSettings:
        """Return the slope multiplied by the share."""
        return self.multiplied(node, share, "slope")

    def detector_words(self, node: NodeSettings) -> str:
        """Return knee, time and weight in words."""
        time = seconds(node.number("time_ms") / 1000.0)
        return f"knee {node.number('knee_db'):.0f} dB, {time}, wet {percent(node.wet)}"
