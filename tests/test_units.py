"""Units against closed forms and scipy."""

import math

import numpy as np
import pytest
from scipy import signal

from mixtrace import units


@pytest.mark.parametrize("level_db", [-200.0, -6.0, 0.0, 0.1, 40.0])
def test_decibels_and_ratios_are_inverse(level_db: float):
    ratio = units.ratio_from_db(level_db)
    # The definition, computed another way; only rounding separates them.
    assert ratio == pytest.approx(math.exp(level_db * math.log(10.0) / 20.0), rel=1e-12)
    assert units.db_from_ratio(ratio, floor_db=-300.0) == pytest.approx(level_db, abs=1e-9)


@pytest.mark.parametrize("ratio", [0.0, -1.0, 1e-30])
def test_a_ratio_without_a_level_gives_the_floor(ratio: float):
    assert units.db_from_ratio(ratio) == -200.0
    assert units.db_from_ratio(ratio, floor_db=-90.0) == -90.0


def test_nepers():
    assert units.ratio_from_db(units.DB_PER_NEPER) == pytest.approx(math.e, rel=1e-12)
    energy = units.ratio_from_db(units.DB_PER_NEPER_OF_ENERGY) ** 2
    assert energy == pytest.approx(math.e, rel=1e-12)


@pytest.mark.parametrize("rate_hz", [30_000.0, 44_100.0, 96_000.0])
@pytest.mark.parametrize("time_ms", [0.5, 10.0, 250.0])
def test_the_pole_reaches_its_step_in_time(time_ms: float, rate_hz: float):
    pole = units.coefficient_from_ms(time_ms, rate_hz)
    samples = round(time_ms * rate_hz / 1000.0)
    step = signal.lfilter([1.0 - pole], [1.0, -pole], np.ones(samples))
    exact = 1.0 - math.exp(-samples * 1000.0 / (rate_hz * time_ms))
    assert step[-1] == pytest.approx(exact, rel=1e-9)
    assert step[-1] == pytest.approx(1.0 - 1.0 / math.e, abs=0.02)  # whole samples
    assert units.ms_from_coefficient(pole, rate_hz) == pytest.approx(time_ms, rel=1e-9)
