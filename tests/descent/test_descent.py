"""Gradient descent: it can be stored, cut and counted on to go down."""

from copy import copy
from dataclasses import replace

import pytest
import torch

from mixtrace.descent import Descent, Objective, Recipe, SongWindows, Variables
from mixtrace.descent.objective import window_loss
from mixtrace.graph import ConsolePreset, Graph, build_console, remove_nodes
from mixtrace.processors import PROCESSORS, WET, Settings
from mixtrace.session import Session

Planted = tuple[Session, Graph, Settings]
RECIPE = Recipe()
CHAIN = ("equalizer", "one_pole_compressor", "stereo_imager", "gain_panning", "noise_reverb")


@pytest.fixture(scope="module")
def graph() -> Graph:
    return build_console([("low", "all"), ("high", "all")], ConsolePreset(CHAIN, ()))


@pytest.fixture(scope="module")
def windows(planted: Planted) -> SongWindows:
    return SongWindows(planted[0])


def a_descent(graph: Graph, windows: SongWindows) -> Descent:
    start = Variables.random(graph, torch.Generator().manual_seed(0))
    return Descent(graph, start, windows, RECIPE)


def take(descent: Descent, windows: SongWindows, steps: int) -> list[float]:
    return [float(descent.step([windows.window(i % 2)], Objective())) for i in range(steps)]


def test_the_loss_falls(graph: Graph, windows: SongWindows) -> None:
    losses = take(a_descent(graph, windows), windows, 12)
    assert sum(losses[-2:]) < 0.8 * sum(losses[:2])


def test_a_step_on_two_windows_follows_the_mean_of_their_gradients(
    graph: Graph, windows: SongWindows
) -> None:
    """The first moments of a first Adam step are a tenth of the gradient."""
    moments = []
    for numbers in ([0], [1], [0, 1]):
        descent = a_descent(graph, windows)
        descent.step([windows.window(number) for number in numbers], Objective())
        memory = descent.memory()
        moments.append({path: v for path, v in memory.items() if path.endswith("/exp_avg")})
    for path, of_both in moments[2].items():
        mean = 0.5 * (moments[0][path] + moments[1][path])
        # float32 sums of other lengths; fewer threads add in another order.
        torch.testing.assert_close(of_both, mean, rtol=1e-3, atol=1e-6 * float(mean.abs().max()))


