"""Logarithm, exponential and tanh for compiled loops: in float32 they become vector instructions.

The first two split a number into a power of two and a rest near one, of which the function is a
polynomial: log(2^n m) = n log 2 + log m with m from sqrt(1/2) to sqrt(2), and exp(n log 2 + r) =
2^n exp(r) with |r| <= log(2) / 2. The polynomials interpolate at Chebyshev's points; the error is
that of float32's own rounding. In float64 the mathematical library's functions are called. Integers
are cut back to 32 bits at each turn: with numba's 64 a vector holds half as many.
"""

import math

import numpy as np
from numba import types
from numba.extending import overload
from numpy.polynomial import Chebyshev, Polynomial

__all__ = ["fast_exp", "fast_log", "fast_tanh"]

_ROOT_HALF_BITS = int(np.float32(math.sqrt(0.5)).view(np.int32))
_LN_2_HIGH = np.float32(0.693359375)
"""Ten bits of log 2: n times it is exact."""
_LN_2_LOW = np.float32(math.log(2.0) - 0.693359375)
_LOG_2_E = np.float32(1.0 / math.log(2.0))
_LOWEST, _HIGHEST = np.float32(-86.0), np.float32(88.0)
_ROUNDING = np.float32(1.5 * 2.0**23)
"""Added and taken away again, it leaves a float32 without its fraction."""


def _coefficients(function, low: float, high: float, degree: int) -> tuple[np.float32, ...]:
    """Return the polynomial that interpolates a function, the highest power first."""
    series = Chebyshev.interpolate(function, degree, [low, high])
    powers = series.convert(kind=Polynomial, domain=[-1, 1], window=[-1, 1]).coef
    return tuple(np.float32(value) for value in powers[::-1])


_LOG = _coefficients(
    # log(1 + f) = f - f^2 / 2 + f^3 p(f); below 1e-3 the third term of the series is p.
    lambda f: np.where(
        np.abs(f) < 1e-3, 1.0 / 3.0 - f / 4.0, (np.log1p(f) - f + f * f / 2.0) / (f**3 + 1e-300)
    ),
    math.sqrt(0.5) - 1.0,
    math.sqrt(2.0) - 1.0,
    8,
)
_EXP = _coefficients(
    # exp(r) = 1 + r + r^2 p(r)
    lambda r: np.where(np.abs(r) < 1e-3, 0.5 + r / 6.0, (np.expm1(r) - r) / (r * r + 1e-300)),
    -0.5 * math.log(2.0),
    0.5 * math.log(2.0),
    5,
)


def fast_log(x):
    """Return log(x) for a positive, normal number."""
    return np.log(x)


def fast_exp(x):
    """Return exp(x); in float32 x is held between -86 and 88."""
    return np.exp(x)


def fast_tanh(x):
    """Return tanh(x)."""
    return np.tanh(x)


@overload(fast_log, jit_options={"fastmath": {"contract"}})
def _compiled_log(x):
    if x != types.float32:
        return lambda x: math.log(x)
    p0, p1, p2, p3, p4, p5, p6, p7, p8 = _LOG
    one, half = np.float32(1.0), np.float32(0.5)
    root, high, low = np.int32(_ROOT_HALF_BITS), _LN_2_HIGH, _LN_2_LOW

    def log(x):
        bits = np.float32(x).view(np.int32)
        power = np.int32(np.int32(bits - root) >> np.int32(23))
        f = np.int32(bits - np.int32(power << np.int32(23))).view(np.float32) - one
        n = np.float32(power)
        p = (
            (((((((p0 * f + p1) * f + p2) * f + p3) * f + p4) * f + p5) * f + p6) * f) + p7
        ) * f + p8
        square = f * f
        return n * high + (f + (n * low - half * square + square * f * p))

    return log


@overload(fast_exp, jit_options={"fastmath": {"contract"}})
def _compiled_exp(x):
    if x != types.float32:
        return lambda x: math.exp(x)
    p0, p1, p2, p3, p4, p5 = _EXP
    one, lowest, highest = np.float32(1.0), _LOWEST, _HIGHEST
    high, low, scale, rounding = _LN_2_HIGH, _LN_2_LOW, _LOG_2_E, _ROUNDING

    def exp(x):
        x = min(max(x, lowest), highest)
        n = (x * scale + rounding) - rounding
        r = (x - n * high) - n * low
        p = ((((p0 * r + p1) * r + p2) * r + p3) * r + p4) * r + p5
        near_one = one + (r + r * r * p)
        power = np.int32(n) << np.int32(23)
        return np.int32(np.float32(near_one).view(np.int32) + power).view(np.float32)

    return exp


@overload(fast_tanh, jit_options={"fastmath": {"contract"}})
def _compiled_tanh(x):
    """Below 1/4 it is the series up to the ninth power, wrong by 1e-8; above, that of exp(-2x)."""
    if x != types.float32:
        return lambda x: math.tanh(x)
    one, two, quarter = np.float32(1.0), np.float32(2.0), np.float32(0.25)
    third, fifth = np.float32(-1.0 / 3.0), np.float32(2.0 / 15.0)
    seventh, ninth = np.float32(-17.0 / 315.0), np.float32(62.0 / 2835.0)

    def tanh(x):
        size = abs(x)
        square = size * size
        series = one + square * (third + square * (fifth + square * (seventh + square * ninth)))
        falling = fast_exp(-two * size)
        ratio = (one - falling) / (one + falling)
        result = size * series if size < quarter else ratio
        return result if x >= np.float32(0.0) else -result

    return tanh
