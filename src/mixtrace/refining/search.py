"""A search without gradients, told, timed and stored: one price at a time.

Points are drawn from a seed and from the prices before them alone. So prices are all that is
stored: what was killed asks for the same points again, takes their stored prices, and goes on.
"""

import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from mixtrace.descent import Course
from mixtrace.errors import MixtraceError
from mixtrace.methods import Work
from mixtrace.processors import Settings
from mixtrace.refining.cma_es import cma_es
from mixtrace.refining.knobs import Knobs
from mixtrace.refining.spsa import spsa

__all__ = ["SEARCHES", "Refined", "refined", "search_named"]

Search = Callable[
    [int, np.random.Generator, int, Callable[[np.ndarray], np.ndarray]],
    Generator[np.ndarray, float, None],
]
"""Yields points and is sent their prices; see `spsa`."""

SEARCHES: Mapping[str, Search] = {"spsa": spsa, "cma": cma_es}
"""Every search by its name."""


def search_named(name: str) -> Search:
    """Return the search of a name.

    Raises:
        MixtraceError: there is none.
    """
    if name not in SEARCHES:
        raise MixtraceError(
            f"Expected a search among {', '.join(SEARCHES)}; got '{name}'. Choose one of them."
        )
    return SEARCHES[name]


@dataclass(frozen=True, eq=False)
class Refined:
    """What a search found.

    Attributes:
        settings: those of the lowest price.
        before, after: the price at the start, and theirs.
        prices: every price that was asked for, in order.
        at_s: seconds after which each was known.
        seconds: spent in all.
        ended: `finished`, or `stopped` by the user before its end.
    """

    settings: Settings
    before: float
    after: float
    prices: tuple[float, ...]
    at_s: tuple[float, ...]
    seconds: float
    ended: Literal["finished", "stopped"]


def refined(
    knobs: Knobs,
    price: Callable[[Settings], float],
    search: Search,
    evaluations: int,
    seed: int,
    config: Mapping[str, Any],
    work: Work,
) -> Refined:
    """Search for the settings of the lowest price.

    Args:
        knobs: what moves.
        price: of settings.
        search: how.
        evaluations: how many prices to ask for, the one at the start among them.
        seed: what points are drawn from.
        config: what the user chose, stored beside the prices.
        work: who stores, and who is told.

    Raises:
        MixtraceError: nothing can be moved, or the search is not to be had.
        KeyboardInterrupt: the user stopped before anything was known.
    """
    if not knobs.places:
        raise MixtraceError(
            "Expected settings that the plug-ins have, to be moved; there are none in this result. "
            "Export it as it is."
        )
    state, began = _State.loaded(work), time.monotonic()
    course = Course(state, config, work, evaluations, began)
    generator = np.random.default_rng(seed)
    points = search(len(knobs.places), generator, evaluations, knobs.project)
    known = tuple(state.history["loss"])
    lowest, best = math.inf, np.zeros(0)

    def price_of(number: int, point: np.ndarray) -> float:
        if number <= len(known):
            return known[number - 1]
        return _asked(course, number, evaluations, lambda: price(knobs.at(point)))

    def play() -> None:
        nonlocal lowest, best
        for point, found in _played(points, evaluations, price_of):
            if found < lowest:
                lowest, best = found, point
        course.save(now=True)

    stopped = course.stopped_in(play)
    if not best.size:
        raise KeyboardInterrupt
    course.fetch()
    history = state.history
    return Refined(
        knobs.at(best),
        history["loss"][0],
        lowest,
        tuple(history["loss"]),
        tuple(history["seconds"]),
        course.seconds,
        "stopped" if stopped else "finished",
    )


@dataclass
class _State:
    """What is stored: prices, and when each was known; see `Storable`."""

    seconds: float = 0.0
    history: dict[str, list[float]] = field(default_factory=lambda: {"loss": [], "seconds": []})

    @classmethod
    def loaded(cls, work: Work) -> "_State":
        """Return what was stored; nothing where this is the beginning."""
        stored = work.stored()
        if stored is None:
            return cls()
        tensors, facts = stored
        return cls(facts["seconds"], {name: tensors[name].tolist() for name in ("loss", "seconds")})

    def pack(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return prices and times as tensors that hold every bit."""
        told = {
            name: torch.tensor(each, dtype=torch.float64) for name, each in self.history.items()
        }
        return told, {"seconds": self.seconds}


def _played(
    points: Generator[np.ndarray, float, None],
    evaluations: int,
    price_of: Callable[[int, np.ndarray], float],
) -> Iterator[tuple[np.ndarray, float]]:
    """Yield the points that a search asks for, each with its price, until it has enough."""
    point = next(points)
    for number in range(1, evaluations + 1):
        found = price_of(number, point)
        yield point, found
        try:
            point = points.send(found)
        except StopIteration:
            return


def _asked(course: Course, number: int, evaluations: int, price: Callable[[], float]) -> float:
    """Ask for a price as one step of the course."""
    found = math.nan

    def take() -> tuple[int, Tensor]:
        nonlocal found
        found = price()
        return number, torch.tensor(found, dtype=torch.float64)

    course.step("refining", evaluations, take)
    return found
