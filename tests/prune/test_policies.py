"""Policies against losses that can be written down: the prices of nodes add up."""

from collections.abc import Collection

import numpy as np
import pytest
import torch

from mixtrace.graph import CONSOLES, ConsolePreset, Graph, build_console
from mixtrace.processors import Settings
from mixtrace.prune import Round, brute_force, dry_wet

GRAPH = build_console([(name, "bus") for name in "abcdefghij"], CONSOLES["paper"])
BEFORE = 0.5


class Prices:
    """A judge to whom every processor has its price, on top of a loss of one half."""

    def __init__(self, price: dict[int, float]) -> None:
        self.price = price
        self.trials: list[frozenset[int]] = []
        self.kept: frozenset[int] = frozenset()

    def loss(self, removed: Collection[int]) -> float:
        self.trials.append(frozenset(removed))
        return BEFORE + sum(self.price.get(i, 0.0) for i in removed)

    def keep(self, removed: Collection[int]) -> None:
        self.kept = frozenset(removed)


def a_round(judge: Prices, wet: dict[str, torch.Tensor], tolerance: float) -> Round:
    return Round(
        GRAPH,
        Settings.by_kind(GRAPH.by_kind(), {kind: {} for kind in wet}, wet),
        judge,
        BEFORE + tolerance,
        tolerance,
    )


def equal_weights(graph: Graph) -> dict[str, torch.Tensor]:
    return {kind: torch.full((len(graph.of_kind(kind)),), 0.5) for kind in graph.kinds()}


def test_brute_force_removes_all_that_is_free_and_nothing_that_is_dear() -> None:
    dear = set(GRAPH.processors[::3])
    current = a_round(Prices(dict.fromkeys(dear, 1.0)), equal_weights(GRAPH), 0.01)
    removed = brute_force(current, np.random.default_rng(0))
    assert set(removed) == set(GRAPH.processors) - dear


def test_brute_force_never_spends_more_than_the_tolerance() -> None:
    current = a_round(Prices(dict.fromkeys(GRAPH.processors, 0.003)), equal_weights(GRAPH), 0.01)
    removed = brute_force(current, np.random.default_rng(0))
    assert len(removed) == 3


def test_a_trial_that_lowers_the_loss_lowers_the_bar() -> None:
    first, second = GRAPH.processors[:2]
    current = a_round(Prices({first: -0.1, second: 0.105}), equal_weights(GRAPH), 0.01)
    assert current.passes([first])
    assert current.bar == pytest.approx(0.41)
    assert not current.passes([second])


def test_dry_wet_takes_the_smallest_weights_of_a_kind() -> None:
    wet = equal_weights(GRAPH)
    wet["noise_reverb"] = torch.linspace(0.0, 1.0, len(GRAPH.of_kind("noise_reverb")))
    dear = set(GRAPH.processors) - set(GRAPH.of_kind("noise_reverb")[:4])
    current = a_round(Prices(dict.fromkeys(dear, 1.0)), wet, 0.01)
    removed = dry_wet(current, np.random.default_rng(0))
    # 11 reverbs: batches of round(0.1 n), so one at a time, until the first dear one fails; half
    # of a tenth is less than one node, so the kind then gets a single trial more and is retired.
    assert set(removed) == set(GRAPH.of_kind("noise_reverb")[:4])


def test_dry_wet_takes_everything_that_is_free() -> None:
    current = a_round(Prices({}), equal_weights(GRAPH), 0.0)
    removed = dry_wet(current, np.random.default_rng(0))
    assert sorted(removed) == sorted(GRAPH.processors)


def test_dry_wet_takes_tenths_of_a_kind_and_halves_what_fails() -> None:
    preset = ConsolePreset(("equalizer",), ("equalizer",))
    graph = build_console([(f"track {n}", "bus") for n in range(39)], preset)
    nodes = graph.of_kind("equalizer")
    assert len(nodes) == 40
    settings = Settings.by_kind(
        graph.by_kind(), {"equalizer": {}}, {"equalizer": torch.linspace(0.0, 1.0, 40)}
    )
    judge = Prices(dict.fromkeys(nodes[6:], 1.0))
    removed = dry_wet(Round(graph, settings, judge, BEFORE, 0.0), np.random.default_rng(0))
    assert set(removed) == set(nodes[:6])
    # Four pass and eight do not; two more do, of which two further ones are known to fail; then
    # a batch is a single node, and whatever comes of it the kind is done.
    assert [len(trial) for trial in judge.trials] == [4, 8, 6, 7]


@pytest.mark.parametrize("policy", [brute_force, dry_wet])
def test_the_seed_alone_says_in_which_order_is_tried(policy) -> None:
    price = {i: 0.002 * (i % 4) for i in GRAPH.processors}

    def trials(seed: int) -> list[frozenset[int]]:
        judge = Prices(price)
        current = a_round(judge, equal_weights(GRAPH), 0.01)
        policy(current, np.random.default_rng(seed))
        return judge.trials

    assert trials(3) == trials(3)
    assert trials(3) != trials(4)


def test_what_was_tried_is_not_judged_again() -> None:
    told, judge = [], Prices({1: 0.02})
    current = Round(GRAPH, Settings(), judge, 0.51, 0.01, told.append)
    assert not current.passes([1]) and not current.passes([1])
    assert current.passes([2]) and current.passes([2])
    assert judge.trials == [frozenset({1}), frozenset({2})]
    assert told == [0.52, 0.5]
    assert judge.kept == {2}
