"""Policies and foresight against losses that can be written down: the prices of nodes add up."""

from collections.abc import Collection

import numpy as np
import pytest
import torch

from mixtrace.graph import CONSOLES, Graph, build_console
from mixtrace.processors import Settings
from mixtrace.prune import Round, brute_force, dry_wet, ordered
from mixtrace.prune.foresight import Foresight

GRAPH = build_console([(name, "bus") for name in "abcdefghij"], CONSOLES["paper"])
BEFORE, BAR = 0.5, 0.51


class Prices:
    """A judge to whom every processor has its price, on top of a loss of one half."""

    def __init__(self, price: dict[int, float]) -> None:
        self.price = price
        self.trials: list[frozenset[int]] = []
        self.kept: frozenset[int] = frozenset()

    def race(self, removed: Collection[int], bar: float) -> tuple[bool, float]:
        self.trials.append(frozenset(removed))
        loss = BEFORE + sum(self.price.get(i, 0.0) for i in removed)
        return loss <= bar, loss

    def keep(self, removed: Collection[int]) -> None:
        self.kept = frozenset(removed)


def a_round(price: dict[int, float], wet: dict[str, torch.Tensor], tolerance: float) -> Round:
    return Round(
        GRAPH,
        Settings.by_kind(GRAPH.by_kind(), {kind: {} for kind in wet}, wet),
        Prices(price),
        0.5,
        0.5 + tolerance,
        tolerance,
    )


def equal_weights(graph: Graph) -> dict[str, torch.Tensor]:
    return {kind: torch.full((len(graph.of_kind(kind)),), 0.5) for kind in graph.kinds()}


def test_brute_force_removes_all_that_is_free_and_nothing_that_is_dear() -> None:
    dear = set(GRAPH.processors[::3])
    current = a_round(dict.fromkeys(dear, 1.0), equal_weights(GRAPH), 0.01)
    removed = brute_force(current, np.random.default_rng(0))
    assert set(removed) == set(GRAPH.processors) - dear


def test_brute_force_never_spends_more_than_the_tolerance() -> None:
    current = a_round(dict.fromkeys(GRAPH.processors, 0.003), equal_weights(GRAPH), 0.01)
    removed = brute_force(current, np.random.default_rng(0))
    assert len(removed) == 3


def test_a_trial_that_lowers_the_loss_lowers_the_bar() -> None:
    first, second = GRAPH.processors[:2]
    current = a_round({first: -0.1, second: 0.105}, equal_weights(GRAPH), 0.01)
    assert current.passes([first])
    assert current.bar == pytest.approx(0.41)
    assert not current.passes([second])


def test_dry_wet_takes_the_smallest_weights_of_a_kind() -> None:
    wet = equal_weights(GRAPH)
    wet["noise_reverb"] = torch.linspace(0.0, 1.0, len(GRAPH.of_kind("noise_reverb")))
    dear = set(GRAPH.processors) - set(GRAPH.of_kind("noise_reverb")[:4])
    current = a_round(dict.fromkeys(dear, 1.0), wet, 0.01)
    removed = dry_wet(current, np.random.default_rng(0))
    # 11 reverbs: batches of round(0.1 n), so one at a time, until the first dear one fails; half
    # of a tenth is less than one node, so the kind then gets a single trial more and is retired.
    assert set(removed) == set(GRAPH.of_kind("noise_reverb")[:4])


def test_dry_wet_ends_when_everything_is_free() -> None:
    current = a_round({}, equal_weights(GRAPH), 0.0)
    removed = dry_wet(current, np.random.default_rng(0))
    assert 0 < len(removed) <= len(GRAPH.processors)
    assert len(set(removed)) == len(removed)


def test_the_same_seed_gives_the_same_removals() -> None:
    price = {i: 0.002 * (i % 4) for i in GRAPH.processors}
    for policy in (brute_force, dry_wet):
        runs = [
            policy(a_round(price, equal_weights(GRAPH), 0.01), np.random.default_rng(3))
            for _ in range(2)
        ]
        assert runs[0] == runs[1]


