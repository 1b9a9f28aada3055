"""Gains that follow a level: lines between knots, the static curve of a dynamic processor."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mixtrace.captured.ballistics import Ballistics
from mixtrace.captured.lines import lines_between

__all__ = ["LevelCurve", "level_knots"]

_KNOTS = 9
_TOP = 0.999  # share of the frames below the loudest that count: a few are chance
_REACH_DB = 40.0  # below the loudest frames
_APART_DB = 1.0


@dataclass(frozen=True)
class LevelCurve:
    """A gain that follows a level: the static curve of a dynamic processor.

    Attributes:
        ballistics: of the level.
        levels_db: two knots or more, rising, dB re full scale: of the dry track, or of the sum of
            what tracks give to the mix.
        gains_db: at the knots; level beyond them has the gain of the last one. The mean over the
            song, weighted by energy, is 0 dB.
        worth: share of the energy in blocks not fitted that the curve explains.
    """

    ballistics: Ballistics
    levels_db: tuple[float, ...]
    gains_db: tuple[float, ...]
    worth: float

    def gain(self, levels_db: Float[Tensor, " frame"]) -> Float[Tensor, " frame"]:
        """Return the gain, as a factor, at levels of the curve's ballistics."""
        factors = 10 ** (torch.tensor(self.gains_db) / 20.0)
        return lines_between(torch.tensor(self.levels_db), levels_db).values(factors)


def level_knots(
    levels_db: Float[Tensor, "detector frame"], counted: Bool[Tensor, " frame"]
) -> list[Float[Tensor, " knot"]]:
    """Return quantiles of the levels that count, at least 1 dB apart; none where too few count."""
    if int(counted.sum()) < _KNOTS:
        return [torch.zeros(0)] * len(levels_db)
    rising = levels_db[:, counted].sort().values
    shares = torch.linspace(0, 1, _KNOTS)
    shares[0], shares[-1] = 0.01, _TOP
    return [_knots(levels, shares) for levels in rising]


def _knots(
    rising: Float[Tensor, " frame"], shares: Float[Tensor, " _knot"]
) -> Float[Tensor, " knot"]:
    """Return quantiles of what lies within reach of the loudest, those too near left out."""
    top = _quantiles(rising, torch.tensor([_TOP]))[0]
    within = rising[torch.searchsorted(rising, top - _REACH_DB, right=True) :]
    knots: list[float] = []
    for knot in _quantiles(within, shares).tolist():
        if not knots or knot - knots[-1] >= _APART_DB:
            knots.append(knot)
    return torch.tensor(knots)


def _quantiles(
    rising: Float[Tensor, " frame"], shares: Float[Tensor, " share"]
) -> Float[Tensor, " share"]:
    """Return quantiles of what is sorted already."""
    places = shares.double() * (len(rising) - 1)
    below = places.long()
    above = (below + 1).clamp(max=len(rising) - 1)
    return torch.lerp(rising[below], rising[above], (places - below).float())
