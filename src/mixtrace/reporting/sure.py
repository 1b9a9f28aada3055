"""Settings told with how sure they are, and settings that cannot be told apart.

A number and the ends of its interval are rounded to what is known: to the power of ten of which two
and a half or more fit into the interval; where ratios count, each keeps one digit at least. What
runs from several seeds came to is told with one digit more at most.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from mixtrace.changes import setting_name
from mixtrace.params import ParamSpec
from mixtrace.processors import WET, Turned, processor
from mixtrace.store import (
    Agreement,
    Interval,
    Range,
    Setting,
    StoredGraph,
    Sureness,
    setting_value,
)

__all__ = ["alike_sentences", "interval_words", "known_number", "sure_dials", "sure_line"]

_Interval = TypeVar("_Interval", Interval, Range)

_STEPS_WITHIN = 2.5
_FINER = 0.1
_FINEST = 1e-3  # four digits, however little is left open
_LARGER = {"Hz": "kHz", "ms": "s"}
"""What a thousand of a unit is called."""

_SHARES = {"feedback", "ping_pong", "width", WET}
"""Parameters that are shares, told in per cent."""

_BY_RATIO = {"Hz", "kHz", "ms", "s", ":1", "%", ""}
"""Units that are turned by ratios: there a small end of a wide interval keeps a digit."""


def sure_line(
    stored: StoredGraph,
    node: int,
    sureness: Sureness | None,
    agreement: Agreement | None = None,
) -> str:
    """Return the dials of a node on one line with their intervals; empty where it has none."""
    dials = list(sure_dials(stored, node, sureness, agreement))
    if not any(value for _, value in dials):
        return ""
    return ", ".join(f"{words} {value}".rstrip() for words, value in dials)


def sure_dials(
    stored: StoredGraph,
    node: int,
    sureness: Sureness | None,
    agreement: Agreement | None = None,
) -> Iterator[tuple[str, str]]:
    """Yield what the dials of a node are called and what they say; a choice says nothing more.

    Args:
        stored: the graph.
        node: its number.
        sureness: how sure its settings are; without it no number is told.
        agreement: what several runs agree on: where they set each dial is then told as well.
    """
    own = stored.node(node)
    entry = processor(own.kind)
    for turned in entry.turned(own):
        values = []
        for name, row in turned.settings:
            setting = Setting(node, name, row)
            spec = None if name == WET else entry.param(name)
            interval = None if sureness is None else sureness.intervals.get(setting)
            if interval is None:
                break
            value = setting_value(stored.settings, setting)
            values.append(_valued(name, spec, value, interval, _runs_of(agreement, setting)))
        else:
            yield turned.words, " ".join([*values, *_fewer_runs(agreement, node, turned)])


def alike_sentences(stored: StoredGraph, sureness: Sureness | None) -> Iterator[str]:
    """Yield what cannot be told apart, a sentence for each group and each pair."""
    if sureness is None:
        return
    for group in sureness.alike:
        by_node: dict[int, list[str]] = {}
        for setting in group:
            by_node.setdefault(setting.node, []).extend(_dial_names(stored, setting))
        if sum(map(len, by_node.values())) > 1:
            told = [f"{_all_of(dials)} of {_named(stored, i)}" for i, dials in by_node.items()]
            yield f"Cannot be told apart, for one makes up for another: {_all_of(told)}."
    for first, second in sureness.orders:
        label = processor(stored.graph.nodes[second].kind).label
        yield f"Whether {_named(stored, first)} stands before or after its {label} cannot be told."


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
        value, unit, interval = value / 1000.0, _LARGER[unit], _scaled(interval, 0.001)
        runs = None if runs is None else _scaled(runs, 0.001)
    step = max(_step(interval), _FINEST * _own_step(value))
    by_ratio = unit in _BY_RATIO and interval.low > 0.0

    def told(number: float, step: float) -> str:
        return _rounded(number, min(step, _own_step(number)) if by_ratio else step, signed)

    ends = f"{told(interval.low, step)} to {told(interval.high, step)}"
    if runs is not None:
        finer = _runs_step(runs, step)
        ends += f"; {_runs_words(told(runs.low, finer), told(runs.high, finer))}"
    between = "" if unit == ":1" or not unit else " "
    return f"{told(value, step)}{between}{unit} ({ends})"


def known_number(value: float, interval: Interval, unit: str = "") -> str:
    """Return a value in its own unit with the digits that are known.

    >>> known_number(-32.2597, Interval(-35.0, -29.0), "dB")
    '-32'
    >>> known_number(2.02, Interval(1.98, 2.07), "ms")
    '2.02'
    """
    step = max(_step(interval), _FINEST * _own_step(value))
    by_ratio = unit in _BY_RATIO and interval.low > 0.0
    return _rounded(value, min(step, _own_step(value)) if by_ratio else step, False)


def _scaled(interval: _Interval, by: float) -> _Interval:
    return replace(interval, low=by * interval.low, high=by * interval.high)


def _runs_step(runs: Range, step: float) -> float:
    """Return the step of what runs came to: at most a digit finer than the interval's."""
    return min(step, max(_step(runs), _FINER * step))


