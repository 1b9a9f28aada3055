"""Curves with a known shape are read as that shape."""

import numpy as np
import pytest

from mixtrace.processors import CurveShape, curve_shape
from mixtrace.processors.equalizer import equalizer_frequencies

FREQUENCIES_HZ = equalizer_frequencies().double().numpy()


def bell(centre_hz: float, gain_db: float, q: float) -> np.ndarray:
    """Return the gain in dB of the analogue bell (s^2 + A/Q s + 1) / (s^2 + s/(A Q) + 1)."""
    s = 1j * FREQUENCIES_HZ / centre_hz
    a = 10.0 ** (gain_db / 40.0)
    return 20.0 * np.log10(np.abs((s**2 + a / q * s + 1.0) / (s**2 + s / (a * q) + 1.0)))


def high_pass(cutoff_hz: float, order: int) -> np.ndarray:
    """Return the gain in dB of a Butterworth high-pass: -3.01 dB at its cutoff."""
    ratio = cutoff_hz / np.maximum(FREQUENCIES_HZ, 1.0)
    return -10.0 * np.log10(1.0 + ratio ** (2 * order))


def low_pass(cutoff_hz: float, order: int) -> np.ndarray:
    return -10.0 * np.log10(1.0 + (FREQUENCIES_HZ / cutoff_hz) ** (2 * order))


def shape(gain_db: np.ndarray) -> CurveShape:
    return curve_shape(FREQUENCIES_HZ, gain_db)


def test_a_flat_curve_has_no_features():
    assert shape(np.zeros(1024)) == CurveShape(0.0, None, None, ())
    assert shape(np.full(1024, -6.0)) == CurveShape(-6.0, None, None, ())


@pytest.mark.parametrize("cutoff_hz", [80.0, 300.0, 1500.0])
def test_a_low_cut_is_its_minus_three_db_point(cutoff_hz: float):
    found = shape(high_pass(cutoff_hz, 4))
    # The curve is read in thirds of an octave, so its knee is rounded: an eighth of an octave.
    assert found.low_cut_hz == pytest.approx(cutoff_hz, rel=0.09)
    assert found.high_cut_hz is None
    assert found.features == ()
    assert found.level_db == pytest.approx(0.0, abs=0.3)


@pytest.mark.parametrize("cutoff_hz", [700.0, 3000.0, 8000.0])
def test_a_high_cut_is_its_minus_three_db_point(cutoff_hz: float):
    found = shape(low_pass(cutoff_hz, 4) + 5.0)
    assert found.high_cut_hz == pytest.approx(cutoff_hz, rel=0.09)
    assert found.low_cut_hz is None
    assert found.features == ()
    assert found.level_db == pytest.approx(5.0, abs=0.3)


def test_a_telephone_has_both_cuts():
    found = shape(high_pass(300.0, 4) + low_pass(3400.0, 6))
    assert found.low_cut_hz == pytest.approx(300.0, rel=0.09)
    assert found.high_cut_hz == pytest.approx(3400.0, rel=0.09)
    assert found.features == ()


def test_bells_are_found_in_order_with_gain_and_centre():
    found = shape(bell(200.0, -6.0, 1.0) + bell(3000.0, 4.0, 1.0) - 2.0)
    assert found.level_db == pytest.approx(-2.0, abs=0.5)
    first, second = found.features
    assert (first.side, second.side) == ("at", "at")
    # A semitone grid, and each bell stands on the other's skirt.
    assert first.frequency_hz == pytest.approx(200.0, rel=0.07)
    assert second.frequency_hz == pytest.approx(3000.0, rel=0.07)
    # Means over a third of an octave take a little off a bell of Q 1.
    assert first.gain_db == pytest.approx(-6.0, abs=0.7)
    assert second.gain_db == pytest.approx(4.0, abs=0.7)


def test_only_the_strongest_three_are_named():
    centres = [60.0, 240.0, 960.0, 3840.0]
    curve = sum(bell(f, g, 2.0) for f, g in zip(centres, [8.0, -5.0, 2.0, 6.0], strict=True))
    found = shape(np.asarray(curve))
    assert [round(f.gain_db) > 0 for f in found.features] == [True, False, True]


def test_shelves_are_said_to_lie_below_or_above():
    # First-order shelves: half the gain in dB at the geometric mean of pole and zero.
    low = 10.0 * np.log10(1.0 + (10.0**0.6 - 1.0) / (1.0 + (FREQUENCIES_HZ / 100.0) ** 4))
    found = shape(low)
    assert [f.side for f in found.features] == ["below"]
    assert found.features[0].gain_db == pytest.approx(6.0, abs=0.5)
    half_hz = FREQUENCIES_HZ[np.argmax(low < 3.0)]
    assert found.features[0].frequency_hz == pytest.approx(half_hz, rel=0.15)
    high = 10.0 * np.log10(1.0 + (10.0**-0.4 - 1.0) / (1.0 + (4000.0 / (FREQUENCIES_HZ + 1)) ** 4))
    found = shape(high)
    assert [f.side for f in found.features] == ["above"]
    assert found.features[0].gain_db == pytest.approx(-4.0, abs=0.5)


def test_jagged_curves_give_finite_words():
    rng = np.random.default_rng(0)
    for scale in (0.1, 3.0, 30.0):
        found = shape(np.clip(scale * rng.standard_normal(1024), -80.0, 40.0))
        assert np.isfinite(found.level_db)
        assert len(found.features) <= 3
    assert shape(np.full(1024, -80.0)).level_db == -80.0
