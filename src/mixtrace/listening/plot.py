"""A picture of how systems were rated, as an SVG file of its own."""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from mixtrace.listening.ratings import HIGHEST, LOWEST
from mixtrace.listening.statistics import SystemRating
from mixtrace.reporting.svg import WIDTH, Axis, Plot, level_axis, text_at

__all__ = ["PLOT_MARK", "ratings_plot"]

PLOT_MARK = "<!-- ratings of a listening test, by mixtrace -->"
"""What the file begins with, which tells it from others."""

_STYLE = """
svg { background: #ffffff; }
text { font: 11px system-ui, sans-serif; fill: #565d66; }
text.middle { text-anchor: middle; } text.end { text-anchor: end; }
path { fill: none; stroke: #0b6b73; stroke-width: 1.6; }
path.grid { stroke: #dfddd8; stroke-width: 1; }
path.quartiles { stroke: #9aa0a8; fill: #eceae5; stroke-width: 1; }
path.median { stroke: #9aa0a8; stroke-width: 2; }
path.interval { stroke-width: 2.2; }
path.dot { stroke-width: 7; stroke-linecap: round; }
"""
_LEGEND = (
    "dot and line: mean and its 95 % interval",
    "no stroke at its end: cut at the end of the scale",
    "box: quartiles and median",
)
_ROW, _NAMES, _TOP, _BELOW = 26.0, 120.0, 8.0, 74.0
_HALF_BOX, _HALF_CAP = 0.3, 0.14
_MOST_LETTERS = 20


def ratings_plot(ratings: Sequence[SystemRating]) -> str:
    """Return a row for each system: its mean and interval, and the quartiles and median behind.

    Args:
        ratings: At least one, from top to bottom.
    """
    rows = len(ratings)
    across = level_axis(LOWEST, HIGHEST, 20.0, "rating")
    up = Axis(0.0, float(rows), ())
    plot = Plot(across, up, _NAMES, _TOP, WIDTH - _NAMES - 10.0, _ROW * rows)
    drawn = [plot.axes()]
    for row, rating in enumerate(ratings):
        drawn += _row(plot, rows - row - 0.5, rating)
        baseline = plot.top + (row + 0.5) * _ROW + 4.0
        drawn.append(text_at(_NAMES - 8.0, baseline, _short(rating.system), "end"))
    height = plot.height + _TOP + _BELOW
    for line, words in enumerate(reversed(_LEGEND)):
        drawn.append(text_at(10.0, height - 6.0 - 14.0 * line, words, "start"))
    told = ", ".join(f"{rating.system} {rating.mean:.0f}" for rating in ratings)
    head = Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {:.0f}" width="{}" role="img" '
        'aria-label="Mean ratings: {}">'
    ).format(WIDTH, height, 2 * WIDTH, told)
    style = Markup("<style>{}</style>").format(Markup(_STYLE))
    return f"{PLOT_MARK}\n{head}{style}{Markup('').join(drawn)}</svg>\n"


def _row(plot: Plot, middle: float, rating: SystemRating) -> list[Markup]:
    sides = middle - _HALF_BOX, middle + _HALF_BOX
    drawn = [
        plot.box(rating.quartiles, sides, "quartiles"),
        plot.line(np.full(2, rating.median), np.array(sides), "median"),
    ]
    if rating.interval is not None:
        drawn.append(plot.line(np.array(rating.interval), np.full(2, middle), "interval"))
        caps = np.array([middle - _HALF_CAP, middle + _HALF_CAP])
        ends = zip(rating.interval, rating.cut, strict=True)
        drawn += [plot.line(np.full(2, end), caps, "interval") for end, cut in ends if not cut]
    return [*drawn, plot.dots(np.array([rating.mean]), np.array([middle]))]


def _short(name: str) -> str:
    return name if len(name) <= _MOST_LETTERS else f"{name[: _MOST_LETTERS - 1]}…"
