"""The figures of a survey: histograms, scatters, curves with their spread, boxes by place."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float
from markupsafe import Markup

from mixtrace.reporting.svg import (
    WIDTH,
    Axis,
    Plot,
    figure,
    frequency_axis,
    level_axis,
    text_at,
)
from mixtrace.surveying.measuring import GRID_HZ, LEVELS_DB
from mixtrace.surveying.tallies import CurveTally, Spread
from mixtrace.wording import short_number

__all__ = [
    "boxes",
    "even_axis",
    "histogram",
    "level_curve",
    "ratio_axis",
    "scatter",
    "tone_curve",
    "tone_range_db",
]

_MARKS = (1.0, 2.0, 5.0, 10.0)
_FEW_MARKS, _MOST_MARKS = 4, 7
_LEAST_SPAN = 0.02  # of an axis, against its values: finer marks would need too many digits
_BARS = 20
_QUARTILES_FROM = 3  # curves: fewer have no spread to speak of
_ROW, _NAMES, _COUNTS = 19.0, 96.0, 30.0
_HALF_BOX = 0.3
_TONE_STEP_DB, _MOST_TONE_DB = 6.0, 18.0
_LEAST_RATIO = 8.0  # between the ends of an axis of ratios: less looks better on an even one


def even_axis(low: float, high: float, name: str = "", *, whole: bool = False) -> Axis:
    """Return an even axis that holds a range, with a few marks at round numbers.

    Args:
        low: the lower end of the range.
        high: the upper one.
        name: what is measured.
        whole: whether only whole numbers are marked.

    >>> [label for _, label in even_axis(0.0, 37.0).ticks]
    ['0', '10', '20', '30', '40']
    """
    least = _LEAST_SPAN * max(abs(low), abs(high), 1e-6)
    if high - low < least:
        low, high = low - least, high + least
    power = 10.0 ** math.floor(math.log10((high - low) / _FEW_MARKS))
    step = next(m * power for m in _MARKS if (high - low) / (m * power) <= _FEW_MARKS)
    step = max(step, 1.0) if whole else step
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    ticks = tuple((step * n, _label(step * n)) for n in range(first, last + 1))
    return Axis(step * first, step * last, ticks, name)


def _label(value: float) -> str:
    """Return a mark in few letters.

    >>> _label(12000.0), _label(0.30000000000000004), _label(-2.5)
    ('12k', '0.3', '-2.5')
    """
    return f"{value / 1000.0:.4g}k" if abs(value) >= 1000.0 else f"{value:.4g}"


def ratio_axis(low: float, high: float, name: str = "") -> Axis:
    """Return an axis on which equal ratios are equally far apart; `low` is above 0.

    >>> [label for _, label in ratio_axis(1.3, 180.0).ticks]
    ['2', '5', '10', '20', '50', '100']
    >>> [label for _, label in ratio_axis(11.0, 40.0).ticks]
    ['15', '20', '30', '40']
    """
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for marks in ((1.0, 1.5, 2.0, 3.0, 4.0, 6.0), _MARKS[:-1], (1.0,)):
        places = [m * 10.0**power for power in powers for m in marks]
        inside = [place for place in places if low <= place <= high]
        if len(inside) <= _MOST_MARKS:
            break
    return Axis(low, high, tuple((mark, _label(mark)) for mark in inside), name, logarithmic=True)


def histogram(what: str, values: Float[np.ndarray, " value"], *, whole: bool) -> Markup:
    """Return how often values occur.

    Args:
        what: they are, in words.
        values: at least one.
        whole: whether they are counts, each of which may have a bar of its own.
    """
    low, high = float(values.min()), float(values.max())
    if whole:
        width = max(1.0, math.ceil((high - low + 1.0) / _BARS))
        edges = np.arange(low - 0.5, high + 0.5 + width, width)
    else:
        edges = np.linspace(low, high if high > low else low + 1.0, _BARS + 1)
    heights, _ = np.histogram(values, edges)
    across = even_axis(float(edges[0]), float(edges[-1]), what, whole=whole)
    up = even_axis(0.0, float(heights.max()), "songs", whole=True)
    plot = Plot(Axis(float(edges[0]), float(edges[-1]), _within(across, edges), what), up)
    bars = [
        plot.box((float(left), float(right)), (0.0, float(height)), "bin")
        for left, right, height in zip(edges[:-1], edges[1:], heights, strict=True)
        if height
    ]
    return figure(f"Songs over {what}", [plot.axes(), *bars], 200.0)


def _within(axis: Axis, edges: Float[np.ndarray, " edge"]) -> tuple[tuple[float, str], ...]:
    return tuple(tick for tick in axis.ticks if edges[0] <= tick[0] <= edges[-1])


def scatter(
    across: tuple[str, Float[np.ndarray, " song"]],
    up: tuple[str, Float[np.ndarray, " song"]],
    *,
    ratios: bool = False,
) -> Markup | None:
    """Return a dot for each song; None where no song has both numbers.

    Args:
        across: what is measured, and its value for each song.
        up: the same, of what is drawn over it.
        ratios: whether equal ratios across are equally far apart.
    """
    known = np.isfinite(across[1]) & np.isfinite(up[1])
    known &= (across[1] > 0.0) if ratios else True
    xs, ys = across[1][known], up[1][known]
    if not len(xs):
        return None
    low, high = float(xs.min()), float(xs.max())
    axis = ratio_axis(low / 1.2, high * 1.2, across[0]) if ratios else even_axis(low, high)
    plot = Plot(
        Axis(axis.low, axis.high, axis.ticks, across[0], axis.logarithmic),
        even_axis(0.0, float(ys.max()), up[0]),
    )
    return figure(f"{up[0]} over {across[0]}", [plot.axes(), plot.dots(xs, ys)], 200.0)


def tone_curve(name: str, tally: CurveTally, most_db: float) -> Markup:
    """Return the mean of tone curves over frequency, and the quartiles around it."""
    plot = Plot(
        frequency_axis(*GRID_HZ[[0, -1]].tolist()), level_axis(-most_db, most_db, most_db / 2.0)
    )
    label = f"{name}: gain in dB over frequency"
    return figure(label, [plot.axes(), *_spread(plot, GRID_HZ, tally, 0.0)])


def tone_range_db(tallies: Sequence[CurveTally]) -> float:
    """Return how far from 0 dB an axis of tone curves has to go, 18 dB at most."""
    peaks = [_TONE_STEP_DB]
    for tally in tallies:
        told = [tally.mean_db]
        if tally.count >= _QUARTILES_FROM:
            told += [tally.quantile_db(0.25), tally.quantile_db(0.75)]
        peaks.append(float(np.abs(told).max()))
    return min(_TONE_STEP_DB * math.ceil(max(peaks) / _TONE_STEP_DB - 1e-9), _MOST_TONE_DB)


def level_curve(name: str, tally: CurveTally) -> Markup:
    """Return the mean gain of dynamics processors over the level, and the quartiles around it."""
    across = level_axis(float(LEVELS_DB[0]), float(LEVELS_DB[-1]), 20.0, "dB in")
    plot = Plot(across, level_axis(-30.0, 10.0, 10.0, "dB of gain"))
    label = f"{name}: gain in dB over the level"
    return figure(label, [plot.axes(), *_spread(plot, LEVELS_DB, tally, 0.0)])


def _spread(
    plot: Plot, xs: Float[np.ndarray, " place"], tally: CurveTally, zero_db: float
) -> list[Markup]:
    drawn = [plot.line(xs[[0, -1]], np.full(2, zero_db), "zero")]
    if tally.count >= _QUARTILES_FROM:
        drawn.append(plot.band(xs, tally.quantile_db(0.25), tally.quantile_db(0.75)))
    return [*drawn, plot.line(xs, tally.mean_db)]


def boxes(what: str, unit: str, spreads: Mapping[str, Spread]) -> Markup:
    """Return a row for each place: the middle half as a box, its median, and nine tenths as a line.

    Args:
        what: the setting in words.
        unit: its unit.
        spreads: place -> how its values are spread; at least one.
    """
    low = min(spread.low for spread in spreads.values())
    high = max(spread.high for spread in spreads.values())
    ratios = unit in ("Hz", "ms", "s", ":1") and low > 0.0 and high / low >= _LEAST_RATIO
    across = ratio_axis(low / 1.1, high * 1.1) if ratios else even_axis(low, high)
    rows = len(spreads)
    tall = _ROW * rows
    up = Axis(0.0, float(rows), ())
    plot = Plot(across, up, _NAMES + _COUNTS, 6.0, WIDTH - _NAMES - _COUNTS - 8.0, tall)
    drawn = [plot.axes()]
    for row, (place, spread) in enumerate(spreads.items()):
        middle = rows - row - 0.5
        drawn += _box(plot, middle, spread)
        baseline = plot.top + (row + 0.5) * _ROW + 4.0
        drawn.append(text_at(0.0, baseline, place, "start"))
        drawn.append(text_at(plot.left - 8.0, baseline, str(spread.count), "end"))
    told = [f"{place} {short_number(spread.median)}" for place, spread in spreads.items()]
    return figure(f"{what}: medians {', '.join(told)}", drawn, tall + 24.0)


def _box(plot: Plot, middle: float, spread: Spread) -> list[Markup]:
    ends = middle - _HALF_BOX, middle + _HALF_BOX
    return [
        plot.line(np.array([spread.low, spread.high]), np.full(2, middle), "whisker"),
        plot.box((spread.lower, spread.upper), ends, "quartiles"),
        plot.line(np.full(2, spread.median), np.array(ends), "median"),
    ]
