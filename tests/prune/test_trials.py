"""Trials against rendering the smaller graph."""

from copy import copy

import numpy as np
import pytest
import torch

from mixtrace.fit import SongWindows, Variables, song_parts
from mixtrace.graph import CONSOLES, Graph, build_console, remove_nodes
from mixtrace.losses import combine
from mixtrace.processors import Settings
from mixtrace.prune import Trials
from mixtrace.prune.trials import surviving_rows
from mixtrace.session import Session

Planted = tuple[Session, Graph, Settings]
Console = tuple[Graph, Settings, SongWindows]


@pytest.fixture(scope="module")
def console(planted: Planted) -> Console:
    """A whole console at the planted settings, everything else nearly neutral."""
    session, small, planted_settings = planted
    graph = build_console([(t.name, t.group) for t in session.tracks], CONSOLES["paper"])
    rng = torch.Generator().manual_seed(0)
    settings = Variables.random(graph, rng).settings()
    for kind in graph.kinds():
        settings.wet[kind][:] = 0.01
    for kind in small.kinds():
        for row, i in enumerate(small.of_kind(kind)):
            names = [graph.nodes[j].name for j in graph.of_kind(kind)]
            at = names.index(small.nodes[i].name)
            settings.wet[kind][at] = planted_settings.wet[kind][row]
            for name, value in planted_settings.values[kind].items():
                settings.values[kind][name][at] = value[row]
    return graph, settings, SongWindows(session)


def from_scratch(console: Console, removed: list[int], numbers: list[int]) -> np.ndarray:
    graph, settings, windows = console
    smaller, _ = remove_nodes(graph, removed)
    kept = settings.keep(surviving_rows(graph, removed))
    return combine(song_parts(smaller, kept, windows, numbers), "published").double().numpy()


def test_a_trial_scores_what_the_smaller_graph_scores(console: Console) -> None:
    numbers = [2, 0]
    trials = Trials(*console, numbers)
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
    bounded, free = Trials(graph, settings, few, range(3)), Trials(*console, range(3))
    for removed in ([3], [3, 9], [3, 9, 17]):
        # float32 rounding: what was forgotten is rendered again from nothing.
        assert bounded.loss(removed) == pytest.approx(free.loss(removed), rel=1e-5)
        assert len(bounded._renderings) == 2
        bounded.keep(removed)
        free.keep(removed)
    assert len(free._renderings) == 3


def test_losses_are_read_as_those_of_the_whole_song(console: Console) -> None:
    plain, read = Trials(*console, [1]), Trials(*console, [1], whole=0.75)
    assert read.loss([]) == pytest.approx(0.75, abs=1e-12)
    assert read.loss([4]) - read.loss([]) == pytest.approx(plain.loss([4]) - plain.loss([]))


def test_nothing_is_judged_twice(console: Console) -> None:
    trials = Trials(*console, [0, 1, 2])
    trials.loss([5])
    trials.race([5], 10.0)
    # Three windows with the removal and three without it, as what it is compared to.
    assert trials.count == 6


def test_importance_puts_the_planted_first_and_the_neutral_last(console: Console) -> None:
    graph, settings, windows = console
    changes = Trials(graph, settings, windows, [0, 1, 2]).changes
    assert changes[console[0].processors[0]].shape == (3,)
    importance = {i: float(change.mean()) for i, change in changes.items()}
    by_name = {(graph.nodes[i].kind, graph.nodes[i].name): value for i, value in importance.items()}
    ranked = sorted(by_name, key=by_name.__getitem__, reverse=True)
    assert {("equalizer", "low"), ("gain_panning", "high")} <= set(ranked[:4])
    assert by_name["stereo_imager", "low"] == 0.0
