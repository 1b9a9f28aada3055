"""What is stopped or killed, and run again, ends as what was not; to the bit."""

from typing import Any

import numpy as np
import pytest
import torch
from planted_desk import settings_of
from torch import Tensor

from mixtrace.errors import MixtraceError
from mixtrace.methods import Work
from mixtrace.processors import Settings
from mixtrace.progress import Progress
from mixtrace.refining import Knobs, Refined, refined, search_named

PLACES = ((("fader", "level_db"), 0), (("fader", "pan"), 0))
EVALUATIONS = 40


class Memory:
    """Keeps what was stored last, as a file would."""

    def __init__(self) -> None:
        self.kept: tuple[dict[str, Tensor], dict[str, Any]] | None = None

    def load(self) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        return self.kept

    def save(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        self.kept = ({name: value.clone() for name, value in tensors.items()}, dict(facts))


def knobs() -> Knobs:
    return Knobs(Settings.of({1: settings_of("fader", level_db=-4.0, pan=0.3)}), PLACES)


class Price:
    """How far a fader is from where it should be; it breaks down when it was asked too often."""

    def __init__(self, patience: int, error: type[BaseException] = RuntimeError) -> None:
        self.asked, self._patience, self._error = 0, patience, error

    def __call__(self, settings: Settings) -> float:
        if self.asked == self._patience:
            raise self._error
        self.asked += 1
        level, pan = (float(settings.value(1, name)) for name in ("level_db", "pan"))
        return (level + 6.0) ** 2 / 3.0 + (pan - 0.1) ** 2


def found(search: str, price: Price, keeper: Memory | None = None, tell: Any = None) -> Refined:
    work = Work(keeper=keeper, on_progress=tell or (lambda progress: None))
    return refined(knobs(), price, search_named(search), EVALUATIONS, 5, {}, work)


def same(one: Refined, other: Refined) -> None:
    assert one.prices == other.prices
    assert one.after == other.after == min(one.prices)
    for a, b in zip(one.settings.tensors(), other.settings.tensors(), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("search", ["spsa", "cma"])
def test_what_was_killed_goes_on_to_the_same_end(search: str, monkeypatch: pytest.MonkeyPatch):
    if search == "cma":
        pytest.importorskip("cma", reason="cma is an extra: pip install mixtrace[refine]")
    monkeypatch.setattr("mixtrace.descent.course._SAVE_EVERY_S", 0.0)
    whole = found(search, Price(EVALUATIONS))
    assert whole.after < whole.before == whole.prices[0]
    memory = Memory()
    with pytest.raises(RuntimeError):
        found(search, Price(17), memory)
    rest = Price(EVALUATIONS)
    same(found(search, rest, memory), whole)
    assert rest.asked == EVALUATIONS - 17
    nothing = Price(0)
    same(found(search, nothing, memory), whole)


def test_who_stops_gets_the_best_so_far_and_may_go_on():
    whole, memory, told = found("spsa", Price(EVALUATIONS)), Memory(), []

    def stop(progress: Progress) -> None:
        told.append(progress)
        if progress.done >= 10:
            raise KeyboardInterrupt

    stopped = found("spsa", Price(EVALUATIONS), memory, stop)
    assert stopped.ended == "stopped"
    assert stopped.prices == whole.prices[: len(stopped.prices)]
    assert stopped.after == min(stopped.prices)
    assert told[0].total == EVALUATIONS and told[0].loss is not None
    same(found("spsa", Price(EVALUATIONS), memory), whole)


def test_nothing_to_move_is_told():
    still = Knobs(knobs().settings, ())
    with pytest.raises(MixtraceError, match="Export it as it is"):
        refined(still, Price(9), search_named("spsa"), EVALUATIONS, 0, {}, Work())


def test_another_search_is_refused():
    with pytest.raises(MixtraceError, match="among spsa, cma; got 'adam'"):
        search_named("adam")


def test_prices_of_the_planted_fader_fall():
    done = found("spsa", Price(EVALUATIONS))
    level = float(done.settings.value(1, "level_db"))
    assert np.abs(level + 6.0) < 1.0  # it began 2 dB off
