"""Stereo imager: the level of the difference of the channels."""

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.params import Affine, ParamSpec
from mixtrace.processors.base import MatrixProcessor, Values
from mixtrace.units import DB_PER_NEPER

__all__ = ["StereoImager"]


class StereoImager(MatrixProcessor):
    """A gain on left minus right; equal channels pass unchanged.

    Source: Lee et al. 2025, arXiv 2509.15948.
    """

    kind = "stereo_imager"
    letter = "s"
    label = "stereo imager"
    widens = False
    params = (
        ParamSpec("side_gain_db", "dB", -80.0, 40.0, 0.0, 0.0, Affine(DB_PER_NEPER), (), "side"),
    )

    def matrix(self, values: Values) -> Float[Tensor, "node 2 2"]:
        """Return (1 + g) / 2 on the diagonal and (1 - g) / 2 beside it."""
        gain = torch.exp(values["side_gain_db"] / DB_PER_NEPER)
        own, other = (1.0 + gain) / 2.0, (1.0 - gain) / 2.0
        return torch.stack([own, other, other, own], -1).unflatten(-1, (2, 2))
