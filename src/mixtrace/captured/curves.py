"""Gains that follow a level: lines between knots, the static curve of a dynamic processor."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mixtrace.captured.ballistics import Ballistics
from mixtrace.captured.lines import lines_between

__all__ = ["LevelCurve", "level_knots"]

_KNOTS = 9
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
    levels_db: Float[Tensor, " frame"], counted: Bool[Tensor, " frame"]
) -> Float[Tensor, " knot"]:
    """Return quantiles of the levels that count, at least 1 dB apart; none where too few count."""
    chosen = levels_db[counted]
    if len(chosen) < _KNOTS:
        return torch.zeros(0)
    top = float(torch.quantile(chosen, 0.999))
    chosen = chosen[chosen > top - _REACH_DB]
    places = torch.linspace(0, 1, _KNOTS)
    places[0], places[-1] = 0.01, 0.999
    knots: list[float] = []
    for knot in torch.quantile(chosen, places).tolist():
        if not knots or knot - knots[-1] >= _APART_DB:
            knots.append(knot)
    return torch.tensor(knots)
