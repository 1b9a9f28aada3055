"""The curves of the search: a window that stands out does not hide where the loss goes."""

import numpy as np
import pytest

from mixtrace.reporting.found import loss_figure, medians


def test_medians_pass_over_single_windows_and_follow_a_step():
    losses = np.where(np.arange(100) < 50, 0.8, 0.4)
    spoilt = losses.copy()
    spoilt[[10, 30, 70]] = 0.0, 5.0, 5.0
    np.testing.assert_array_equal(medians(spoilt), losses)


@pytest.mark.parametrize("values", [[], [0.5], [0.5, 0.4]])
def test_medians_bear_few_values(values: list[float]):
    assert len(medians(np.array(values))) == len(values)


def test_losses_stand_behind_their_median_only_where_one_curve_is_drawn():
    steps, losses = np.arange(50.0), np.linspace(1.0, 0.5, 50)
    alone = loss_figure([("", steps, losses)], "steps")
    assert alone.index("line single") < alone.index('"line "')
    assert "line single" not in loss_figure([("", steps, losses), ("second", steps, losses)], "s")
