"""SPSA and CMA-ES on functions whose minimum and slopes are known."""

import itertools
from collections.abc import Callable, Generator
from typing import Any

import numpy as np
import pytest

from mixtrace.errors import MixtraceError
from mixtrace.refining import SEARCHES, search_named, spsa, two_sided_slopes
from mixtrace.refining import cma_es as cma_module

SIZE = 8
LOWEST = np.linspace(-4.0, 5.0, SIZE)
CURVED = np.linspace(0.5, 2.0, SIZE)


def bowl(point: np.ndarray) -> float:
    return float(CURVED @ (point - LOWEST) ** 2)


def as_it_is(point: np.ndarray) -> np.ndarray:
    return point


def searched(
    points: Generator[np.ndarray, float, None], price: Callable[[np.ndarray], float], count: int
) -> list[np.ndarray]:
    """Return the points that a search asks for."""
    asked = [next(points)]
    while len(asked) < count:
        asked.append(points.send(price(asked[-1])))
    return asked


def test_the_mean_of_all_signs_is_the_gradient_of_a_linear_function():
    gradient = np.array([3.0, -1.0, 0.25, 2.0])
    every = np.array(list(itertools.product((-1.0, 1.0), repeat=4)))
    reach = 0.7
    found = [
        two_sided_slopes(gradient @ (reach * signs), gradient @ (-reach * signs), reach, signs)
        for signs in every
    ]
    # Exact but for the rounding of doubles: two sides cancel all but the slope.
    np.testing.assert_allclose(np.mean(found, 0), gradient, rtol=1e-12)


def test_on_a_parabola_two_sides_have_no_error_of_the_curve():
    # One number: (f(x + c) - f(x - c)) / 2c of x^2 is 2x whatever c is; one side would be c off.
    assert two_sided_slopes(3.5**2, 2.5**2, 0.5, np.ones(1))[0] == pytest.approx(6.0, rel=1e-12)


@pytest.mark.parametrize(("name", "evaluations"), [("spsa", 1500), ("cma", 1500)])
def test_the_bottom_of_a_bowl_is_found(name: str, evaluations: int):
    _needs(name)
    search = search_named(name)
    points = search(SIZE, np.random.default_rng(3), evaluations, as_it_is)
    asked = searched(points, bowl, evaluations)
    assert np.all(asked[0] == 0.0)
    lowest = min(map(bowl, asked))
    # A step that shrinks by k^0.6 stops short of the bottom: within a thousandth of where it began.
    assert lowest < 1e-3 * bowl(asked[0])


@pytest.mark.parametrize("name", list(SEARCHES))
def test_the_same_seed_asks_for_the_same_points(name: str):
    _needs(name)

    def asked(seed: int) -> np.ndarray:
        points = search_named(name)(SIZE, np.random.default_rng(seed), 60, as_it_is)
        return np.array(searched(points, bowl, 60))

    assert np.array_equal(asked(1), asked(1))
    assert not np.array_equal(asked(1), asked(2))


@pytest.mark.parametrize("name", list(SEARCHES))
def test_only_points_that_can_be_had_are_asked_for(name: str):
    _needs(name)

    def within(point: np.ndarray) -> np.ndarray:
        return np.clip(point, -1.0, 1.0)

    points = search_named(name)(SIZE, np.random.default_rng(0), 300, within)
    asked = np.array(searched(points, bowl, 300))
    assert np.abs(asked).max() == 1.0  # the bottom of the bowl lies outside, so the edge is reached


def test_a_step_that_leads_up_is_not_taken():
    points = spsa(1, np.random.default_rng(0), 30, as_it_is)
    asked = [next(points), points.send(1.0), points.send(5.0)]
    there = points.send(3.0)  # the slope is known, a step follows it
    assert there[0] != 0.0
    ahead, behind = points.send(2.0), points.send(9.0)  # it leads up: the next turn is about zero
    assert ahead[0] == -behind[0]
    assert len(asked) == 3


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    import importlib

    module: Any = importlib.import_module("mixtrace.refining.cma_es")
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(MixtraceError, match=r"mixtrace\[refine\].*spsa"):
        next(cma_module(2, np.random.default_rng(0), 10, as_it_is))


def _needs(name: str) -> None:
    if name == "cma":
        pytest.importorskip("cma", reason="cma is an extra: pip install mixtrace[refine]")
