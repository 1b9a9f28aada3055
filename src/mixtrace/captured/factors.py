"""One gain of some tracks: a curve of their level times a ride, fitted by least squares in turns.

A fit sees a song's blocks of a second as quadratic forms, and a ride as constant within each. How
much a gain is worth is told by a two-fold test: fitted on every other block, judged on the rest.
"""

from dataclasses import dataclass
from functools import cache

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
    forms: Forms,
    ride: Lines,
    counted: Float[Tensor, "fit block"],
    *,
    curves: bool,
) -> tuple[Float[Tensor, "line fit knot"], Float[Tensor, "line fit ride_knot"]]:
    """Return the gains at the knots of curves and of rides that fit the blocks that count best.

    Args:
        forms: of the curves.
        ride: how the ride may move.
        counted: 1 or 0, for each fit.
        curves: whether the curves move; one that does not is 1 where the ride moves.
    """
    lines, fits = len(forms.knots), len(counted)
    at_curve = torch.ones((lines, fits, forms.vector.shape[-1]))
    at_ride = torch.ones((lines, fits, len(ride.knots)))
    rides = len(ride.knots) > 1
    weights = ride.weights()
    for _ in range(_TURNS if curves and rides else 1):
        if curves or not rides:
            factor = ride.values(at_ride) * counted
            matrix = torch.einsum("lfb,lbkm->lfkm", factor.square(), forms.matrix)
            vector = torch.einsum("lfb,lbk->lfk", factor, forms.vector)
            at_curve = _solved(matrix, vector, forms.knots)
        if rides:
            power, own = forms.power(at_curve) * counted, forms.own(at_curve) * counted
            matrix = torch.einsum("lfb,bi,bj->lfij", power, weights, weights)
            at_ride = _solved(matrix, own @ weights, (len(ride.knots),) * lines)
    return at_curve, at_ride


def unheard_errors(forms: Forms, ride: Lines, *, curves: bool) -> Float[Tensor, "line block"]:
    """Return the error of each block, even ones of what fits the odd, and the other way round."""
    even = (torch.arange(forms.vector.shape[1]) % 2 == 0).float()
    counted = torch.stack((even, 1 - even))
    at_curve, at_ride = fitted(forms, ride, counted, curves=curves)
    factor = ride.values(at_ride)
    errors = factor * (factor * forms.power(at_curve) - 2 * forms.own(at_curve))
    return ((1 - counted) * errors).sum(1)


def sureness(saved: Float[Tensor, " block"]) -> float:
    """Return Wilcoxon's signed ranks as normal deviations: few loud blocks do not decide alone."""
    ranks = saved.abs().argsort().argsort() + 1.0
    return float((ranks * saved.sign()).sum() / ranks.square().sum().sqrt())


def _solved(
    matrix: Float[Tensor, "line fit knot knot"],
    vector: Float[Tensor, "line fit knot"],
    knots: tuple[int, ...],
) -> Float[Tensor, "line fit knot"]:
    """Return the gains at knots under a ridge; those that a line does not have are 1."""
    size = vector.shape[-1]
    held = torch.stack([_ridge(count, size) for count in knots])[:, None]
    scale = matrix.sum((-2, -1)).clamp(min=1e-20) / torch.tensor(knots)[:, None]
    towards_one = scale[..., None] * held.sum(-1)
    ridge = scale[..., None, None] * held
    gains = torch.linalg.solve((matrix + ridge).double(), (vector + towards_one).double())
    return gains.float().clamp(_LEAST, _MOST)


@cache
def _ridge(knots: int, size: int) -> Float[Tensor, "knot knot"]:
    """Return what holds so many knots together and near 1, and the other knots at 1."""
    steps = torch.zeros((size, size))
    for k in range(1, knots):
        steps[k, k], steps[k, k - 1] = 1.0, -1.0
    stay = torch.full((size,), 1.0)
    stay[:knots] = _STAY
    return _SMOOTH * steps.T @ steps + torch.diag(stay)
