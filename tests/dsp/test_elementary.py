"""Logarithm, exponential and tanh of compiled loops against numpy in float64."""

import numba
import numpy as np
import pytest

from mixtrace.dsp.elementary_kernels import fast_exp, fast_log, fast_tanh


@numba.njit
def logarithms(values):
    return np.array([fast_log(v) for v in values])


@numba.njit
def exponentials(values):
    return np.array([fast_exp(v) for v in values])


@numba.njit
def bent(values):
    return np.array([fast_tanh(v) for v in values])


@pytest.mark.parametrize(
    # float32 rounds to 6e-8; a few roundings follow one another.
    ("dtype", "tolerance"),
    [(np.float32, 2e-7), (np.float64, 1e-14)],
)
def test_against_numpy(dtype, tolerance):
    positive = np.geomspace(1e-30, 1e30, 20_001).astype(dtype)
    exact = np.log(positive.astype(np.float64))
    error = np.abs(logarithms(positive) - exact)
    assert (error <= tolerance * np.maximum(np.abs(exact), 0.5)).all()
    exponents = np.linspace(-80.0, 80.0, 20_001).astype(dtype)
    exact = np.exp(exponents.astype(np.float64))
    assert (np.abs(exponentials(exponents) / exact - 1.0) <= tolerance).all()
    sides = np.concatenate([-np.geomspace(1e-30, 90.0, 5001), np.linspace(1e-3, 1.0, 5001)])
    sides = sides.astype(dtype)
    exact = np.tanh(sides.astype(np.float64))
    # Just above 1/4 a difference from one loses two bits.
    assert (np.abs(bent(sides) / exact - 1.0) <= 2.0 * tolerance).all()


def test_no_excess_is_no_gain_and_the_ends_are_held():
    values = np.array([0.0, -1e6, 1e6], np.float32)
    one, least, most = exponentials(values)
    assert one == 1.0
    assert 0.0 < least < 1e-37 and 1e38 < most < np.inf