def test_two_windows_at_once_or_one_after_the_other_are_one_step(
    graph: Graph, windows: SongWindows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.get_num_threads", lambda: 2)
    after = []
    for at_once in (1, 2):
        few = copy(windows)
        few.at_once = at_once
        descent = a_descent(graph, few)
        match = descent.step([few.window(0), few.window(1)], Objective())
        after.append((float(match), descent.variables.values))
    assert after[0][0] == pytest.approx(after[1][0], rel=1e-5)  # float32
    for key, value in after[0][1].items():
        # Adam's first step is the sign of the gradient, so nearly zero gradients may differ.
        close = (value - after[1][1][key]).abs() <= 1e-4 * (1.0 + value.abs())
        assert close.float().mean() > 0.99, key


def test_what_is_held_stays_where_it_starts(graph: Graph, windows: SongWindows) -> None:
    start = Variables.random(graph, torch.Generator().manual_seed(0))
    descent = Descent(graph, start, windows, Recipe(held=("gain_db",)))
    take(descent, windows, 2)
    held = ("gain_panning", "gain_db")
    assert torch.equal(descent.variables.values[held], start.values[held])
    for other in (("gain_panning", WET), ("equalizer", "magnitude_db")):
        assert not torch.equal(descent.variables.values[other], start.values[other])


def test_a_restored_descent_goes_on_identically(graph: Graph, windows: SongWindows) -> None:
    whole = a_descent(graph, windows)
    first = take(whole, windows, 4)
    half = a_descent(graph, windows)
    assert take(half, windows, 2) == first[:2]
    again = Descent.from_memory(graph, half.memory(), windows, RECIPE)
    assert take(again, windows, 2) == first[2:]


def test_a_copy_goes_on_by_itself_and_alike(graph: Graph, windows: SongWindows) -> None:
    descent = a_descent(graph, windows)
    take(descent, windows, 3)
    copied, before = descent.copy(), descent.memory()
    losses = take(copied, windows, 3)
    assert all(torch.equal(value, before[path]) for path, value in descent.memory().items())
    # With the optimiser's memory: without it the second step would differ already.
    assert take(descent, windows, 3) == losses


def test_a_cut_descent_keeps_values_and_moments(graph: Graph, windows: SongWindows) -> None:
    descent = a_descent(graph, windows)
    take(descent, windows, 2)
    before = descent.memory()
    removed = graph.of_kind("noise_reverb")[0]
    smaller = remove_nodes(graph, [removed])
    after = descent.keep(smaller).memory()
    assert after["noise_reverb/nodes"].tolist() == list(smaller.of_kind("noise_reverb"))
    for path, value in after.items():
        kind = path.split("/")[0]
        kept = before[path] if kind != "noise_reverb" or value.ndim == 0 else before[path][1:]
        torch.testing.assert_close(value, kept, rtol=0, atol=0)


def test_values_stay_in_range(graph: Graph, windows: SongWindows) -> None:
    descent = Descent(
        graph,
        Variables.random(graph, torch.Generator().manual_seed(0)),
        windows,
        replace(RECIPE, pace=100.0),
    )
    take(descent, windows, 3)
    settings = descent.settings
    settings.check({i: graph.nodes[i].kind for i in graph.processors})


def test_both_strategies_give_the_same_match(graph: Graph, windows: SongWindows) -> None:
    settings = a_descent(graph, windows).settings
    matches = [
        float(
            window_loss(
                graph,
                settings,
                windows,
                *windows.window(0),
                Objective(strategy=strategy, fft_limit_s=None),
            )[1]
        )
        for strategy in ("compiled", "scheduled")
    ]
    # They differ where a filter follows another one, around the ends of the window.
    assert matches[0] == pytest.approx(matches[1], rel=2e-3)


def test_second_moments_are_remembered_as_long_as_the_recipe_says(
    graph: Graph, windows: SongWindows
) -> None:
    for moment in (0.0, 0.95):
        start = Variables.random(graph, torch.Generator().manual_seed(0))
        descent = Descent(graph, start, windows, replace(RECIPE, second_moment=moment))
        take(descent, windows, 1)
        memory = descent.memory()
        gradient = memory["gain_panning/gain_db/exp_avg"] / 0.1
        squared = memory["gain_panning/gain_db/exp_avg_sq"] / (1.0 - moment)
        torch.testing.assert_close(squared, gradient.square())


def test_sparsity_pushes_the_weights_down(graph: Graph, windows: SongWindows) -> None:
    total = []
    for sparsity in (0.0, 1.0):
        descent = a_descent(graph, windows)
        for number in (0, 1, 0):
            descent.step([windows.window(number)], Objective(sparsity=10.0), sparsity=sparsity)
        total.append(sum(float(stack.wet.sum()) for stack in descent.settings.stacks))
    assert total[1] < total[0]


def test_variables_and_settings_round_trip(graph: Graph) -> None:
    variables = Variables.random(graph, torch.Generator().manual_seed(1))
    back = Variables.from_settings(variables.settings())
    for key, value in variables.values.items():
        # Float32 through an exponential and back.
        torch.testing.assert_close(back.values[key], value, rtol=1e-4, atol=1e-5)
    assert {name for kind, name in variables.values if kind == "noise_reverb"} == {
        WET,
        *(spec.name for spec in PROCESSORS["noise_reverb"].params),
    }


def test_where_no_processor_is_left_a_step_measures_and_moves_nothing(
    graph: Graph, windows: SongWindows
) -> None:
    whole = a_descent(graph, windows)
    bare = remove_nodes(graph, graph.processors)
    descent = whole.keep(bare)
    first, second = take(descent, windows, 3)[::2]
    assert first == second > 0.0
    assert descent.memory() == {}
    again = Descent.from_memory(bare, descent.memory(), windows, RECIPE)
    assert take(again, windows, 1) == [first]
