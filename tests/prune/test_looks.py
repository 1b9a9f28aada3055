"""Looks against evaluating, and against differences of losses."""

import numpy as np
import pytest

from mixtrace.descent import SongWindows, song_parts
from mixtrace.graph import Graph
from mixtrace.losses import combine
from mixtrace.processors import Settings
from mixtrace.prune import look_at
from mixtrace.prune.looks import CONVENTIONS, Looking

Console = tuple[Graph, Settings, SongWindows]


def test_a_look_tells_the_losses_of_its_windows(console: Console) -> None:
    look = look_at(*console, [2, 0])
    parts = song_parts(*console, [2, 0])
    assert look.numbers == [2, 0]
    for convention in CONVENTIONS:
        # The same rendering, but for the order in which gradients make it add up (float32).
        expected = combine(parts, convention).numpy()
        np.testing.assert_allclose(look.losses[convention], expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("kind", "row"),
    [("equalizer", 0), ("gain_panning", 1), ("one_pole_compressor", 0), ("noise_reverb", 1)],
)
def test_changes_are_what_differences_of_the_loss_say(
    console: Console, kind: str, row: int
) -> None:
    graph, settings, windows = console
    half = settings.map(lambda value: value.clone())
    half.stack(kind).wet[row] = weight = 0.5
    look = look_at(graph, half, windows, [1])
    step, losses = 0.02, []
    for moved in (weight - step, weight + step):
        half.stack(kind).wet[row] = moved
        losses.append(float(combine(song_parts(graph, half, windows, [1]), "published")))
    change = abs(weight * (losses[1] - losses[0]) / (2.0 * step))
    found = look.changes[0][graph.processors.index(graph.of_kind(kind)[row])]
    assert found > 1e-5
    # The loss bends: differences over .04 are within a few percent of the slope.
    assert found == pytest.approx(change, rel=0.05, abs=2e-5)


def test_importance_puts_the_planted_first_and_the_neutral_last(console: Console) -> None:
    graph, *_ = console
    look = look_at(*console, [0, 1, 2])
    assert np.shape(look.changes) == (3, len(graph.processors))
    by_name = {
        (graph.nodes[i].kind, graph.name(i)): value
        for i, value in zip(graph.processors, look.importance, strict=True)
    }
    ranked = sorted(by_name, key=by_name.__getitem__, reverse=True)
    assert {("equalizer", "low"), ("gain_panning", "high")} <= set(ranked[:4])
    assert by_name["stereo_imager", "low"] == 0.0


def test_windows_stand_for_those_that_were_not_looked_at(console: Console) -> None:
    looking = Looking(*console)
    assert console[2].count == 3
    looking.at([2])
    looking.at([0])
    assert looking.look().numbers == [2, 0]
    assert looking.look().shares == pytest.approx([1 / 2, 1 / 2])
    mixed = looking.look(certain=[0, 1])
    assert mixed.numbers == [0, 2]
    assert mixed.losses["published"] == looking.look().losses["published"][::-1]
    assert mixed.shares == pytest.approx([1 / 3, 2 / 3])
    assert looking.look(certain=[0, 2]).shares == pytest.approx([1 / 2, 1 / 2])


def test_losses_alone_are_those_of_a_whole_look(console: Console) -> None:
    alone = look_at(*console, [0, 2], losses_only=True)
    # The same rendering, but for the order in which gradients make it add up (float32).
    for convention, losses in look_at(*console, [0, 2]).losses.items():
        assert alone.losses[convention] == pytest.approx(losses, rel=1e-5)
    assert alone.changes == [[], []]
