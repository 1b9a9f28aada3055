"""Gains that follow a level: curves read by least squares, kept where unheard blocks ask for them.

y = sum over k of g_k(level_k(t)) z_k, z_k what a track gives to the mix at its mean gain, g_k lines
between knots of the level. In frames of a few milliseconds the error is a quadratic form of the
knots. The level is the track's own, under ballistics that a two-fold test over blocks chooses; a
curve is kept only where it beats, in the blocks that it was not fitted on, no curve at all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.captured.ballistics import BALLISTICS, Ballistics

__all__ = ["Frames", "LevelCurve", "frames_of", "read_curves"]

_BLOCK_S = 2.0
_KNOTS = 9
_REACH_DB = 40.0  # below a track's loudest frames
_APART_DB = 1.0
_SMOOTH = 1e-3
_STAY = 1e-3
_WORTH = 2e-3  # of a track's energy: what a curve must explain of unheard blocks
_LEAST, _MOST = 0.01, 10.0
_USUAL = Ballistics(8.0, 160.0)


@dataclass(frozen=True)
class LevelCurve:
    """A gain that follows a track's level: the static curve of a dynamic processor.

    Attributes:
        ballistics: of the level.
        levels_db: knots, rising, dB re full scale of the dry track.
        gains_db: at the knots; level beyond them has the gain of the last one. The mean over the
            song, weighted by energy, is 0 dB.
        worth: share of the track's energy in blocks not fitted that the curve explains.
    """

    ballistics: Ballistics
    levels_db: tuple[float, ...]
    gains_db: tuple[float, ...]
    worth: float

    def gain(self, levels_db: Float[Tensor, " frame"]) -> Float[Tensor, " frame"]:
        """Return the gain, as a factor, at levels of the curve's ballistics."""
        factors = 10 ** (torch.tensor(self.gains_db) / 20.0)
        return _hats(levels_db, torch.tensor(self.levels_db)) @ factors


@dataclass(frozen=True, eq=False)
class Frames:
    """A song in frames, as quadratic forms of the gains in each.

    Attributes:
        gram: sum over samples and channels of z_k z_l, [frame, track, track].
        cross: of z_k y.
        fold: 0 or 1, alternating by blocks of seconds.
    """

    gram: Float[Tensor, "frame track track"]
    cross: Float[Tensor, "frame track"]
    fold: Tensor


