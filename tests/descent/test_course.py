"""The course of a descent: when it is told and stored, and what stands in the middle of a step."""

from typing import Any

import pytest
import torch
from torch import Tensor

from mixtrace.descent import Course
from mixtrace.methods import Work
from mixtrace.progress import Progress


class Counted:
    """A state that is a number of steps."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.steps, self.seconds = 0, seconds
        self.history: dict[str, list[float]] = {"loss": [], "seconds": []}

    def pack(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        return {}, {"steps": self.steps, "loss": list(self.history["loss"])}

    def take(self) -> tuple[int, Tensor]:
        self.steps += 1
        return self.steps, torch.tensor(float(self.steps))


class Kept:
    """A keeper of everything it was given."""

    def __init__(self) -> None:
        self.all: list[dict[str, Any]] = []

    def load(self) -> None:
        return None

    def save(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        self.all.append(facts)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the time, which stands still but for what a test adds to it."""
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    return now


def test_it_tells_every_fifth_step_and_the_last(clock: list[float]) -> None:
    told: list[Progress] = []
    state = Counted()
    course = Course(state, {}, Work(on_progress=told.append), 12, clock[0])
    for _ in range(12):
        clock[0] += 2.0
        course.step("down", 12, state.take)
    assert [(p.done, p.loss) for p in told] == [(5, 3.0), (10, 5.5), (12, 6.5)]
    # Before ten steps nothing is said of the time; then 18 s lie between the first and the tenth.
    assert [p.seconds_left for p in told] == [None, pytest.approx(3.6), 0.0]
    assert course.taken == 12 and course.seconds == 24.0


def test_it_stores_when_it_is_time_to_with_all_losses(clock: list[float]) -> None:
    state, keeper = Counted(seconds=7.0), Kept()
    course = Course(state, {"seed": 3}, Work(keeper=keeper), 4, clock[0])
    for _ in range(4):
        clock[0] += 11.0
        course.step("down", 4, state.take)
    assert [facts["steps"] for facts in keeper.all] == [2, 4]
    assert keeper.all[0] == {"config": {"seed": 3}, "steps": 2, "loss": [1.0, 2.0]}
    # Also what was spent before it was resumed counts, and nothing twice.
    assert state.seconds == course.seconds == 51.0


def test_what_is_not_whole_is_not_stored(clock: list[float]) -> None:
    state, keeper = Counted(), Kept()
    course = Course(state, {}, Work(keeper=keeper), 4, clock[0])

    def stopped() -> tuple[int, Tensor]:
        state.steps += 1
        raise KeyboardInterrupt

    def between() -> None:
        raise KeyboardInterrupt

    def never() -> None:
        pytest.fail("Expected nothing to be done after a part that was stopped.")

    assert not course.stopped_in()
    assert course.stopped_in(between)
    assert [facts["steps"] for facts in keeper.all] == [0]
    assert course.stopped_in(
        lambda: course.step("down", 4, stopped), lambda: pytest.fail("done after it was stopped")
    )
    assert [facts["steps"] for facts in keeper.all] == [0]


def test_parts_are_done_in_order(clock: list[float]) -> None:
    done: list[str] = []
    course = Course(Counted(), {}, Work(), 4, clock[0])
    assert not course.stopped_in(lambda: done.append("first"), lambda: done.append("second"))
    assert done == ["first", "second"]
