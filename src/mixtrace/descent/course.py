"""The course of a long descent: what is taken step by step, told, timed and stored.

A method's own state decides what comes out; a course keeps it such that it can be stored between
any two steps. What was killed and resumed ends with the same result, bit for bit, as what was not.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.methods import Work
from mixtrace.progress import Progress
from mixtrace.stopping import check, deferred

__all__ = ["Course", "Storable"]

_SAVE_EVERY_S = 20.0
_FETCH_EVERY = 5
"""Steps after which their losses are brought from where they were computed: each time waits."""
_TELLING_STEPS = 10
"""Steps before which their time says nothing of the rest: the first ones compile and read."""
_SMOOTHED_STEPS = 20


@runtime_checkable
class Storable(Protocol):
    """The state of a method.

    Attributes:
        seconds: spent before this part of the work.
        history: match and seconds of each step.
    """

    seconds: float
    history: dict[str, list[float]]

    def pack(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return everything as named tensors and JSON facts."""
        ...


class Course:
    """Takes the steps of a method, and tells and stores how far it is.

    Attributes:
        taken: steps taken so far, over all resumed parts.
    """

    def __init__(
        self,
        state: Storable,
        config: Mapping[str, Any],
        work: Work,
        steps: int,
        began: float,
        measure: str = "L_a",
    ) -> None:
        """Begin, or go on.

        Args:
            state: of the method, as it stands.
            config: what the user chose, which is stored beside it.
            work: who stores, and who is told.
            steps: how many there will be in all.
            began: when this part of the work began, by `time.monotonic`.
            measure: what the match is called.
        """
        self._state, self._config, self._steps = state, config, steps
        self._keeper, self._on_progress = work.keeper, work.on_progress
        self._measure = measure
        self._clock = self._saved = began
        self._before = state.seconds
        self._pending: list[Float[Tensor, ""]] = []
        self._whole = True

    @property
    def taken(self) -> int:
        """Steps taken so far, over all resumed parts."""
        return len(self._state.history["seconds"])

    @property
    def seconds(self) -> float:
        """Spent so far, over all resumed parts."""
        return self._before + time.monotonic() - self._clock

    def step(self, stage: str, total: int, take: Callable[[], tuple[int, Tensor]]) -> None:
        """Take a step, unless the user has stopped; store and tell what it came to.

        Args:
            stage: what this part of the descent is called.
            total: how many steps it has.
            take: takes it; returns how many this part has taken, and the match.
        """
        check()
        with self.as_one():
            done, match = take()
            self._pending.append(match)
            self._state.history["seconds"].append(self.seconds)
            told = len(self._pending) >= _FETCH_EVERY or done == total
            if told:
                self.fetch()
        if told:
            losses = self._state.history["loss"][-_SMOOTHED_STEPS:]
            self.tell(stage, done, total, float(np.mean(losses)))
        self.save()

    @contextmanager
    def as_one(self) -> Iterator[None]:
        """Do something after which alone the state is whole again."""
        self._whole = False
        yield
        self._whole = True

    def tell(self, stage: str, done: int, total: int = 0, loss: float | None = None) -> None:
        """Tell how far it is, and for how long it goes on if steps are all that is left."""
        at, left = self._state.history["seconds"], None
        if self.taken >= _TELLING_STEPS:
            left = (at[-1] - at[0]) / self.taken * max(0, self._steps - self.taken)
        self._on_progress(Progress(stage, done, total, loss, left, self._measure))

    def fetch(self) -> None:
        """Bring the losses of the latest steps from where they were computed."""
        if self._pending:
            self._state.history["loss"] += torch.stack(self._pending).tolist()
            self._pending.clear()

    def save(self, now: bool = False) -> None:
        """Store the state, if it is time to."""
        if self._keeper is None or (not now and time.monotonic() - self._saved < _SAVE_EVERY_S):
            return
        self.fetch()
        self._state.seconds = self._before = self.seconds
        self._clock = time.monotonic()
        tensors, facts = self._state.pack()
        self._keeper.save(tensors, {"config": self._config, **facts})
        self._saved = time.monotonic()

    def stopped_in(self, *parts: Callable[[], None]) -> bool:
        """Do all parts in order, and return whether the user stopped one of them.

        What was stopped is stored; in the middle of a step, what was stored before it stands.
        """
        try:
            with deferred():
                for part in parts:
                    part()
        except KeyboardInterrupt:
            if self._whole:
                self.save(now=True)
            return True
        return False