def frames_of(
    parts: Callable[[int, int], Float[Tensor, "track 2 part"]],
    wet: Float[Tensor, "2 time"],
    heard: Tensor | None,
    frame_samples: int,
    sample_rate_hz: int,
) -> Frames:
    """Return a song's frames.

    Args:
        parts: what each track gives to the whitened mix between two samples.
        wet: the whitened mix.
        heard: which samples count, bool [time]; None for all. A frame counts as a whole or not.
        frame_samples: the last frame may be shorter.
        sample_rate_hz: the rate.
    """
    time = wet.shape[-1]
    block = max(1, round(_BLOCK_S * sample_rate_hz / frame_samples))
    at_once = 4 * block * frame_samples
    grams, crosses = [], []
    for first in range(0, time, at_once):
        last = min(first + at_once, time)
        both = torch.cat((parts(first, last), wet[None, :, first:last]))
        both = torch.nn.functional.pad(both, (0, -(last - first) % frame_samples))
        cut = both.unflatten(-1, (-1, frame_samples)).permute(2, 0, 1, 3).flatten(2)
        product = cut[:, :-1] @ cut.transpose(1, 2)
        if heard is not None:
            whole = torch.nn.functional.pad(heard[first:last], (0, -(last - first) % frame_samples))
            product *= whole.unflatten(-1, (-1, frame_samples)).all(-1)[:, None, None]
        grams.append(product[..., :-1])
        crosses.append(product[..., -1])
    cross = torch.cat(crosses)
    return Frames(torch.cat(grams), cross, torch.arange(len(cross)) // block % 2)


def read_curves(
    frames: Frames,
    levels_of: Callable[[int, Sequence[Ballistics]], Float[Tensor, "detector frame"]],
) -> list[LevelCurve | None]:
    """Return the curve of each track; None where its gain does not follow its level.

    Args:
        frames: the song.
        levels_of: the levels in dB of a track under some ballistics.
    """
    tracks = range(frames.cross.shape[1])
    bases = [_Basis.of(levels_of(k, (_USUAL,))[0], _USUAL, frames, k) for k in tracks]
    for _ in range(2):
        gains = _gains(bases, _solve_jointly(frames, bases))
        chosen = []
        for k in tracks:
            own = _what_others_leave(frames, gains, k)
            levels = levels_of(k, BALLISTICS)
            tried = [
                _Basis.of(level, d, frames, k) for level, d in zip(levels, BALLISTICS, strict=True)
            ]
            flat = _Basis.flat(frames)
            power = frames.gram[:, k, k]
            error = _unheard_error(frames, flat, power, own)
            errors = [_unheard_error(frames, basis, power, own) for basis in tried]
            best = min(range(len(tried)), key=errors.__getitem__)
            worth = (error - errors[best]) / max(float(power.sum()), 1e-20)
            chosen.append(tried[best].worth(worth) if worth > _WORTH else flat)
        bases = chosen
    return _curves(frames, bases)


@dataclass(frozen=True, eq=False)
class _Basis:
    """How the gain of one track may move: weights of each frame on some knots."""

    hats: Float[Tensor, "frame knot"]
    knots_db: Tensor
    ballistics: Ballistics | None
    explained: float = 0.0

    @classmethod
    def of(cls, levels: Tensor, ballistics: Ballistics, frames: Frames, track: int) -> "_Basis":
        """Return lines between quantiles of the levels that count."""
        counted = levels[frames.gram[:, track, track] > 0]
        if len(counted) < _KNOTS:
            return cls.flat(frames)
        top = float(torch.quantile(counted, 0.999))
        counted = counted[counted > top - _REACH_DB]
        places = torch.linspace(0, 1, _KNOTS)
        places[0], places[-1] = 0.01, 0.999
        knots: list[float] = []
        for knot in torch.quantile(counted, places).tolist():
            if not knots or knot - knots[-1] >= _APART_DB:
                knots.append(knot)
        return cls(_hats(levels, torch.tensor(knots)), torch.tensor(knots), ballistics)

    @classmethod
    def flat(cls, frames: Frames) -> "_Basis":
        """Return a gain that does not move."""
        return cls(torch.ones((len(frames.cross), 1)), torch.zeros(1), None)

    def worth(self, explained: float) -> "_Basis":
        """Return the same with what it explains."""
        return _Basis(self.hats, self.knots_db, self.ballistics, explained)


def _hats(levels_db: Tensor, knots_db: Tensor) -> Float[Tensor, "frame knot"]:
    """Return each level's weights on the knots around it."""
    if len(knots_db) == 1:
        return torch.ones((len(levels_db), 1))
    inside = levels_db.clamp(float(knots_db[0]), float(knots_db[-1]))
    upper = torch.searchsorted(knots_db, inside).clamp(1, len(knots_db) - 1)
    share = (inside - knots_db[upper - 1]) / (knots_db[upper] - knots_db[upper - 1])
    hats = torch.zeros((len(levels_db), len(knots_db)))
    hats.scatter_(1, upper[:, None], share[:, None])
    return hats.scatter_(1, upper[:, None] - 1, 1 - share[:, None])


def _ridge(power: float, knots: int) -> tuple[Tensor, Tensor]:
    """Return what keeps the knots together and near 1, and what that adds to the other side."""
    steps = torch.eye(knots)[1:] - torch.eye(knots)[:-1]
    ridge = _SMOOTH * steps.T @ steps + _STAY * torch.eye(knots)
    return power * ridge, power * _STAY * torch.ones(knots)


def _solve_jointly(frames: Frames, bases: Sequence[_Basis]) -> list[Float[Tensor, " _knot"]]:
    """Return the gains at the knots of all tracks that explain the song best together."""
    sizes = [basis.hats.shape[1] for basis in bases]
    starts = [sum(sizes[:k]) for k in range(len(sizes) + 1)]
    matrix = torch.zeros((starts[-1], starts[-1]), dtype=torch.float64)
    right = torch.zeros(starts[-1], dtype=torch.float64)
    for k, basis in enumerate(bases):
        mine = slice(starts[k], starts[k + 1])
        right[mine] = (basis.hats.T @ frames.cross[:, k]).double()
        for other in range(k + 1):
            theirs = slice(starts[other], starts[other + 1])
            weighted = basis.hats * frames.gram[:, k, other, None]
            block = (weighted.T @ bases[other].hats).double()
            matrix[mine, theirs], matrix[theirs, mine] = block, block.T
        ridge, toward = _ridge(float(frames.gram[:, k, k].sum()), sizes[k])
        matrix[mine, mine] += ridge
        right[mine] += toward
    matrix.diagonal().add_(1e-9 * float(matrix.diagonal().max().clamp(min=1e-20)))
    solved = torch.linalg.solve(matrix, right).float()
    return [solved[starts[k] : starts[k + 1]] for k in range(len(bases))]


def _gains(
    bases: Sequence[_Basis], factors: Sequence[Float[Tensor, " _knot"]]
) -> list[Float[Tensor, " frame"]]:
    """Return the gain of each track in each frame."""
    return [basis.hats @ at_knots for basis, at_knots in zip(bases, factors, strict=True)]


def _what_others_leave(
    frames: Frames, gains: Sequence[Float[Tensor, " frame"]], track: int
) -> Float[Tensor, " frame"]:
    """Return the product of a track with what the others, under their gains, leave of the mix."""
    own = frames.cross[:, track].clone()
    for other, gain in enumerate(gains):
        if other != track:
            own -= frames.gram[:, track, other] * gain
    return own


def _fit_one(
    basis: _Basis, power: Float[Tensor, " frame"], own: Float[Tensor, " frame"]
) -> Float[Tensor, " knot"]:
    """Return the gains at the knots that fit the frames of positive power."""
    matrix = (basis.hats * power[:, None]).T @ basis.hats
    ridge, toward = _ridge(max(float(power.sum()), 1e-20), basis.hats.shape[1])
    return torch.linalg.solve((matrix + ridge).double(), (basis.hats.T @ own + toward).double())


def _unheard_error(
    frames: Frames, basis: _Basis, power: Float[Tensor, " frame"], own: Float[Tensor, " frame"]
) -> float:
    """Return the error in each fold of what was fitted on the other, less what is common to all."""
    error = 0.0
    for fold in (0, 1):
        there = (frames.fold == fold).float()
        gain = basis.hats @ _fit_one(basis, power * there, own * there).float()
        here = 1 - there
        error += float((here * (power * gain - 2 * own) * gain).sum())
    return error


def _curves(frames: Frames, bases: Sequence[_Basis]) -> list[LevelCurve | None]:
    """Return the curves of a last joint solution, each with a mean gain of one."""
    solved = _solve_jointly(frames, bases)
    curves: list[LevelCurve | None] = []
    for k, (basis, factors) in enumerate(zip(bases, solved, strict=True)):
        if basis.ballistics is None or len(factors) < 2:
            curves.append(None)
            continue
        power = frames.gram[:, k, k]
        mean = float((power * (basis.hats @ factors)).sum() / power.sum())
        decibels = 20 * torch.log10((factors / mean).clamp(_LEAST, _MOST))
        knots = tuple(basis.knots_db.tolist())
        curves.append(
            LevelCurve(basis.ballistics, knots, tuple(decibels.tolist()), basis.explained)
        )
    return curves
