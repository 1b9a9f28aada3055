"""Racing against judging everything."""

from collections.abc import Sequence

import numpy as np
import pytest

from mixtrace.prune.racing import Outcome, race_in_order, race_spread, spread


def constant(value: float):
    return lambda numbers: [value] * len(numbers)


def listed(values: Sequence[float] | np.ndarray):
    return lambda numbers: [float(values[number]) for number in numbers]


def test_too_much_for_all_windows_loses_at_once() -> None:
    outcome = race_in_order(constant(1.0), range(8), 0.01)
    assert outcome == Outcome(False, 1, [1.0], 1.0)


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

    def in_order(rises: list[float], at_once: int) -> Outcome:
        return race_in_order(listed(rises), range(14), 0.01, at_once=at_once)

    def over_the_song(rises: list[float], at_once: int) -> Outcome:
        return race_spread(listed(rises), range(4), range(4, 14), 0.01, at_once=at_once)

    for race in (in_order, over_the_song):
        for _ in range(50):
            rises = rng.normal(0.01, 0.02, 14).tolist()
            one, many = race(rises, 1), race(rises, at_once)
            assert (many.won, many.rises, many.mean) == (one.won, one.rises, one.mean)
            assert one.asked == len(one.rises)
            assert many.asked == min(14, -(-one.asked // at_once) * at_once)


def test_a_single_window_decides_alone() -> None:
    assert race_in_order(constant(0.02), [3], 0.01) == Outcome(False, 1, [0.02], 0.02)
    assert race_spread(constant(0.002), [3], [], 0.01) == Outcome(True, 1, [0.002], 0.002)
    assert race_spread(constant(0.002), [], [3], 0.01) == Outcome(True, 1, [0.002], 0.002)


def test_few_windows_are_all_judged() -> None:
    assert len(race_spread(constant(0.0), range(4), range(4, 8), 0.01).rises) == 8


def test_a_race_over_the_whole_judges_every_window() -> None:
    outcome = race_spread(constant(0.0), range(4), range(4, 30), 0.01, whole=True)
    assert len(outcome.rises) == 30


def test_a_clear_case_ends_after_eight() -> None:
    rng = np.random.default_rng(0)
    rises = rng.normal(0.0, 0.002, 78)
    outcome = race_spread(listed(rises), range(4), range(4, 78), 0.01)
    assert outcome.won and len(outcome.rises) == 8
    assert not race_spread(listed(rises + 0.02), range(4), range(4, 78), 0.01).won


def test_no_case_takes_more_than_16() -> None:
    rises = np.tile([-1.0, 1.0], 39)
    assert race_spread(listed(rises), range(4), range(4, 78), 0.0, at_once=4).asked == 16


def test_the_sample_stands_for_what_was_not_asked() -> None:
    whole = race_spread(listed([0, 1, 2, 3, 4]), [0, 1], [2, 3, 4], 10.0)
    assert whole.mean == pytest.approx(2.0)
    # Two certain windows of 8 and a sample of 1 that stands for 76.
    rises = np.array([8.0, 8.0, *[1.0] * 76])
    sampled = race_spread(listed(rises), [0, 1], range(2, 78), 5.0)
    assert sampled.mean == pytest.approx(rises.mean())
    assert len(sampled.rises) == 8


def test_races_over_a_song_decide_as_judging_everything_does() -> None:
    rng = np.random.default_rng(1)
    wrong, asked, excess = 0, 0, 0.0
    for _ in range(300):
        rises = rng.normal(rng.uniform(-0.03, 0.05), 0.005, 78)
        rises[:4] = rng.normal(0.0, 0.1, 4)  # the end of a song, where a mix is hard to match
        race = race_spread(
            listed(rises), range(4), (4 + rng.permutation(74)).tolist(), 0.01, at_once=4
        )
        asked += race.asked
        if race.won != (rises.mean() <= 0.01):
            wrong, excess = wrong + 1, max(excess, abs(rises.mean() - 0.01))
    # After 16 windows the mean is known to .005 (74 / 78) sqrt(62 / 74 / 12) = .0013.
    assert wrong < 0.05 * 300 and excess < 3.5 * 0.0013
    assert asked < 12 * 300


@pytest.mark.parametrize("count", [1, 5, 78])
def test_every_beginning_of_a_spread_order_is_spread(count: int) -> None:
    for start in (0.0, 0.3, 0.99):
        order = spread(count, start)
        assert sorted(order) == list(range(count))
        for taken in range(2, count):
            gaps = np.diff(sorted(order[:taken]))
            # Golden sections leave gaps of at most 2.6 times the mean, here rounded up.
            assert gaps.max() <= 2.7 * count / taken + 1
