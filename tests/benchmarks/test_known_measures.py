"""The measures of the benchmark of known mixes, against closed forms."""

from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest

RATE_HZ = 44_100


@pytest.fixture(scope="module")
def measures(benchmark_module: Callable[[str], ModuleType]) -> ModuleType:
    return benchmark_module("known_measures")


def test_a_sine_is_half_its_squared_amplitude_in_its_own_band(measures: ModuleType):
    time_s = np.arange(RATE_HZ) / RATE_HZ
    # 200 Hz and 5 kHz are the nominal centres of bands -7 and +7 about 1 kHz; a whole number of
    # periods, so that nothing leaks.
    audio = np.stack(
        [0.5 * np.sin(2 * np.pi * 200 * time_s), 0.1 * np.cos(2e4 / 2 * np.pi * time_s)]
    )
    power = measures.third_octave_power(audio, RATE_HZ)
    expected = np.zeros((2, 22))
    expected[0, 11 - 7], expected[1, 11 + 7] = 0.5**2 / 2, 0.1**2 / 2
    # Double precision; amplitudes of rounding noise are about 1e-16.
    np.testing.assert_allclose(power, expected, rtol=1e-9, atol=1e-20)


def test_an_impulse_has_power_in_proportion_to_the_width_of_a_band(measures: ModuleType):
    audio = np.zeros((1, 20 * RATE_HZ))
    audio[0, 1000] = 1.0
    power = measures.third_octave_power(audio, RATE_HZ)[0]
    width_hz = measures.THIRD_OCTAVES_HZ * (2 ** (1 / 6) - 2 ** (-1 / 6))
    expected = width_hz / (RATE_HZ / 2) / audio.shape[1]
    # Bins are 0.05 Hz apart and the narrowest band is 18 Hz wide: one bin more or less is 0.3 %.
    np.testing.assert_allclose(power, expected, rtol=4e-3)


def test_a_gain_in_blocks_is_measured_and_applied_again(measures: ModuleType):
    rng = np.random.default_rng(0)
    before = rng.standard_normal((2, 44_100)).astype(np.float32)
    gain = (0.6 + 0.4 * np.cos(2 * np.pi * 2.0 * np.arange(44_100) / RATE_HZ)).astype(np.float32)
    after = before * gain
    blocks = measures.block_gain(before, after, 220)
    again = measures.under_gain(before, blocks, 220)
    # The chance weight of samples within a block shifts a gain of slope 5/s by some 5e-4.
    assert measures.null_db(again, after) < -55.0
    silence = np.zeros((2, 1000), np.float32)
    np.testing.assert_array_equal(measures.block_gain(silence, silence, 300), np.ones((2, 4)))


def test_the_movement_of_a_gain_is_its_deviation_where_the_track_sounds(measures: ModuleType):
    block, blocks = 100, 40
    dry = np.ones((1, block * blocks), np.float32)
    dry[:, 20 * block :] = 1e-3  # 60 dB below: does not count
    steps_db = np.tile([0.0, -6.0], blocks // 2)
    steps_db[20:] = 30.0
    after = np.repeat(10.0 ** ((steps_db - 5.0) / 20.0), block) * np.ones((2, 1))
    before = np.ones_like(after)
    # Two levels 6 dB apart, half of the time each: 3 dB, whatever the constant gain.
    assert measures.movement_db(dry, [(before, after)], block) == pytest.approx(3.0, abs=1e-9)
    assert measures.movement_db(dry, [(before, after)] * 2, block) == pytest.approx(6.0, abs=1e-9)
    assert measures.movement_db(dry, [], block) == 0.0


def test_levels_of_a_difference(measures: ModuleType):
    target = np.ones((2, 100), np.float32)
    assert measures.null_db(0.9 * target, target) == pytest.approx(-20.0, abs=1e-5)
    assert measures.ratio_db(np.zeros(1), np.zeros(1)) == 0.0


def test_chance_is_exact(measures: ModuleType):
    labels = np.array([True, True, False, False, False])
    values = [3.0, 2.0, 1.0, 0.5, 0.0]

    def area(some: np.ndarray) -> float:
        return measures.area_under_curve(values, some)

    assert area(labels) == 1.0
    assert area(~labels) == 0.0
    assert measures.chance(area, labels) == pytest.approx(1 / 10)  # one way of C(5, 2)
    assert measures.chance(lambda some: 0.0, labels) == 1.0
    # Nothing was found anywhere: no better than chance, and told so.
    assert measures.area_under_curve([0.0] * 5, labels) == 0.5
