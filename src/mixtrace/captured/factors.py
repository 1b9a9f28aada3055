"""One gain of some tracks: a curve of their level times a ride, fitted by least squares in turns.

A fit sees a song's blocks of a second as quadratic forms, and a ride as constant within each. How
much a gain is worth is told by a two-fold test: fitted on every other block, judged on the rest.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.captured.ballistics import Ballistics
from mixtrace.captured.lines import Forms, Lines, lines_between

__all__ = ["Factor", "Shape", "fitted", "sureness", "unheard_errors"]

_SMOOTH = 1e-2  # of a knot's mean energy: holds neighbours together
_STAY = 1e-2  # likewise: holds a gain near 1
_LEAST, _MOST = 0.01, 10.0
_TURNS = 4  # curve and ride trade what both can explain


@dataclass(frozen=True, eq=False)
class Shape:
    """How a gain may move.

    Attributes:
        curve: each frame between knots of the level, in dB; a single knot where it does not count.
        ballistics: of the level; None where it does not count.
        ride: each block between knots of time, in seconds; a single one where it does not count.
    """

    curve: Lines
    ballistics: Ballistics | None
    ride: Lines

    @property
    def moves(self) -> int:
        """Of curve and ride, how many there are."""
        return (self.ballistics is not None) + (len(self.ride.knots) > 1)


@dataclass(frozen=True, eq=False)
class Factor:
    """A gain of some tracks.

    Attributes:
        tracks: that have it.
        shape: how it may move.
        curve: the gain at the knots of the level.
        ride: the gain at the knots of time.
        worth: share of the tracks' energy in blocks not fitted that it explains.
    """

    tracks: tuple[int, ...]
    shape: Shape
    curve: Float[Tensor, " knot"]
    ride: Float[Tensor, " ride_knot"]
    worth: float

    def ride_over(self, time_s: Float[Tensor, " frame"]) -> Float[Tensor, " frame"]:
        """Return the ride at some times."""
        if len(self.ride) == 1:
            return self.ride.expand(len(time_s))
        return lines_between(self.shape.ride.knots, time_s).values(self.ride)

    def gain(self, time_s: Float[Tensor, " frame"]) -> Float[Tensor, " frame"]:
        """Return the gain in each frame, its time given."""
        return self.shape.curve.values(self.curve) * self.ride_over(time_s)


def fitted(
    forms: Forms, shape: Shape, counted: Float[Tensor, " block"]
) -> tuple[Float[Tensor, " knot"], Float[Tensor, " ride_knot"]]:
    """Return the gains at the knots of curve and ride that fit the blocks that count best.

    Args:
        forms: of the shape's curve.
        shape: what moves.
        counted: 1 or 0.
    """
    curve, ride = torch.ones(len(shape.curve.knots)), torch.ones(len(shape.ride.knots))
    rides = len(ride) > 1
    whole = torch.zeros(len(counted), dtype=torch.long)
    for _ in range(_TURNS if shape.moves == 2 else 1):
        if shape.ballistics is not None or not rides:
            factor = shape.ride.values(ride) * counted
            matrix = torch.einsum("b,bkl->kl", factor.square(), forms.matrix)
            curve = _solved(matrix, factor @ forms.vector)
        if rides:
            power = torch.einsum("k,bkl,l->b", curve, forms.matrix, curve) * counted
            form = shape.ride.forms(power, (forms.vector @ curve) * counted, whole)
            ride = _solved(form.matrix[0], form.vector[0])
    return curve, ride


def unheard_errors(forms: Forms, shape: Shape) -> Float[Tensor, " block"]:
    """Return the error of each block, even ones of what fits the odd, and the other way round."""
    even = (torch.arange(len(forms.vector)) % 2 == 0).float()
    errors = torch.zeros(len(even))
    for counted in (even, 1 - even):
        curve, ride = fitted(forms, shape, counted)
        errors += (1 - counted) * forms.errors(curve, shape.ride.values(ride))
    return errors


def sureness(saved: Float[Tensor, " block"]) -> float:
    """Return Wilcoxon's signed ranks as normal deviations: few loud blocks do not decide alone."""
    ranks = saved.abs().argsort().argsort() + 1.0
    return float((ranks * saved.sign()).sum() / ranks.square().sum().sqrt())


def _solved(matrix: Float[Tensor, "knot knot"], vector: Float[Tensor, " knot"]) -> Tensor:
    """Return the gains at knots under a ridge."""
    knots = len(vector)
    steps = torch.eye(knots)[1:] - torch.eye(knots)[:-1]
    scale = matrix.sum().clamp(min=1e-20) / knots
    held = matrix + scale * (_SMOOTH * steps.T @ steps + _STAY * torch.eye(knots))
    gains = torch.linalg.solve(held.double(), (vector + scale * _STAY).double())
    return gains.float().clamp(_LEAST, _MOST)
