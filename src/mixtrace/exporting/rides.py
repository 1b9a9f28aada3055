"""Gains that follow the clock, as points that a program joins by straight lines of amplitude."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
from jaxtyping import Float

from mixtrace.exporting.project import Project

__all__ = ["Line", "line_of", "points_of"]

_NEAR = 1e-5
"""Of the gain: -100 dB."""

_STEP_S = 0.25
_SHORTEST_S = 0.0001
_SHARES = np.linspace(0.0, 1.0, 9)


@dataclass(frozen=True)
class Line:
    """A gain that follows the clock.

    Attributes:
        gain: amplitude ratios at moments of the song in seconds.
        bends_s: where it may bend, from the song's start to its end.
    """

    gain: Callable[[Float[np.ndarray, " moment"]], Float[np.ndarray, " moment"]]
    bends_s: Float[np.ndarray, " bend"]


def line_of(project: Project, node: int) -> Line:
    """Return the gain of an automation, dry/wet weight included."""
    return Line(partial(project.ride, node), _bends_s(project, node))


def points_of(line: Line) -> tuple[Float[np.ndarray, " point"], Float[np.ndarray, " point"]]:
    """Return moments in seconds and gains there, as many as bring straight lines near."""
    moments = [float(line.bends_s[0])]
    for begin, end in pairwise(line.bends_s.tolist()):
        moments += _ends(line, begin, end)
    found = np.array(moments)
    return found, line.gain(found)


def _ends(line: Line, begin: float, end: float) -> list[float]:
    found, waiting = [], [(begin, end)]
    while waiting:
        begin, end = waiting.pop()
        if end - begin > _SHORTEST_S and not _is_near(line, begin, end):
            middle = 0.5 * (begin + end)
            waiting += [(middle, end), (begin, middle)]
        else:
            found.append(end)
    return found


def _is_near(line: Line, begin: float, end: float) -> bool:
    gains = line.gain(begin + _SHARES * (end - begin))
    straight = gains[0] + _SHARES * (gains[-1] - gains[0])
    return bool(np.all(np.abs(straight - gains) <= _NEAR * gains))


def _bends_s(project: Project, node: int) -> Float[np.ndarray, " bend"]:
    """Return the knots, or even moments where a gain does not tell them."""
    settings = project.node(node)
    end_s = project.length_samples / project.sample_rate_hz
    knots = np.arange(0.0, end_s, _STEP_S)
    if settings.kind == "fader_automation":
        knots = settings.array("knot_s")
    elif settings.kind == "gain_automation":
        knots = np.linspace(0.0, settings.number("duration_s"), settings.array("ride_db").size)
    inside = knots[(knots > 0.0) & (knots < end_s)]
    return np.unique(np.concatenate([[0.0], inside, [end_s]]))
