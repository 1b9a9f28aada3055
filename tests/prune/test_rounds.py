"""Confirming a result on the whole song, against evaluating all of it."""

from dataclasses import replace

import numpy as np
import pytest

from mixtrace.descent import RECIPES, Descent, SongWindows, Variables, song_loss, song_parts
from mixtrace.graph import Graph
from mixtrace.losses import combine
from mixtrace.processors import Settings
from mixtrace.prune import look_at
from mixtrace.prune.rounds import Pruning
from mixtrace.prune.state import State
from mixtrace.session import Session

Planted = tuple[Session, Graph, Settings]
RECIPE = RECIPES["console"]


@pytest.fixture(scope="module")
def long_song(planted: Planted) -> tuple[Graph, Settings, SongWindows]:
    """The planted song twelve times over, and settings that match it badly."""
    session, graph, settings = planted
    tracks = tuple(replace(t, kept=np.tile(t.audio, (1, 12))) for t in session.tracks)
    song = replace(session, mix=np.tile(session.mix, (1, 12)), tracks=tracks)
    worse = settings.map(lambda value: 0.7 * value)
    return graph, worse, SongWindows(song)


def a_pruning(graph: Graph, settings: Settings, windows: SongWindows) -> Pruning:
    """Return rounds of a search whose console is the graph itself, and scores nothing at all."""
    descent = Descent(graph, Variables.from_settings(settings), windows, RECIPE)
    state = State(descent, losses={"console": {"published": 0.0, "eq4": 0.0}})
    state.console_windows = [0.0] * windows.count
    return Pruning(state, windows, RECIPE, 0.01, True, True, lambda count, loss: None)


def test_a_result_that_holds_has_the_loss_of_the_whole_song(
    long_song: tuple[Graph, Settings, SongWindows],
) -> None:
    graph, settings, windows = long_song
    whole = song_loss(graph, settings, windows)
    pruning = a_pruning(*long_song)
    look = look_at(*long_song, [1, 4, 2])
    found = pruning.confirm(graph, settings, whole["published"] + 0.1, look)
    # Windows in other groups are added up in another order (float32).
    assert found == pytest.approx(whole, rel=1e-5)
    assert pruning.state.trial_windows == windows.count - 3
    assert pruning.confirm(graph, settings, whole["published"] - 1e-4, look) is None


def test_a_result_that_is_plainly_above_the_bar_is_given_up_early(
    long_song: tuple[Graph, Settings, SongWindows],
) -> None:
    graph, settings, windows = long_song
    pruning = a_pruning(*long_song)
    losses = combine(song_parts(*long_song), "published").double().numpy()
    bar = float(losses.mean() - 3.0 * losses.std())
    look = look_at(*long_song, [1, 4, 2])
    assert pruning.confirm(graph, settings, bar, look) is None
    assert 0 < pruning.state.trial_windows < windows.count // 2
