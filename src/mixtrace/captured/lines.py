"""Lines between knots, and what a least-squares fit of them needs to know of a song's blocks.

The error of a gain b of tracks whose sum has the energy p in a frame, and the product o with what
the others leave of the mix, is p b^2 - 2 o b but for a constant. With b on lines between knots it
is, in each block, a quadratic form of the gains w at the knots: w' M w - 2 v' w.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["Forms", "Lines", "lines_between", "no_lines"]


@dataclass(frozen=True, eq=False)
class Lines:
    """Where each frame lies between knots.

    Attributes:
        knots: rising.
        upper: number of the knot above each frame; 0 where there is but one knot.
        share: of the way from the knot below.
    """

    knots: Float[Tensor, " knot"]
    upper: Tensor
    share: Float[Tensor, " frame"]

    def values(self, at_knots: Float[Tensor, " knot"]) -> Float[Tensor, " frame"]:
        """Return what lines have in each frame."""
        below = (self.upper - 1).clamp(min=0)
        return torch.lerp(at_knots[below], at_knots[self.upper], self.share)

    def forms(
        self, power: Float[Tensor, " frame"], own: Float[Tensor, " frame"], blocks: Tensor
    ) -> "Forms":
        """Return the quadratic form of each block."""
        count, size = int(blocks[-1]) + 1, len(self.knots)
        below = (self.upper - 1).clamp(min=0)
        matrix = torch.zeros(count * size * size)
        vector = torch.zeros(count * size)
        weights = ((below, 1 - self.share), (self.upper, self.share))
        for row, of_row in weights:
            vector.index_add_(0, blocks * size + row, of_row * own)
            for column, of_column in weights:
                place = (blocks * size + row) * size + column
                matrix.index_add_(0, place, of_row * of_column * power)
        return Forms(matrix.view(count, size, size), vector.view(count, size))


@dataclass(frozen=True, eq=False)
class Forms:
    """A quadratic form of the gains at knots for each block of a song."""

    matrix: Float[Tensor, "block knot knot"]
    vector: Float[Tensor, "block knot"]

    @property
    def power(self) -> Float[Tensor, " block"]:
        """Energy of each block at a gain of one."""
        return self.matrix.sum((1, 2))

    def errors(
        self, at_knots: Float[Tensor, " knot"], factors: Float[Tensor, " block"]
    ) -> Float[Tensor, " block"]:
        """Return the error of each block, where the gain has a further factor."""
        squares = torch.einsum("k,bkl,l->b", at_knots, self.matrix, at_knots)
        return factors * (factors * squares - 2 * self.vector @ at_knots)


def lines_between(knots: Float[Tensor, " knot"], places: Float[Tensor, " frame"]) -> Lines:
    """Return where places lie; beyond the knots they have what the last one has."""
    inside = places.clamp(float(knots[0]), float(knots[-1]))
    upper = torch.searchsorted(knots, inside).clamp(1, len(knots) - 1)
    return Lines(knots, upper, (inside - knots[upper - 1]) / (knots[upper] - knots[upper - 1]))


def no_lines(frames: int) -> Lines:
    """Return a single knot: what does not move."""
    return Lines(torch.zeros(1), torch.zeros(frames, dtype=torch.long), torch.ones(frames))
