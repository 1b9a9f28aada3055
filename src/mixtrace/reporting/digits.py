"""Numbers with the digits that are known.

A number and the ends of its interval are rounded to what is known: to the power of ten of which two
and a half or more fit into the interval. The number itself keeps one digit, of decibels a whole
one; so do the ends where ratios count. What runs from several seeds came to is told with one digit
more at most.
"""

import math
from dataclasses import replace
from typing import TypeVar

from mixtrace.processors import WET, Settings, processor
from mixtrace.store import Interval, Range, StoredGraph, Sureness, setting_value

__all__ = [
    "interval_words",
    "known_digits",
    "known_number",
    "number_words",
    "runs_step",
    "scaled",
    "step_within",
]

_Interval = TypeVar("_Interval", Interval, Range)

_STEPS_WITHIN = 2.5
_FINER = 0.1
_FINEST = 1e-3  # four digits, however little is left open
_FINEST_OF = {"ms": 0.01}
"""Of a unit: less than half a sample."""

_LARGER = {"Hz": "kHz", "ms": "s"}
"""What a thousand of a unit is called."""

_BY_RATIO = {"Hz", "kHz", "ms", "s", ":1", "%", ""}
"""Units that are turned by ratios: there a small end of a wide interval keeps a digit."""

_TOLD_BY_ANOTHER = {"decay_factor"}
"""Settings that words tell by another number, RT60: rounded twice it would differ from its dial."""


def interval_words(
    value: float,
    interval: Interval,
    unit: str = "",
    *,
    signed: bool = False,
    runs: Range | None = None,
) -> str:
    """Return a value, its unit, its interval and what runs came to, with the digits that are known.

    >>> interval_words(-26.3, Interval(-28.1, -22.9), "dB")
    '-26 dB (-28 to -23)'
    >>> interval_words(1586.0, Interval(1327.0, 1884.0), "Hz")
    '1.6 kHz (1.3 to 1.9)'
    >>> interval_words(2.02, Interval(1.8, 2.4), "dB", signed=True)
    '+2.0 dB (+1.8 to +2.4)'
    >>> interval_words(108.6, Interval(35.4, 638.3), "Hz")
    '100 Hz (40 to 600)'
    >>> interval_words(-26.3, Interval(-28.1, -22.9), "dB", runs=Range(3, -26.41, -25.88))
    '-26 dB (-28 to -23; runs -26.4 to -25.9)'
    """
    if abs(value) >= 1000.0 and unit in _LARGER:
        value, unit, interval = value / 1000.0, _LARGER[unit], scaled(interval, 0.001)
        runs = None if runs is None else scaled(runs, 0.001)
    step = _step_of(value, interval, unit)
    by_ratio = _is_by_ratio(interval, unit)

    def told(number: float, step: float) -> str:
        return number_words(number, min(step, _own_step(number)) if by_ratio else step, signed)

    ends = f"{told(interval.low, step)} to {told(interval.high, step)}"
    if runs is not None:
        finer = runs_step(runs, step)
        ends += f"; {_runs_words(told(runs.low, finer), told(runs.high, finer))}"
    between = "" if unit == ":1" or not unit else " "
    middle = number_words(value, _value_step(value, interval, unit), signed)
    return f"{middle}{between}{unit} ({ends})"


def known_number(value: float, interval: Interval, unit: str = "") -> str:
    """Return a value in its own unit with the digits that are known.

    >>> known_number(-32.2597, Interval(-35.0, -29.0), "dB")
    '-32'
    >>> known_number(2.02, Interval(1.98, 2.07), "ms")
    '2.02'
    """
    return number_words(value, _value_step(value, interval, unit), False)


def known_digits(stored: StoredGraph, sureness: Sureness | None) -> StoredGraph:
    """Return a result whose settings have the digits that `interval_words` tells."""
    if sureness is None:
        return stored
    nodes = {i: stored.settings[i] for i in stored.graph.processors}
    for setting, interval in sureness.intervals.items():
        if setting.name in _TOLD_BY_ANOTHER:
            continue
        own = nodes[setting.node]
        spec = None if setting.name == WET else processor(own.kind).param(setting.name)
        value = setting_value(stored.settings, setting)
        step = _value_step(value, interval, "" if spec is None else spec.unit)
        rounded = round(value / step) * step
        if spec is None:
            nodes[setting.node] = replace(own, wet=min(1.0, max(0.0, rounded)))
            continue
        row = own.values[setting.name].clone()
        row.view(-1)[setting.row] = rounded
        nodes[setting.node] = replace(own, values={**own.values, setting.name: spec.clip(row)})
    return replace(stored, settings=Settings.of(nodes))


def _step_of(value: float, interval: Interval, unit: str) -> float:
    """Return the step to which both ends of an interval are rounded."""
    return max(step_within(interval), _FINEST * _own_step(value), _FINEST_OF.get(unit, 0.0))


def _is_by_ratio(interval: Interval, unit: str) -> bool:
    return unit in _BY_RATIO and interval.low > 0.0


def _value_step(value: float, interval: Interval, unit: str) -> float:
    """Return the step to which the value is rounded: it keeps a digit, of decibels whole ones."""
    least = _FINEST_OF.get(unit, 0.0) if _is_by_ratio(interval, unit) else 1.0
    return min(_step_of(value, interval, unit), max(_own_step(value), least))


def scaled(interval: _Interval, by: float) -> _Interval:
    """Return an interval in another unit."""
    return replace(interval, low=by * interval.low, high=by * interval.high)


def runs_step(runs: Range, step: float) -> float:
    """Return the step of what runs came to: at most a digit finer than the interval's."""
    return min(step, max(step_within(runs), _FINER * step))


def _runs_words(low: str, high: str) -> str:
    return f"runs {low}" if low == high else f"runs {low} to {high}"


def step_within(interval: Interval | Range) -> float:
    """Return the power of ten of which some fit into an interval."""
    width = max(interval.high - interval.low, 1e-9)
    return 10.0 ** math.floor(math.log10(width / _STEPS_WITHIN))


def _own_step(number: float) -> float:
    """Return the step that leaves a number one digit."""
    return 10.0 ** math.floor(math.log10(abs(number))) if number else 1.0


def number_words(number: float, step: float, signed: bool) -> str:
    """Return a number rounded to a step, with its sign where that is asked for."""
    digits = max(0, -round(math.log10(step)))
    rounded = round(round(number / step) * step, digits) + 0.0
    return f"{rounded:{'+' if signed and rounded else ''}.{digits}f}"
