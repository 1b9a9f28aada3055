"""Trials against rendering the smaller graph."""

from collections.abc import Sequence
from copy import copy

import numpy as np
import pytest

from mixtrace.descent import SongWindows, song_parts
from mixtrace.graph import Graph, remove_nodes
from mixtrace.losses import combine
from mixtrace.processors import Settings
from mixtrace.trials import Trials

Console = tuple[Graph, Settings, SongWindows]


def judges(console: Console, numbers: Sequence[int]) -> Trials:
    """Return who judges removals on some windows."""
    return Trials(*console, numbers)


def from_scratch(console: Console, removed: list[int], numbers: list[int]) -> np.ndarray:
    graph, settings, windows = console
    smaller = remove_nodes(graph, removed)
    kept = settings.only(smaller.processors)
    return combine(song_parts(smaller, kept, windows, numbers), "published").double().numpy()


def test_a_trial_scores_what_the_smaller_graph_scores(console: Console) -> None:
    numbers = [2, 0]
    trials = judges(console, numbers)
    for removed in ([], [3], [3, 9, 17], list(console[0].processors)):
        # float32 rounding of two ways to render.
        expected = pytest.approx(from_scratch(console, removed, numbers).mean(), rel=1e-4)
        assert trials.loss(removed) == expected
        trials.keep(removed)
        assert trials.loss(removed) == expected


def test_no_more_renderings_are_remembered_than_windows(console: Console) -> None:
    graph, settings, windows = console
    few = copy(windows)
    few.capacity = 2
    bounded, free = judges((graph, settings, few), range(3)), judges(console, range(3))
    for removed in ([3], [3, 9], [3, 9, 17]):
        # float32 rounding: what was forgotten is rendered again from nothing.
        assert bounded.loss(removed) == pytest.approx(free.loss(removed), rel=1e-5)
        assert len(bounded._renderings) == 2
        bounded.keep(removed)
        free.keep(removed)
    assert len(free._renderings) == 3


def test_nothing_is_judged_twice(console: Console) -> None:
    trials = judges(console, [0, 1, 2])
    assert trials.loss([]) != trials.loss([5]) == trials.loss([5])
    # Three windows with the removal, and three without it.
    assert trials.count == 6