def test_ordered_removes_what_is_free_in_few_trials_and_leaves_what_is_dear() -> None:
    dear = set(GRAPH.processors[::4])
    importance = {i: 1.0 + i if i in dear else i / 1000.0 for i in GRAPH.processors}
    judge = Prices(dict.fromkeys(dear, 1.0))
    removed = ordered(Round(GRAPH, Settings(), judge, 0.5, 0.5), importance)
    assert set(removed) == set(GRAPH.processors) - dear
    assert judge.kept == frozenset(removed)
    # 77 processors, of which 57 are free and go in growing batches; then one batch shrinks and two
    # fail alone.
    assert len(judge.trials) < 24


def test_ordered_finds_what_is_free_behind_something_dear() -> None:
    order = list(GRAPH.processors)
    importance = {i: float(place) for place, i in enumerate(order)}
    dear = {order[3], order[20], order[22]}
    judge = Prices(dict.fromkeys(dear, 1.0))
    removed = ordered(Round(GRAPH, Settings(), judge, 0.5, 0.5), importance)
    assert set(removed) == set(order) - dear
    # What failed alone is known to be dear.
    assert {i for i in order if importance[i] == 1.0} - {order[1]} == dear


@pytest.mark.parametrize(("free", "patience"), [(0, 4), (10, 2)])
def test_ordered_gives_up_after_some_failures_in_a_row(free: int, patience: int) -> None:
    order = list(GRAPH.processors)
    importance = {i: float(place) for place, i in enumerate(order)}
    judge = Prices(dict.fromkeys(order[free : free + patience], 1.0))
    removed = ordered(Round(GRAPH, Settings(), judge, 0.5, 0.5), importance)
    assert removed == order[:free]
    judge = Prices(dict.fromkeys(order[free : free + patience - 1], 1.0))
    removed = ordered(Round(GRAPH, Settings(), judge, 0.5, 0.5), dict(importance))
    assert len(removed) == len(order) - patience + 1


def test_ordered_asks_for_what_its_expectations_leave_room_for() -> None:
    order = list(GRAPH.processors)
    judge = Prices(dict.fromkeys(order, 0.001))
    current = Round(GRAPH, Settings(), judge, 0.5, 0.5102)
    assert len(ordered(current, dict.fromkeys(order, 0.001))) == 10
    assert len(judge.trials) == 1
    # Half the price: the first batch takes half of what there is room for, the second the rest.
    judge = Prices(dict.fromkeys(order, 0.001))
    current = Round(GRAPH, Settings(), judge, 0.5, 0.5102)
    assert len(ordered(current, dict.fromkeys(order, 0.002))) == 10
    assert len(judge.trials) == 2
    # Twice the price: what did not fit is tried again by as much as would have.
    judge = Prices(dict.fromkeys(order, 0.001))
    current = Round(GRAPH, Settings(), judge, 0.5, 0.5102)
    assert len(ordered(current, dict.fromkeys(order, 0.0005))) == 10
    assert [len(trial) for trial in judge.trials] == [20, 10]


def test_ordered_never_passes_the_bar() -> None:
    price = {i: 0.003 for i in GRAPH.processors}
    importance = dict.fromkeys(GRAPH.processors, 0.0)
    current = Round(GRAPH, Settings(), Prices(price), 0.5, 0.51)
    # A fifth of the room, in which no more of these fit, would be left alone.
    assert len(ordered(current, importance)) == 3
    assert current.bar == 0.51


@pytest.mark.parametrize("most", [0, 1, 5])
def test_ordered_removes_no_more_than_it_may(most: int) -> None:
    importance = {i: float(place) for place, i in enumerate(GRAPH.processors)}
    current = Round(GRAPH, Settings(), Prices({}), 0.5, 0.5)
    assert ordered(current, importance, most) == list(GRAPH.processors[:most])


