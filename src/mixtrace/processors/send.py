"""Send: how much of a strip's sound leads aside, to a return or to a side-chain."""

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.params import Affine, ParamSpec
from mixtrace.processors.base import MatrixProcessor, Values
from mixtrace.processors.told import Heard, NodeSettings, Said
from mixtrace.units import DB_PER_NEPER
from mixtrace.wording import rounded_db, signed_db

__all__ = ["Send"]


class Send(MatrixProcessor):
    """A gain on a wire that leads aside; without it nothing passes there.

    It stands on the strip that it takes its sound from: behind the fader it is post-fader, before
    it pre-fader.
    """

    kind = "send"
    letter = "x"
    label = "send"
    short = "Send"
    family = "space"
    about = (
        "A send: the level at which a strip's sound leads aside, to a return with a reverb or a "
        "delay, to a parallel bus, or to a side-chain. What leads on is unchanged."
    )
    widens = False
    start_wet = 1.0
    removal = "cut"
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
            meaning="Gain on the way to what the send feeds.",
            start=-12.0,
            rate=0.06,
        ),
    )

    def matrix(self, values: Values) -> Float[Tensor, "node 2 2"]:
        """Return the gain on the diagonal."""
        gain = torch.exp(values["level_db"] / DB_PER_NEPER)
        return torch.diag_embed(gain[:, None].expand(-1, 2))

    def amount(self, node: NodeSettings, share: float) -> NodeSettings:
        """Return the level, by 20 log10 of the share higher; its lowest at 0."""
        spec = self.param("level_db")
        louder_db = 20.0 * torch.log10(torch.as_tensor(share))
        level = spec.clip(node.values["level_db"] + louder_db)
        return replace(node, values={**node.values, "level_db": level})

    def describe(self, node: NodeSettings) -> str:
        """Return the level."""
        return signed_db(float(node.mixed_db("level_db")))

    def say(self, node: NodeSettings, heard: Heard) -> Said:
        """Return the level; who tells the strip says where it leads."""
        return Said((f"a send at {rounded_db(float(node.mixed_db('level_db')))}",))
