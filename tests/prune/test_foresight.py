"""Foresight against a judge to whom every processor has its price."""

from collections.abc import Collection

import numpy as np
import pytest

from mixtrace.graph import CONSOLES, build_console
from mixtrace.processors import Settings
from mixtrace.prune import Round, brute_force
from mixtrace.prune.foresight import Foresight

GRAPH = build_console([(name, "bus") for name in "abcdefghij"], CONSOLES["paper"])
BEFORE, BAR = 0.5, 0.51


class Prices:
    """A judge to whom every processor has its price, on top of a loss of one half."""

    def __init__(self, price: dict[int, float]) -> None:
        self.price = price
        self.asked: list[frozenset[int]] = []
        self.kept: frozenset[int] = frozenset()

    def race(self, removed: Collection[int], bar: float) -> tuple[bool, float]:
        self.asked.append(frozenset(removed))
        loss = BEFORE + sum(self.price[i] for i in removed)
        return loss <= bar, loss

    def keep(self, removed: Collection[int]) -> None:
        self.kept = frozenset(removed)


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
    assert judge.asked == []


@pytest.mark.parametrize("price", [0.004, 0.02])
def test_a_trial_in_doubt_is_judged(price: float) -> None:
    foresight, judge = foresees({1: price}, {1: 0.003})
    assert foresight.race([1], BAR) == (price <= BAR - BEFORE, BEFORE + price)
    assert judge.asked == [{1}]


def test_what_passed_unjudged_adds_up_until_it_is_judged_as_a_whole() -> None:
    # Each takes .0012 of .01 of room: six together are more than two thirds of it.
    foresight, judge = foresees(dict.fromkeys(range(9), 1e-3), dict.fromkeys(range(9), 4e-4))
    for count in range(1, 6):
        assert foresight.race(range(count), BAR)[0]
    assert judge.asked == []
    assert foresight.race(range(6), BAR) == (True, pytest.approx(BEFORE + 6e-3))
    assert judge.asked == [frozenset(range(6))]
    # From there on only what came since is in doubt: .0012 of .004.
    assert foresight.race(range(7), BAR)[0]
    assert len(judge.asked) == 1


def test_no_room_passes_what_costs_nothing_alone() -> None:
    foresight, judge = foresees({}, {1: 0.0, 2: 1e-9})
    assert foresight.race([1], BEFORE) == (True, BEFORE)
    assert not foresight.race([2], BEFORE)[0]
    assert not foresight.race([1], BEFORE - 1e-3)[0]
    assert judge.asked == []


def test_what_was_judged_teaches_what_the_others_cost() -> None:
    processors = range(12)
    dearer = dict.fromkeys(processors, 0.03)
    foresight, judge = foresees(dearer, dict.fromkeys(processors, 0.0026))
    assert not any(foresight.race([i], BAR)[0] for i in processors)
    # .0078 of .01 of room are in doubt; twice that, once it is known, are not.
    assert len(judge.asked) == 1


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
    current = Round(GRAPH, Settings({}, {}), foresight, BEFORE, BAR, BAR - BEFORE)
    assert set(brute_force(current, rng)) == set(GRAPH.processors) - dear
    assert judge.asked == []
    assert len(current.tried) == len(GRAPH.processors)
