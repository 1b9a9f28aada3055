"""Gains over time: curves of a level and rides, of one track, of a group's tracks or of all.

y = sum over k of g_k z_k, z_k what track k gives to the mix at its mean gain, and g_k the product
of what moves it: a curve over its own level, a ride, and the same of its group and of all. None
moves at first. Then what explains most of the song, in blocks that it was not fitted on, is taken,
or what is no longer asked for is dropped, all are fitted again in turns, and so on until nothing
changes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.captured.ballistics import BALLISTICS, Ballistics
from mixtrace.captured.curves import level_knots
from mixtrace.captured.factors import Factor, Shape, fitted, sureness, unheard_errors
from mixtrace.captured.frames import Frames
from mixtrace.captured.lines import Forms, Lines, lines_between, no_lines

__all__ = ["LevelsOf", "read_gains", "total_gain"]

LevelsOf = Callable[[tuple[int, ...], tuple[Ballistics, ...]], Float[Tensor, "detector frame"]]
"""Returns the levels in dB of a track, or of the sum of what some give, under ballistics."""

_BLOCK_S = 1.0
_RIDE_STEP_S = 4.0  # so that the blocks around one that was not fitted tell of the ride in it
_WORTH = 2e-3  # of the tracks' energy: what a gain must explain of blocks not fitted
_SURE = 2.0  # standard deviations
_SWEEPS = 6
_TURNS = 3


def read_gains(
    frames: Frames, sets: Sequence[tuple[int, ...]], levels_of: LevelsOf
) -> list[Factor]:
    """Return the gains that move.

    Args:
        frames: the song.
        sets: the tracks that may share a gain: each alone, those of a group, all.
        levels_of: see `LevelsOf`.
    """
    search = _Search(frames, levels_of)
    taken: Taken = {}
    for _ in range(_SWEEPS):
        wishes = [search.wish(tracks, taken) for tracks in sets]
        wishes = sorted((w for w in wishes if w is not None), key=lambda w: w.gain, reverse=True)
        busy: set[int] = set()
        for wish in wishes:
            if busy.isdisjoint(wish.factor.tracks):
                busy.update(wish.factor.tracks)
                taken[wish.factor.tracks] = wish.factor
        if not busy:
            break
        taken = search.refitted(taken)
    taken = search.needed(taken)
    return [search.centred(factor, taken) for factor in taken.values()]


def total_gain(
    factors: Sequence[Factor], frames: int, tracks: int, frame_s: float
) -> Float[Tensor, "track frame"]:
    """Return the product of the gains of each track."""
    gains = torch.ones((tracks, frames))
    time_s = torch.arange(frames) * frame_s
    for factor in factors:
        gains[list(factor.tracks)] *= factor.gain(time_s)
    return gains


Taken = dict[tuple[int, ...], Factor]


@dataclass(frozen=True, eq=False)
class _Tried:
    """A gain that was tried, and its error in each block, not fitted there."""

    shape: Shape
    errors: Float[Tensor, " block"]

    @property
    def key(self) -> tuple[Ballistics | None, int]:
        """What tells it from others of the same tracks."""
        return self.shape.ballistics, len(self.shape.ride.knots)


@dataclass(frozen=True, eq=False)
class _Wish:
    """A change of what moves some tracks, and the energy that it explains or gives away."""

    factor: Factor
    gain: float


@dataclass(frozen=True, eq=False)
class _Curves:
    """The curves that some tracks may have: one of their level under each ballistics."""

    lines: list[Lines]
    ballistics: list[Ballistics]


class _Search:
    """A song whose gains are looked for."""

    def __init__(self, frames: Frames, levels_of: LevelsOf) -> None:
        self.frames, self.levels_of = frames, levels_of
        tracks, count = frames.cross.shape
        self.every = tuple(range(tracks))
        self.time_s = torch.arange(count) * frames.frame_s
        self.block_frames = max(1, round(_BLOCK_S / frames.frame_s))
        blocks = -(-count // self.block_frames)
        self.no_curve, self.no_ride = no_lines(count), no_lines(blocks)
        last_s = blocks * _BLOCK_S
        knots = torch.arange(0.0, last_s + _RIDE_STEP_S, _RIDE_STEP_S)
        middles = (torch.arange(blocks) + 0.5) * _BLOCK_S
        self.ride = lines_between(knots, middles) if last_s > 2 * _RIDE_STEP_S else self.no_ride
        self.curves = cache(self._curves)

    def wish(self, tracks: tuple[int, ...], taken: Taken) -> _Wish | None:
        """Return what some tracks ask for that they do not have; None if nothing."""
        power, own = self._form(tracks, taken)
        total = float(power.sum())
        if not total > 0:
            return None
        best = self._best_of_each(tracks, power, own)
        chosen = best[0]
        for moving in sorted(best)[1:]:
            saved = chosen.errors - best[moving].errors
            if float(saved.sum()) > _WORTH * total and sureness(saved) > _SURE:
                chosen = best[moving]
        there = taken.get(tracks)
        now = self._still if there is None else there.shape
        if (now.ballistics, len(now.ride.knots)) == chosen.key:
            return None
        forms = self._forms([now.curve], power, own)
        before = unheard_errors(forms, now.ride, curves=now.ballistics is not None)[0]
        worth = float((best[0].errors - chosen.errors).sum()) / total
        factor = self._fitted(tracks, chosen.shape, power, own, worth)
        return _Wish(factor, float((before - chosen.errors).sum()))

    def refitted(self, taken: Taken) -> Taken:
        """Return the gains fitted again in turns, each with what the others have become."""
        found = {tracks: f for tracks, f in taken.items() if f.shape.moves}
        for _ in range(_TURNS):
            for tracks, factor in found.items():
                power, own = self._form(tracks, found)
                found[tracks] = self._fitted(tracks, factor.shape, power, own, factor.worth)
        return found

    def needed(self, taken: Taken) -> Taken:
        """Return the gains without those that the others, fitted again, can stand in for."""
        while len(taken) > 1:
            error = self._error(taken)
            rises = {}
            for tracks in taken:
                fewer = self.refitted({t: f for t, f in taken.items() if t != tracks})
                energy = float(self._form(tracks, taken)[0].sum())
                rises[tracks] = ((self._error(fewer) - error) / energy, fewer)
            least, fewer = min(rises.values(), key=lambda rise: rise[0])
            if least > _WORTH:
                break
            taken = fewer
        return taken

    def centred(self, factor: Factor, taken: Taken) -> Factor:
        """Return a gain whose mean by energy is one, and that of its ride as well."""
        power, _ = self._form(factor.tracks, taken)
        share = power / power.sum()
        mean = float(share @ factor.gain(self.time_s))
        if factor.shape.ballistics is None:
            return replace(factor, ride=factor.ride / mean)
        if factor.shape.moves == 1:
            return replace(factor, curve=factor.curve / mean)
        ride_mean = float(share @ factor.ride_over(self.time_s))
        curve = factor.curve * ride_mean / mean
        return replace(factor, curve=curve, ride=factor.ride / ride_mean)

    @property
    def _still(self) -> Shape:
        return Shape(self.no_curve, None, self.no_ride)

    def _form(self, tracks: tuple[int, ...], taken: Taken) -> tuple[Tensor, Tensor]:
        """Return energy and product of some tracks under all gains but their own together."""
        others = [factor for other, factor in taken.items() if other != tracks]
        return self.frames.form(tracks, self._gains(others))

    def _error(self, taken: Taken) -> float:
        """Return the song's error, but for the energy of the mix."""
        power, own = self.frames.form(self.every, self._gains(list(taken.values())))
        return float((power - 2 * own).sum())

    def _gains(self, factors: Sequence[Factor]) -> Float[Tensor, "track frame"]:
        return total_gain(factors, len(self.time_s), len(self.every), self.frames.frame_s)

    def _forms(self, lines: Sequence[Lines], power: Tensor, own: Tensor) -> Forms:
        return Forms.of(lines, power, own, self.block_frames)

    def _best_of_each(
        self, tracks: tuple[int, ...], power: Tensor, own: Tensor
    ) -> dict[int, _Tried]:
        """Return the best gain where neither, one or both of curve and ride move."""
        best: dict[int, _Tried] = {}
        curves = self.curves(tracks)
        for lines, ballistics in (([self.no_curve], [None]), (curves.lines, curves.ballistics)):
            if not lines:
                continue
            forms = self._forms(lines, power, own)
            for ride in (self.no_ride, self.ride):
                errors = unheard_errors(forms, ride, curves=ballistics[0] is not None)
                least = int(errors.sum(1).argmin())
                shape = Shape(lines[least], ballistics[least], ride)
                known = best.get(shape.moves)
                if known is None or errors[least].sum() < known.errors.sum():
                    best[shape.moves] = _Tried(shape, errors[least])
        return best

    def _curves(self, tracks: tuple[int, ...]) -> _Curves:
        """Return the curves of the tracks' level; none where it hardly moves."""
        counted = self.frames.gram[list(tracks), list(tracks)].sum(0) > 0
        levels = self.levels_of(tracks, BALLISTICS)
        found = zip(level_knots(levels, counted), levels, BALLISTICS, strict=True)
        moving = [(knots, level, b) for knots, level, b in found if len(knots) > 1]
        lines = [lines_between(knots, level) for knots, level, _ in moving]
        return _Curves(lines, [b for _, _, b in moving])

    def _fitted(
        self, tracks: tuple[int, ...], shape: Shape, power: Tensor, own: Tensor, worth: float
    ) -> Factor:
        """Return a gain that fits the whole song."""
        forms = self._forms([shape.curve], power, own)
        every = torch.ones((1, forms.vector.shape[1]))
        curves = shape.ballistics is not None
        curve, ride = fitted(forms, shape.ride, every, curves=curves)
        return Factor(tracks, shape, curve[0, 0], ride[0, 0], worth)
