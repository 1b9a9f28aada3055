"""Stereo imager: the level of the difference of the channels."""

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.params import Affine, ParamSpec
from mixtrace.processors.base import MatrixProcessor, Values
from mixtrace.processors.picture import Picture, bars
from mixtrace.processors.told import Heard, NodeSettings, Said
from mixtrace.units import DB_PER_NEPER
from mixtrace.wording import rounded_db, signed_db

__all__ = ["StereoImager"]

_MONO_DB = -40.0
_TOLD_DB = 0.05
_WIDTH_DB = 0.5


class StereoImager(MatrixProcessor):
    """A gain on left minus right; equal channels pass unchanged.

    Source: Lee et al. 2025, arXiv 2509.15948.
    """

    kind = "stereo_imager"
    letter = "s"
    label = "stereo imager"
    short = "Wide"
    family = "place"
    about = (
        "Widens or narrows: the difference between left and right gets louder or softer, "
        "their sum stays. A mono track passes unchanged."
    )
    widens = False
    changes_mono = False
    start_wet = 0.7
    gains = "side_gain_db"
    params = (
        ParamSpec(
            name="side_gain_db",
            unit="dB",
            low=-80.0,
            high=40.0,
            neutral=0.0,
            init=0.0,
            warp=Affine(DB_PER_NEPER),
            shape=(),
            label="side",
            meaning="Gain of left minus right; -80 dB is mono, 6 dB twice as wide.",
            start=0.0,
            rate=0.06,
        ),
    )

    def matrix(self, values: Values) -> Float[Tensor, "node 2 2"]:
        """Return (1 + g) / 2 on the diagonal and (1 - g) / 2 beside it."""
        gain = torch.exp(values["side_gain_db"] / DB_PER_NEPER)
        own, other = (1.0 + gain) / 2.0, (1.0 - gain) / 2.0
        return torch.stack([own, other, other, own], -1).unflatten(-1, (2, 2))

    def describe(self, node: NodeSettings) -> str:
        """Return the gain of the sides, and what that means."""
        side_db = float(node.mixed_db("side_gain_db"))
        if side_db < _MONO_DB:
            return "mono"
        effect = "wider" if side_db > 0.0 else "narrower"
        return f"side {signed_db(side_db)}" + (f" ({effect})" if abs(side_db) >= _TOLD_DB else "")

    def say(self, node: NodeSettings, heard: Heard) -> Said:
        """Return whether it made the sound wider, narrower or mono."""
        side_db = float(node.mixed_db("side_gain_db"))
        if abs(side_db) < _WIDTH_DB:
            return Said(doubts=("the stereo imager changes the width by less than 0.5 dB",))
        if side_db < _MONO_DB:
            return Said(("made mono",))
        word = "wider" if side_db > 0.0 else "narrower"
        return Said((f"{word} (sides {rounded_db(side_db)})",))

    def picture(self, node: NodeSettings, heard: Heard) -> Picture:
        """Return the gain of mid, which stays, and of side."""
        gains_db = np.array([0.0, float(node.mixed_db("side_gain_db"))])
        return bars("gain in dB of mid and side", ("mid", "side"), gains_db)
