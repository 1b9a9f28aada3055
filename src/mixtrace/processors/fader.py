"""Fader: one level and one place, as on a console's channel."""

import math
from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.params import Affine, ParamSpec
from mixtrace.processors.base import MatrixProcessor, Values
from mixtrace.processors.gain_panning import CENTRE, level_and_place, place_words
from mixtrace.processors.picture import Picture, bars
from mixtrace.processors.told import Heard, NodeSettings, Said
from mixtrace.units import DB_PER_NEPER
from mixtrace.wording import signed_db

__all__ = ["Fader"]


class Fader(MatrixProcessor):
    """A level and a pan pot of constant power.

    At place p the gains are √2 cos((1 + p) π / 4) for left and √2 sin((1 + p) π / 4) for right.
    """

    kind = "fader"
    letter = "f"
    label = "fader"
    short = "Fader"
    family = "place"
    about = (
        "A channel's fader and its pan pot. The pan pot keeps the power: in the centre both sides "
        "are as they were, hard left is 3 dB up on the left and nothing on the right. A stereo "
        "sound is balanced by the same gains; its sides do not mix."
    )
    widens = True
    start_wet = 1.0
    params = (
        ParamSpec(
            name="level_db",
            unit="dB",
            low=-80.0,
            high=20.0,
            neutral=0.0,
            init=0.0,
            warp=Affine(DB_PER_NEPER),
            shape=(),
            label="level",
            meaning="Gain of the fader.",
            start=0.0,
            rate=0.06,
        ),
        ParamSpec(
            name="pan",
            unit="",
            low=-1.0,
            high=1.0,
            neutral=0.0,
            init=0.0,
            warp=Affine(0.3),
            shape=(),
            label="pan",
            meaning="Place of the pan pot: -1 is hard left, 0 the centre, 1 hard right.",
            start=0.0,
            rate=0.1,
        ),
    )

    def matrix(self, values: Values) -> Float[Tensor, "node 2 2"]:
        """Return the gains on the diagonal.

        √2 cos(π / 4 + a) = cos a - sin a: the centre is exactly one.
        """
        angle = math.pi / 4.0 * values["pan"]
        sides = torch.stack([angle.cos() - angle.sin(), angle.cos() + angle.sin()], -1)
        level = torch.exp(values["level_db"] / DB_PER_NEPER)
        return torch.diag_embed(level[:, None] * sides)

    def amount(self, node: NodeSettings, share: float) -> NodeSettings:
        """Return the level, and the way of the pan pot from the centre, multiplied by the share."""
        return self.multiplied(node, share, "level_db", "pan")

    def describe(self, node: NodeSettings) -> str:
        """Return the gain's mean power and the place, dry/wet weight included."""
        level, place = level_and_place(self._sides_db(node))
        return f"{level}, {place}" if place == CENTRE else f"{level}, pan {place}"

    def dials(self, node: NodeSettings) -> Iterator[tuple[str, str]]:
        """Yield the fader's level and the pan pot's place."""
        yield "level", signed_db(node.number("level_db"))
        yield "pan", place_words(node.number("pan"))

    def say(self, node: NodeSettings, heard: Heard) -> Said:
        """Return nothing: level and place of the whole strip are told for all of it."""
        return Said()

    def picture(self, node: NodeSettings, heard: Heard) -> Picture:
        """Return the gain of either side."""
        return bars("gain in dB of left and right", ("left", "right"), self._sides_db(node))

    def _sides_db(self, node: NodeSettings) -> Float[np.ndarray, " 2"]:
        values = {name: value[None].detach().cpu().double() for name, value in node.values.items()}
        gains = self.matrix(values)[0].diagonal().numpy()
        return 20.0 * np.log10(np.maximum(1.0 - node.wet + node.wet * gains, 1e-4))
