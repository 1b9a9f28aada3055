"""Fader automation: a gain that moves in straight lines, with a knot only where it bends.

Between knots the gain is a line in dB. Knots are added one by one, each where it takes most off the
error, as long as it takes off more than chance would.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from mixtrace.interpret.framewise import FRAME_S, Framewise
from mixtrace.interpret.nodes import node_of
from mixtrace.processors import NodeSettings
from mixtrace.units import DB_PER_NEPER

__all__ = ["Ride", "read_ride", "ridden"]

_BLOCK = 10  # frames: 50 ms, within which a ride hardly moves
_GRID_S, _MOST_PLACES = 0.25, 160
_MOST_KNOTS = 24
_TURNS = 4
_CHANCE = 10.0
"""What a knot must take off the error, over what a free number takes off it by chance: errors of
blocks of 50 ms are far from independent."""

_TELLS_S = 0.025  # errors farther apart than this count as independent
_LEAST_DB = 1.0
_HOLD = 1e-3  # of the mean energy of a knot: holds it near where its neighbours are


@dataclass(frozen=True, eq=False)
class Ride:
    """A ride that was read.

    Attributes:
        settings: of a `fader_automation`, whose mean by energy is 0 dB.
        gain: the same as an amplitude every 5 ms.
    """

    settings: NodeSettings
    gain: Float[np.ndarray, " frame"]


def read_ride(frames: Framewise) -> Ride | None:
    """Return how the level of a part moves over the song; None where it does not.

    Args:
        frames: of the part, with all other gains that move.
    """
    own, common = (_blocks(values) for values in (frames.own, frames.common))
    if not own.sum() > 0.0:
        return None
    moments_s = (np.arange(len(own)) + 0.5) * _BLOCK * FRAME_S
    last_s = len(own) * _BLOCK * FRAME_S
    fit = _Fit(own, common, moments_s)
    grid = np.linspace(0.0, last_s, min(_MOST_PLACES, max(2, round(last_s / _GRID_S))))
    knots: list[float] = [float(moments_s[np.argmax(own)])]
    error, left = fit.error(knots), frames.energy + fit.error(knots)
    independent = last_s / _TELLS_S
    while len(knots) < _MOST_KNOTS:
        tried = [(fit.error(sorted([*knots, float(s)])), float(s)) for s in grid if s not in knots]
        best, place = min(tried)
        if error - best < _CHANCE * (left - error + best) / independent:
            break
        knots, left, error = sorted([*knots, place]), left - error + best, best
    if len(knots) == 1:
        return None
    return _ride(fit, knots, frames)


def ridden(settings: NodeSettings, frames: int) -> Float[np.ndarray, " frame"]:
    """Return the gain of a `fader_automation` as an amplitude every 5 ms."""
    moments_s = (np.arange(frames) + 0.5) * FRAME_S
    line_db = np.interp(moments_s, settings.array("knot_s"), settings.array("knot_db"))
    return 10.0 ** (line_db / 20.0)


def _ride(fit: "_Fit", knots: list[float], frames: Framewise) -> Ride | None:
    levels_db = DB_PER_NEPER * fit.levels(knots)
    moments_s = (np.arange(len(frames.own)) + 0.5) * FRAME_S
    line_db = np.interp(moments_s, knots, levels_db)
    share = frames.own / frames.own.sum()
    mean_db = float(share @ line_db)
    spread_db = np.sqrt(float(share @ (line_db - mean_db) ** 2))
    if 2.0 * spread_db < _LEAST_DB:
        return None
    settings = node_of("fader_automation", knot_s=knots, knot_db=(levels_db - mean_db).tolist())
    return Ride(settings, ridden(settings, len(frames.own)))


@dataclass(frozen=True, eq=False)
class _Fit:
    """Blocks of 50 ms: energies, products with the target, and their moments in s."""

    own: Float[np.ndarray, " block"]
    common: Float[np.ndarray, " block"]
    moments_s: Float[np.ndarray, " block"]

    def error(self, knots: list[float]) -> float:
        """Return the error under the best gain with these knots, but for the target's energy."""
        gain = np.exp(self._weights(knots) @ self.levels(knots))
        return float(self.own @ gain**2 - 2.0 * self.common @ gain)

    def levels(self, knots: list[float]) -> Float[np.ndarray, " knot"]:
        """Return the best gain at each knot in nepers, by Gauss and Newton."""
        weights = self._weights(knots)
        start = max(float(self.common.sum() / self.own.sum()), 1e-3)
        levels = np.full(len(knots), np.log(start))
        hold = _HOLD * float(self.own.sum()) / len(knots) * _second_differences(len(knots))
        for _ in range(_TURNS):
            gain = np.exp(weights @ levels)
            slope = weights.T @ (self.own * gain**2 - self.common * gain) + hold @ levels
            bend = (weights * (self.own * gain**2)[:, None]).T @ weights + hold
            bend += 1e-9 * np.trace(bend) * np.eye(len(knots))
            levels = levels - np.clip(np.linalg.solve(bend, slope), -1.0, 1.0)
        return levels

    def _weights(self, knots: list[float]) -> Float[np.ndarray, "block knot"]:
        return np.stack([np.interp(self.moments_s, knots, row) for row in np.eye(len(knots))], 1)


def _second_differences(knots: int) -> Float[np.ndarray, "knot knot"]:
    steps = np.diff(np.eye(knots), axis=0)
    return steps.T @ steps


def _blocks(values: Float[np.ndarray, " frame"]) -> Float[np.ndarray, " block"]:
    blocks = len(values) // _BLOCK
    return values[: blocks * _BLOCK].reshape(blocks, _BLOCK).sum(1)
