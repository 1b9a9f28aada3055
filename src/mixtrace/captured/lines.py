"""Lines between knots, and what a least-squares fit of them needs to know of a song's blocks.

The error of a gain b of tracks whose sum has the energy p in a frame, and the product o with what
the others leave of the mix, is p b^2 - 2 o b but for a constant. With b on lines between knots it
is, in each block, a quadratic form of the gains w at the knots: w' M w - 2 v' w.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.captured.lines_kernels import forms_kernel
from mixtrace.loops import over_rows

__all__ = ["Forms", "Lines", "lines_between", "no_lines"]


@dataclass(frozen=True, eq=False)
class Lines:
    """Where each frame lies between knots.

    Attributes:
        knots: rising.
        places: of the frames: 2.25 is a quarter of the way from the knot 2 to the knot 3.
    """

    knots: Float[Tensor, " knot"]
    places: Float[Tensor, " frame"]

    def values(self, at_knots: Float[Tensor, "*fit knot"]) -> Float[Tensor, "*fit frame"]:
        """Return what lines have in each frame."""
        below = self.places.long()
        above = (below + 1).clamp(max=len(self.knots) - 1)
        return torch.lerp(at_knots[..., below], at_knots[..., above], self.places - below)

    def weights(self) -> Float[Tensor, "frame knot"]:
        """Return how much each knot counts in each frame."""
        return self.values(torch.eye(len(self.knots))).T


@dataclass(frozen=True, eq=False)
class Forms:
    """Quadratic forms of the gains at knots, for each block of a song.

    Those of several lines lie side by side: what lines with fewer knots lack is zero.

    Attributes:
        matrix: M.
        vector: v.
        knots: how many the lines have.
    """

    matrix: Float[Tensor, "line block knot knot"]
    vector: Float[Tensor, "line block knot"]
    knots: tuple[int, ...]

    @classmethod
    def of(
        cls,
        lines: Sequence[Lines],
        power: Float[Tensor, " frame"],
        own: Float[Tensor, " frame"],
        block_frames: int,
    ) -> "Forms":
        """Return the forms of some lines.

        Args:
            lines: one or more, over the same frames.
            power: energy of the tracks in each frame.
            own: its product with what the others leave of the mix.
            block_frames: length of a block; the last may be shorter.
        """
        knots = tuple(len(line.knots) for line in lines)
        places = torch.stack([line.places for line in lines]).numpy()
        blocks = -(-len(power) // block_frames)
        matrix = np.zeros((len(lines), blocks, max(knots), max(knots)), np.float32)
        vector = np.zeros(matrix.shape[:-1], np.float32)
        frame = np.int64(block_frames)
        signals = (places, power.numpy(), own.numpy(), frame)
        over_rows(forms_kernel, len(lines), *signals, matrix, vector)
        return cls(torch.from_numpy(matrix), torch.from_numpy(vector), knots)

    def power(self, at_knots: Float[Tensor, "line fit knot"]) -> Float[Tensor, "line fit block"]:
        """Return the energy of each block under gains."""
        return torch.einsum("lfk,lbkm,lfm->lfb", at_knots, self.matrix, at_knots)

    def own(self, at_knots: Float[Tensor, "line fit knot"]) -> Float[Tensor, "line fit block"]:
        """Return what each block's product is under gains."""
        return torch.einsum("lfk,lbk->lfb", at_knots, self.vector)


def lines_between(knots: Float[Tensor, " knot"], places: Float[Tensor, " frame"]) -> Lines:
    """Return where places lie; beyond the knots they have what the last one has."""
    inside = places.clamp(float(knots[0]), float(knots[-1]))
    upper = torch.searchsorted(knots, inside).clamp(1, len(knots) - 1)
    below = knots[upper - 1]
    return Lines(knots, upper - 1 + (inside - below) / (knots[upper] - below))


def no_lines(frames: int) -> Lines:
    """Return a single knot: what does not move."""
    return Lines(torch.zeros(1), torch.zeros(frames))
