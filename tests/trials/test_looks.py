"""Looks against evaluating."""

import numpy as np
import pytest

from mixtrace.descent import SongWindows, song_loss, song_parts
from mixtrace.graph import Graph
from mixtrace.losses import combine
from mixtrace.processors import Settings
from mixtrace.trials import CONVENTIONS, Trials, look_at

Console = tuple[Graph, Settings, SongWindows]


def test_a_look_tells_the_losses_of_its_windows(console: Console) -> None:
    look = look_at(*console, [2, 0])
    parts = song_parts(*console, [2, 0])
    assert look.numbers == [2, 0]
    for convention in CONVENTIONS:
        # The same rendering, but for the pairs in which windows are rendered (float32).
        expected = combine(parts, convention).numpy()
        np.testing.assert_allclose(look.losses[convention], expected, rtol=1e-5)


def test_the_mean_over_all_windows_is_the_loss_of_the_song(console: Console) -> None:
    look = look_at(*console, range(console[2].count))
    assert look.means == pytest.approx(song_loss(*console), rel=1e-5)  # float32, as above


def test_trials_begin_at_what_was_looked_at(console: Console) -> None:
    look = look_at(*console, [1, 2])
    trials = Trials(*console, look.numbers, look.means["published"])
    assert trials.loss([]) == look.means["published"]
    assert trials.count == 0
