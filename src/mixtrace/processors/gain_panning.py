"""Gain and panning: one gain for each channel."""

import math
from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.params import Affine, ParamSpec
from mixtrace.processors.base import MatrixProcessor, Values
from mixtrace.processors.picture import Picture, bars
from mixtrace.processors.told import Heard, NodeSettings, Said
from mixtrace.units import DB_PER_NEPER, db_from_ratio
from mixtrace.wording import percent, signed_db

__all__ = ["CENTRE", "GainPanning", "level_and_place", "place_words"]

CENTRE = "centre"
_NEAR = 0.02


class GainPanning(MatrixProcessor):
    """A gain for left and one for right.

    Source: Lee et al. 2025, arXiv 2509.15948.
    """

    kind = "gain_panning"
    letter = "g"
    label = "gain/pan"
    short = "Pan"
    family = "place"
    about = (
        "Fader and balance in one: a gain for the left channel and one for the right. "
        "Equal gains are a fader, unequal ones pan."
    )
    widens = True
    start_wet = 0.98
    gains = "gain_db"
    params = (
        ParamSpec(
            name="gain_db",
            unit="dB",
            low=-80.0,
            high=40.0,
            neutral=0.0,
            init=0.0,
            warp=Affine(DB_PER_NEPER),
            shape=(2,),
            label="left, right",
            meaning="Gain of left and of right. Polarity is kept.",
            start=0.0,
            rate=0.06,
        ),
    )

    def matrix(self, values: Values) -> Float[Tensor, "node 2 2"]:
        """Return the gains on the diagonal."""
        return torch.diag_embed(torch.exp(values["gain_db"] / DB_PER_NEPER))

    def describe(self, node: NodeSettings) -> str:
        """Return the gain's mean power and the place a constant-power pan pot would have."""
        sides_db = node.mixed_db("gain_db")
        level, place = level_and_place(sides_db)
        if place == CENTRE:
            return f"{level}, {place}"
        side = "right" if sides_db[1] > sides_db[0] else "left"
        return f"{level}, pan {place} ({side} {abs(sides_db[0] - sides_db[1]):.1f} dB louder)"

    def dials(self, node: NodeSettings) -> Iterator[tuple[str, str]]:
        """Yield the gain of either side."""
        for side, gain_db in zip(("left", "right"), node.array("gain_db"), strict=True):
            yield side, signed_db(float(gain_db))

    def say(self, node: NodeSettings, heard: Heard) -> Said:
        """Return nothing: level and place of the whole strip are told for all of it."""
        return Said()

    def picture(self, node: NodeSettings, heard: Heard) -> Picture:
        """Return the gain of either side."""
        return bars("gain in dB of left and right", ("left", "right"), node.mixed_db("gain_db"))


def level_and_place(sides_db: Float[np.ndarray, " 2"]) -> tuple[str, str]:
    """Return in words the mean power of two gains, and the place of a constant-power pan pot."""
    left, right = 10.0 ** (sides_db / 20.0)
    level = signed_db(db_from_ratio(math.sqrt(0.5 * (left**2 + right**2))))
    return level, place_words(4.0 / math.pi * math.atan2(right, left) - 1.0)


def place_words(pan: float) -> str:
    """Return a place between -1 (left) and 1 (right) in words.

    >>> place_words(-0.3), place_words(0.01)
    ('30 % left', 'centre')
    """
    if abs(pan) < _NEAR:
        return CENTRE
    return f"{percent(abs(pan))} {'right' if pan > 0.0 else 'left'}"
