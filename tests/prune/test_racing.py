"""Racing against judging everything."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from mixtrace.prune.racing import (
    EVERYTHING,
    Effort,
    Outcome,
    race_spread,
    shares,
    spread,
)

EFFORT = Effort(least=8, most=16, certainty=3.0)


def constant(value: float):
    return lambda numbers: [value] * len(numbers)


def a_race(rises: Sequence[float] | np.ndarray, slack: float, **options: Any) -> Outcome:
    """Race over a song whose first four windows are certain."""
    count, effort = len(rises), options.pop("effort", EFFORT)
    share = 1.0 - 4 / count
    return race_spread(listed(rises), range(4), range(4, count), share, slack, effort, **options)


def listed(values: Sequence[float] | np.ndarray):
    return lambda numbers: [float(values[number]) for number in numbers]


@pytest.mark.parametrize("at_once", [2, 3, 8, 20])
def test_asking_for_several_windows_together_decides_the_same(at_once: int) -> None:
    rng = np.random.default_rng(2)

    for _ in range(100):
        rises = rng.normal(0.01, 0.02, 14)
        one, many = a_race(rises, 0.01), a_race(rises, 0.01, at_once=at_once)
        assert (many.won, many.rises, many.mean) == (one.won, one.rises, one.mean)
        assert one.asked == len(one.rises)
        assert many.asked == min(14, -(-one.asked // at_once) * at_once)


def test_a_single_window_decides_alone() -> None:
    for certain, others in (([3], []), ([], [3])):
        outcome = race_spread(constant(0.002), certain, others, 0.5, 0.01, EFFORT)
        assert outcome == Outcome(True, 1, [0.002], 0.002)
    outcome = race_spread(constant(0.02), [3], [], 0.0, 0.01, EFFORT)
    assert outcome == Outcome(False, 1, [0.02], 0.02)


def test_few_windows_are_all_judged() -> None:
    assert len(a_race([0.0] * 8, 0.01).rises) == 8


def test_a_race_over_everything_judges_every_window() -> None:
    assert len(a_race([0.0] * 30, 0.01, effort=EVERYTHING).rises) == 30


def test_a_clear_case_ends_after_the_least() -> None:
    rng = np.random.default_rng(0)
    rises = rng.normal(0.0, 0.002, 78)
    outcome = a_race(rises, 0.01)
    assert outcome.won and len(outcome.rises) == 8
    assert not a_race(rises + 0.02, 0.01).won
    assert len(a_race(rises, 0.01, effort=Effort(6, 16, 3.0)).rises) == 6


def test_no_case_takes_more_than_the_most() -> None:
    rises = np.tile([-1.0, 1.0], 39)
    assert a_race(rises, 0.0, at_once=4).asked == 16
    assert a_race(rises, 0.0, effort=Effort(4, 10, 3.0)).asked == 10


def test_fewer_of_the_certain_windows_stand_for_all_of_them() -> None:
    rises = np.array([8.0] * 4 + [1.0] * 74)
    outcome = a_race(rises, 5.0, effort=Effort(4, 6, 1.0, certain=2))
    assert outcome.rises == [8.0, 8.0, 1.0, 1.0]
    assert outcome.mean == pytest.approx(rises.mean())


def test_less_certainty_takes_fewer_windows() -> None:
    rng = np.random.default_rng(3)
    asked = {1.0: 0, 3.0: 0}
    for _ in range(50):
        rises = rng.normal(0.012, 0.01, 78)
        for certainty in asked:
            asked[certainty] += a_race(rises, 0.01, effort=Effort(6, 60, certainty)).asked
    assert asked[1.0] < 0.5 * asked[3.0]


def test_the_sample_stands_for_what_was_not_asked() -> None:
    assert a_race([0, 1, 2, 3, 4], 10.0).mean == pytest.approx(2.0)
    # Four certain windows of 8 and a sample of 1 that stands for 74.
    rises = np.array([*[8.0] * 4, *[1.0] * 74])
    sampled = a_race(rises, 5.0)
    assert sampled.mean == pytest.approx(rises.mean())
    assert len(sampled.rises) == 8


def test_shares_add_up_to_one() -> None:
    np.testing.assert_allclose(shares(2, 4, 0.8), [0.1, 0.1, 0.2, 0.2, 0.2, 0.2])
    for certain, others in ((3, 0), (0, 3)):
        np.testing.assert_allclose(shares(certain, others, 0.8), [1 / 3] * 3)


def test_races_over_a_song_decide_as_judging_everything_does() -> None:
    rng = np.random.default_rng(1)
    wrong, asked, excess = 0, 0, 0.0
    for _ in range(300):
        rises = rng.normal(rng.uniform(-0.03, 0.05), 0.005, 78)
        rises[:4] = rng.normal(0.0, 0.1, 4)  # the end of a song, where a mix is hard to match
        shuffled = np.concatenate([rises[:4], rng.permutation(rises[4:])])
        race = a_race(shuffled, 0.01, at_once=4)
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
