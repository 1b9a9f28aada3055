"""Racing against judging everything."""

import numpy as np
import pytest

from mixtrace.prune.racing import Outcome, race


def test_a_clear_case_is_lost_after_two_windows() -> None:
    asked: list[int] = []

    def rise(number: int) -> float:
        asked.append(number)
        return 1.0 + 0.01 * number

    outcome = race(rise, range(8), 0.01)
    assert not outcome.won
    assert outcome.mean == pytest.approx(1.005)
    assert asked == [0, 1]


def test_a_clear_case_is_won_before_the_end_or_not_as_asked() -> None:
    early = race(lambda number: 0.0, range(8), 0.01)
    assert early.won and early.asked < 8
    assert race(lambda number: 0.0, range(8), 0.01, early_wins=False) == Outcome(True, 0.0, 8)


def test_a_close_case_asks_every_window() -> None:
    close = race(lambda number: 0.0099, range(8), 0.01)
    assert close.won and close.asked == 8
    assert race(lambda number: 0.0101, range(8), 0.01).asked == 8


def test_a_single_window_decides_alone() -> None:
    assert race(lambda number: 0.02, [3], 0.01) == Outcome(False, 0.02, 1)


def test_racing_decides_as_judging_everything_does() -> None:
    rng = np.random.default_rng(0)
    wrong, judged = 0, 0
    for _ in range(300):
        rises = rng.normal(rng.uniform(-0.05, 0.05), 0.02, 8)
        outcome = race(lambda number, rises=rises: float(rises[number]), range(8), 0.01)
        wrong += outcome.won != (rises.mean() <= 0.01)
        judged += outcome.asked
    # Two standard errors on one side are wrong in about 2 % of the looks; most cases are not close.
    assert wrong < 0.05 * 300
    assert judged < 0.7 * 8 * 300
