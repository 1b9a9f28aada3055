"""Tallies against numpy's own means and percentiles."""

import numpy as np
import pytest

from mixtrace.surveying.tallies import CurveTally, Numbers


def test_numbers_are_spread_as_numpy_says():
    values = np.random.default_rng(1).normal(size=1_001)
    numbers = Numbers()
    for part in np.array_split(values, 7):
        numbers.add(np.concatenate([part, [np.nan, np.inf]]))
    spread = numbers.spread()
    assert spread is not None
    assert len(numbers) == spread.count == 1_001
    told = (spread.low, spread.lower, spread.median, spread.upper, spread.high)
    # Numbers are kept in single precision: seven digits.
    assert told == pytest.approx(np.percentile(values, [5, 25, 50, 75, 95]), abs=1e-6)
    assert (spread.mean, spread.deviation) == pytest.approx((values.mean(), values.std()), abs=1e-6)
    assert (spread.least, spread.most) == pytest.approx((values.min(), values.max()), abs=1e-6)


def test_no_numbers_have_no_spread():
    assert Numbers().spread() is None


def test_curves_have_the_mean_and_quartiles_of_numpy():
    curves = np.random.default_rng(2).normal([0.0, 4.0, -8.0], 5.0, size=(2_000, 3))
    tally = CurveTally(3)
    for part in np.array_split(curves, 11):
        tally.add(part)
    np.testing.assert_allclose(tally.mean_db, curves.mean(0), atol=1e-9)  # sums in double precision
    for share in (0.25, 0.5, 0.75):
        # Half a step of counting, and less than that between neighbours of 2,000 curves.
        found, expected = tally.quantile_db(share), np.quantile(curves, share, axis=0)
        np.testing.assert_allclose(found, expected, atol=CurveTally.STEP_DB)


def test_a_single_curve_is_its_own_mean_and_quartiles():
    tally = CurveTally(2)
    tally.add(np.array([[3.0, -6.0]]))
    for share in (0.25, 0.5, 0.75):
        assert tally.quantile_db(share).tolist() == [3.0, -6.0]
    assert tally.mean_db.tolist() == [3.0, -6.0]


def test_what_lies_beyond_the_ends_counts_there_and_what_is_no_number_not_at_all():
    tally = CurveTally(1)
    tally.add(np.array([[-200.0], [200.0], [np.nan]]))
    assert tally.count == 2
    assert tally.quantile_db(0.25).tolist() == [-CurveTally.MOST_DB]
    assert tally.quantile_db(0.75).tolist() == [CurveTally.MOST_DB]
