"""Racing against judging everything."""

import numpy as np
import pytest

from mixtrace.prune.racing import race


def test_a_clear_case_is_lost_after_two_windows() -> None:
    asked: list[int] = []

    def rise(number: int) -> float:
        asked.append(number)
        return 1.0 + 0.01 * number

    won, mean = race(rise, range(8), 0.01)
    assert not won
    assert asked == [0, 1]
    assert mean == pytest.approx(1.005)


def test_what_wins_has_seen_every_window() -> None:
    asked: list[int] = []
    won, mean = race(lambda number: asked.append(number) or 0.004, range(8), 0.01)
    assert (won, mean, asked) == (True, pytest.approx(0.004), list(range(8)))


def test_a_single_window_decides_alone() -> None:
    assert race(lambda number: 0.02, [3], 0.01) == (False, 0.02)


def test_racing_decides_as_judging_everything_does() -> None:
    rng = np.random.default_rng(0)
    wrong, judged = 0, 0
    for _ in range(300):
        rises = rng.normal(rng.uniform(-0.01, 0.05), 0.02, 8)
        asked: list[int] = []

        def rise(number: int, rises=rises, asked=asked) -> float:
            asked.append(number)
            return float(rises[number])

        won, _ = race(rise, range(8), 0.01)
        wrong += won != (rises.mean() <= 0.01)
        judged += len(asked)
    # Two standard errors on one side are wrong in about 2 % of the looks; most cases are not close.
    assert wrong < 0.04 * 300
    assert judged < 0.85 * 8 * 300