def _runs_words(low: str, high: str) -> str:
    return f"runs {low}" if low == high else f"runs {low} to {high}"


def _runs_of(agreement: Agreement | None, setting: Setting) -> Range | None:
    """Return where runs set a dial; None where it is that of the kept one alone."""
    runs = None if agreement is None else agreement.ranges.get(setting)
    return runs if runs is not None and runs.runs > 1 else None


def _fewer_runs(agreement: Agreement | None, node: int, turned: Turned) -> Iterator[str]:
    """Yield in how many runs a dial was there, where that is not in all that had the processor."""
    if agreement is None or not turned.settings:
        return
    (name, row), *_ = turned.settings
    runs = agreement.ranges.get(Setting(node, name, row))
    if runs is not None and runs.runs < agreement.stood[node]:
        yield f"in {runs.runs} of {len(agreement.runs)} runs"


def _valued(
    name: str, spec: ParamSpec | None, value: float, interval: Interval, runs: Range | None
) -> str:
    """Return the value of a parameter in words."""
    if name in _SHARES or name == "pan":
        interval = _scaled(interval, 100.0)
        runs = None if runs is None else _scaled(runs, 100.0)
        if name == "pan":
            return _placed(100.0 * value, interval, runs)
        return interval_words(100.0 * value, interval, "%", runs=runs)
    if name.endswith("_q"):
        return f"Q {interval_words(value, interval, runs=runs)}"
    assert spec is not None and not isinstance(spec.low, tuple)
    unit, signed = spec.unit, spec.unit == "dB" and spec.neutral == 0.0
    told = interval_words(value, interval, unit, signed=signed, runs=runs)
    if (interval.low, interval.high) == (spec.low, spec.high):
        number, _, ends = told.partition(" (")
        _, *others = ends.rstrip(")").split("; ")
        return f"{number} ({'; '.join(['anything: the mix does not show it', *others])})"
    return told


def _placed(value: float, interval: Interval, runs: Range | None) -> str:
    """Return a place of the pan pot in per cent; below 0 is left."""
    step = _step(interval)
    centred = interval.low < 0.0 < interval.high
    middle = _rounded(abs(value), step, False)
    side = "left" if value < 0.0 else "right"
    place = "centre" if centred and float(middle) == 0.0 else f"{middle} % {side}"
    told = [_places(interval, step, "" if centred else side)]
    if runs is not None:
        told.append(f"runs {_places(runs, _runs_step(runs, step), '' if centred else side)}")
    return f"{place} ({'; '.join(told)})"


def _places(interval: Interval | Range, step: float, known: str) -> str:
    """Return two places of the pan pot; their side is not said where it is known."""
    low, high = (_rounded(abs(end), step, False) for end in (interval.low, interval.high))
    if interval.low < 0.0 < interval.high:
        return f"{low} % left to {high} % right"
    ends, side = ((high, low), "left") if interval.high <= 0.0 else ((low, high), "right")
    span = ends[0] if low == high else f"{ends[0]} to {ends[1]}"
    return span if side == known else f"{span} % {side}"


def _step(interval: Interval | Range) -> float:
    width = max(interval.high - interval.low, 1e-9)
    return 10.0 ** math.floor(math.log10(width / _STEPS_WITHIN))


def _own_step(number: float) -> float:
    """Return the step that leaves a number one digit."""
    return 10.0 ** math.floor(math.log10(abs(number))) if number else 1.0


def _rounded(number: float, step: float, signed: bool) -> str:
    digits = max(0, -round(math.log10(step)))
    rounded = round(round(number / step) * step, digits) + 0.0
    return f"{rounded:{'+' if signed and rounded else ''}.{digits}f}"


def _dial_names(stored: StoredGraph, setting: Setting) -> Iterator[str]:
    """Yield what a setting is called among those of its node; nothing where it is not told."""
    own = stored.node(setting.node)
    entry = processor(own.kind)
    for turned in entry.turned(own):
        if (setting.name, setting.row) not in turned.settings:
            continue
        place = turned.settings.index((setting.name, setting.row))
        name = setting_name(entry, own, turned, place)
        yield f"the {name}" if len(turned.settings) == 1 else name


def _named(stored: StoredGraph, node: int) -> str:
    return f"the {processor(stored.graph.nodes[node].kind).label} of {stored.graph.name(node)}"


def _all_of(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else "".join(words)