def test_ordered_tries_nothing_but_what_it_is_given() -> None:
    given = GRAPH.processors[5:9]
    current = Round(GRAPH, Settings(), Prices({}), 0.5, 0.5)
    assert set(ordered(current, dict.fromkeys(given, 0.0))) == set(given)


def foresees(price: dict[int, float], changes: dict[int, float]) -> tuple[Foresight, Prices]:
    judge = Prices(price)
    return Foresight(judge, BEFORE, changes), judge


@pytest.mark.parametrize(("change", "passes"), [(1e-4, True), (1e-2, False)])
def test_a_trial_without_doubt_is_not_judged(change: float, passes: bool) -> None:
    foresight, judge = foresees({1: 9.0}, {1: change})
    passed, loss = foresight.race([1], BAR)
    assert passed is passes
    # A processor costs three times its first-order change, by and large.
    assert loss == pytest.approx(BEFORE + 3.0 * change)
    assert judge.trials == []


@pytest.mark.parametrize("price", [0.004, 0.02])
def test_a_trial_in_doubt_is_judged(price: float) -> None:
    foresight, judge = foresees({1: price}, {1: 0.003})
    assert foresight.race([1], BAR) == (price <= BAR - BEFORE, BEFORE + price)
    assert judge.trials == [{1}]


def test_what_passed_unjudged_adds_up_until_it_is_judged_as_a_whole() -> None:
    # Each takes .0012 of .01 of room: seven together are more than three quarters of it.
    foresight, judge = foresees(dict.fromkeys(range(9), 1e-3), dict.fromkeys(range(9), 4e-4))
    for count in range(1, 7):
        assert foresight.race(range(count), BAR)[0]
    assert judge.trials == []
    assert foresight.race(range(7), BAR) == (True, pytest.approx(BEFORE + 7e-3))
    assert judge.trials == [frozenset(range(7))]
    # From there on only what came since is in doubt: .0012 of .003.
    assert foresight.race(range(8), BAR)[0]
    assert len(judge.trials) == 1


def test_no_room_passes_what_costs_nothing_alone() -> None:
    foresight, judge = foresees({}, {1: 0.0, 2: 1e-9})
    assert foresight.race([1], BEFORE) == (True, BEFORE)
    assert not foresight.race([2], BEFORE)[0]
    assert not foresight.race([1], BEFORE - 1e-3)[0]
    assert judge.trials == []


def test_what_was_judged_teaches_what_the_others_cost() -> None:
    processors = range(12)
    dearer = dict.fromkeys(processors, 0.03)
    foresight, judge = foresees(dearer, dict.fromkeys(processors, 0.0026))
    assert not any(foresight.race([i], BAR)[0] for i in processors)
    # .0078 of .01 of room are in doubt; twice that, once it is known, are not.
    assert len(judge.trials) == 1


def test_what_is_kept_is_kept_by_the_other_judge() -> None:
    foresight, judge = foresees({}, {})
    foresight.keep([3, 4])
    assert judge.kept == {3, 4}


def test_brute_force_removes_the_same_without_asking_for_each() -> None:
    rng = np.random.default_rng(0)
    dear = set(GRAPH.processors[::2])
    price = {i: 0.05 if i in dear else 1e-5 for i in GRAPH.processors}
    # First-order changes tell up to a factor.
    changes = {i: cost / 3.0 * 2.0 ** rng.uniform(-1.0, 1.0) for i, cost in price.items()}
    foresight, judge = foresees(price, changes)
    current = Round(GRAPH, Settings(), foresight, BEFORE, BAR, BAR - BEFORE)
    assert set(brute_force(current, rng)) == set(GRAPH.processors) - dear
    assert judge.trials == []
    assert len(current.tried) == len(GRAPH.processors)
