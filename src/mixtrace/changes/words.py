"""How dials and their values are named where two results differ, and what is too little to tell."""

import math

from mixtrace.params import ParamSpec
from mixtrace.processors import WET, NodeSettings, Processor, Turned
from mixtrace.units import db_from_ratio
from mixtrace.wording import hertz, percent, seconds, short_number, signed_db

__all__ = ["difference_of", "differs", "is_level", "setting_name", "setting_words"]

_LEAST_DB = 0.1  # the digit that levels are told with
_LEAST_SHARE = 0.01  # of shares, places and Q
_LEAST_RATIO = 1.02  # a third of a semitone, and less than anyone turns a time by
_BY_RATIO = {"Hz", "ms", "s", ":1"}
"""Units that are turned by ratios."""

_PARTS = {"Hz": "frequency", "dB": "gain"}
"""What a number of a band is, by its unit."""

_SILENT = 1e-4  # -80 dB: a weight below it is told as that


def setting_name(entry: Processor, node: NodeSettings, turned: Turned, place: int) -> str:
    """Return what one number of a group of dials is called, such as "gain of the bell at 1 kHz".

    Args:
        entry: the processor.
        node: its settings.
        turned: dials that are told together.
        place: which of them.
    """
    if len(turned.settings) == 1:
        return turned.words
    (name, row), *_ = turned.settings
    unit = entry.param(turned.settings[place][0]).unit
    at = hertz(float(node.array(name).reshape(-1)[row]))
    return f"{_PARTS.get(unit, 'Q')} of the {turned.words} at {at}"


def setting_words(entry: Processor, name: str, value: float) -> str:
    """Return the value of one setting with its unit, with the digits it is told with."""
    if is_level(entry, name):
        return signed_db(db_from_ratio(max(value, _SILENT)))
    if name == WET:
        return percent(value)
    spec = entry.param(name)
    if spec.unit == "Hz":
        return hertz(value)
    if spec.unit in ("ms", "s"):
        return seconds(value / 1000.0 if spec.unit == "ms" else value)
    if spec.unit == "dB":
        return signed_db(value) if spec.neutral == 0.0 else f"{value:.1f} dB"
    between = "" if spec.unit in (":1", "") else " "
    return f"{short_number(value)}{between}{spec.unit}"


def is_level(entry: Processor, name: str) -> bool:
    """Return whether a setting is the weight of a reverb or delay, which is its level."""
    return name == WET and entry.family == "space"


def differs(entry: Processor, name: str, before: float, after: float) -> bool:
    """Return whether two values of a setting are far enough apart to be told.

    Levels and gains count from 0.1 dB, what is turned by ratios from 2 %, shares from 1 %.
    """
    if is_level(entry, name):
        first, second = (db_from_ratio(max(value, _SILENT)) for value in (before, after))
        return abs(second - first) >= _LEAST_DB
    spec = None if name == WET else entry.param(name)
    return abs(after - before) >= _least(spec, before, after)


def _least(spec: ParamSpec | None, before: float, after: float) -> float:
    """Return the least difference of two values that is told."""
    if spec is None or not spec.unit:
        return _LEAST_SHARE
    if spec.unit not in _BY_RATIO:
        return _LEAST_DB
    return max((_LEAST_RATIO - 1.0) * min(abs(before), abs(after)), math.ulp(1.0))


def difference_of(
    entry: Processor, name: str, before: float, after: float
) -> tuple[float | None, str]:
    """Return the difference of two values and its unit."""
    if is_level(entry, name):
        return db_from_ratio(max(after, _SILENT)) - db_from_ratio(max(before, _SILENT)), "dB"
    return after - before, "" if name == WET else entry.param(name).unit
