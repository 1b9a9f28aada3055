"""Gain and panning: one gain for each channel."""

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.params import Affine, ParamSpec
from mixtrace.processors.base import MatrixProcessor, Values
from mixtrace.units import DB_PER_NEPER

__all__ = ["GainPanning"]


class GainPanning(MatrixProcessor):
    """A gain for left and one for right.

    Source: Lee et al. 2025, arXiv 2509.15948.
    """

    kind = "gain_panning"
    letter = "g"
    label = "gain/pan"
    widens = True
    params = (
        ParamSpec(
            "gain_db", "dB", -80.0, 40.0, 0.0, 0.0, Affine(DB_PER_NEPER), (2,), "left, right"
        ),
    )

    def matrix(self, values: Values) -> Float[Tensor, "node 2 2"]:
        """Return the gains on the diagonal."""
        return torch.diag_embed(torch.exp(values["gain_db"] / DB_PER_NEPER))
