"""Conversions between the units of audio, for plain numbers."""

import math

__all__ = [
    "DB_PER_NEPER",
    "DB_PER_NEPER_OF_ENERGY",
    "coefficient_from_ms",
    "db_from_ratio",
    "ms_from_coefficient",
    "ratio_from_db",
]

DB_PER_NEPER = 20.0 / math.log(10.0)
"""Decibels in one unit of the natural logarithm of an amplitude."""

DB_PER_NEPER_OF_ENERGY = 10.0 / math.log(10.0)
"""Decibels in one unit of the natural logarithm of an energy."""


def ratio_from_db(level_db: float) -> float:
    """Return the amplitude ratio of a level in dB.

    >>> ratio_from_db(20.0)
    10.0
    """
    return 10.0 ** (level_db / 20.0)


def db_from_ratio(ratio: float, floor_db: float = -200.0) -> float:
    """Return the level in dB of an amplitude ratio, no lower than `floor_db`.

    >>> db_from_ratio(10.0)
    20.0
    >>> db_from_ratio(0.0)
    -200.0
    """
    return max(20.0 * math.log10(ratio), floor_db) if ratio > 0.0 else floor_db


def coefficient_from_ms(time_ms: float, sample_rate_hz: float) -> float:
    """Return the pole of the one-pole smoother that reaches 1 - 1/e of a step after `time_ms`.

    >>> round(coefficient_from_ms(10.0, 44100.0), 6)
    0.997735
    """
    return math.exp(-1000.0 / (sample_rate_hz * time_ms))


def ms_from_coefficient(coefficient: float, sample_rate_hz: float) -> float:
    """Return the time constant in ms of a one-pole smoother; the inverse of `coefficient_from_ms`.

    >>> round(ms_from_coefficient(coefficient_from_ms(10.0, 44100.0), 44100.0), 6)
    10.0
    """
    return -1000.0 / (sample_rate_hz * math.log(coefficient))
