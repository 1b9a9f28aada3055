"""Racing against judging everything."""

from collections.abc import Sequence

import numpy as np
import pytest

from mixtrace.prune.racing import Outcome, race_at_random, race_in_order


def constant(value: float):
    return lambda numbers: [value] * len(numbers)


def listed(values: Sequence[float] | np.ndarray):
    return lambda numbers: [float(values[number]) for number in numbers]


def test_too_much_for_all_windows_loses_at_once() -> None:
    outcome = race_in_order(constant(1.0), range(8), 0.01)
    assert outcome == Outcome(False, 1, [1.0])


def test_little_where_most_was_expected_wins_after_two() -> None:
    assert race_in_order(constant(0.0), range(8), 0.01) == Outcome(True, 2, [0.0, 0.0])
    assert race_in_order(constant(0.0), range(8), 0.01, early_wins=False).rises == [0.0] * 8


def test_windows_that_follow_the_expected_order_are_decided_right() -> None:
    rng = np.random.default_rng(0)
    asked = 0
    for _ in range(300):
        rises = sorted(rng.exponential(rng.uniform(0.0, 0.02), 8), reverse=True)
        outcome = race_in_order(listed(rises), range(8), 0.01)
        assert outcome.won == (np.mean(rises) <= 0.01)
        asked += len(outcome.rises)
    assert asked < 0.7 * 8 * 300


@pytest.mark.parametrize("at_once", [2, 3, 8, 20])
def test_asking_for_several_windows_together_decides_the_same(at_once: int) -> None:
    rng = np.random.default_rng(2)
    for race in (race_in_order, race_at_random):
        for _ in range(50):
            rises = rng.normal(0.01, 0.02, 14).tolist()
            one, many = (race(listed(rises), range(14), 0.01, at_once=n) for n in (1, at_once))
            assert (many.won, many.rises) == (one.won, one.rises)
            assert one.asked == len(one.rises)
            assert many.asked == min(14, -(-one.asked // at_once) * at_once)


def test_a_single_window_decides_alone() -> None:
    assert race_in_order(constant(0.02), [3], 0.01) == Outcome(False, 1, [0.02])
    assert race_at_random(constant(0.002), [3], 0.01) == Outcome(True, 1, [0.002])


def test_few_windows_in_random_order_are_all_judged() -> None:
    assert len(race_at_random(constant(0.0), range(8), 0.01).rises) == 8


def test_a_race_over_the_whole_judges_every_window() -> None:
    assert len(race_at_random(constant(0.0), range(30), 0.01, whole=True).rises) == 30


def test_a_clear_case_in_random_order_ends_after_eight() -> None:
    rng = np.random.default_rng(0)
    rises = rng.normal(0.0, 0.002, 78)
    outcome = race_at_random(listed(rises), range(78), 0.01)
    assert outcome.won and len(outcome.rises) == 8
    assert not race_at_random(listed(rises + 0.02), range(78), 0.01).won


def test_the_mean_is_that_of_what_was_asked() -> None:
    outcome = race_at_random(listed([0, 1, 2, 3, 4]), range(5), 10.0)
    assert outcome.mean == pytest.approx(2.0)


def test_random_races_decide_as_judging_everything_does() -> None:
    rng = np.random.default_rng(1)
    wrong = 0
    for _ in range(300):
        rises = rng.normal(rng.uniform(-0.03, 0.05), 0.02, 78)
        wrong += race_at_random(listed(rises), range(78), 0.01).won != (rises.mean() <= 0.01)
    # Three standard errors are passed by chance in one look of 370; a race takes up to 70 looks.
    assert wrong < 0.02 * 300
