"""Runs from several seeds: the best is kept, what all begin with is found once, a stop is none."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
import torch

from mixtrace.errors import MixtraceError, StoreError
from mixtrace.graph import Edge, Graph, Node, Strip
from mixtrace.interpret.nodes import node_of
from mixtrace.methods import Inversion, Method, Repeatable, Repeated, Work, repeated
from mixtrace.processors import Settings
from mixtrace.progress import Progress
from mixtrace.prune import PublishedSearch, SearchConfig
from mixtrace.recovery import Recovery, RecoveryConfig
from mixtrace.session import Alignment, Session, Track

GRAPH = Graph(
    {0: Strip("voice", "track"), 1: Strip("master", "master")},
    {0: Node("input", 0), 1: Node("fader", 0), 2: Node("mix", 1), 3: Node("output", 1)},
    (Edge(0, 1), Edge(1, 2), Edge(2, 3)),
)
LOSSES = {0: 0.4, 1: 0.2, 2: 0.3, 3: float("nan")}
STEPS = 4


@dataclass(frozen=True)
class Toy:
    """A method in four steps, which finds what its seed says; it notes how often it began."""

    seed: int = 0
    begun: list[int] = field(default_factory=list)
    losses: Mapping[int, float] = field(default_factory=LOSSES.copy)

    def choices(self) -> Mapping[str, Any]:
        if self.seed > 9:
            raise MixtraceError("Expected a seed from 0 to 9.")
        return {"recipe": "toy", "seed": self.seed}

    def reseeded(self, by: int) -> "Toy":
        return replace(self, seed=self.seed + by)

    def price(self, found: Inversion) -> float:
        return found.losses["final"]["published"]

    def invert(self, session: Session, held_out: Any = (), work: Work | None = None) -> Inversion:
        work = work or Work()
        stored = work.stored()
        common = None if work.common is None else work.common.load()
        if stored is not None:
            step = stored[1]["step"]
            assert stored[1]["seed"] == self.seed
        else:
            step = 0
            if common is None:
                self.begun.append(self.seed)
                if work.common is not None:
                    read, steps = torch.ones(2), list[int]()
                    work.common.save({"read": read}, {"steps": steps})
                    # It goes on with what it has stored, which others begin with as it was.
                    read += 1.0
                    steps.append(1)
            else:
                tensors, facts = common
                assert (tensors["read"].tolist(), facts["steps"]) == ([1.0, 1.0], [])
        ended = "finished"
        try:
            while step < STEPS:
                step += 1
                if work.keeper is not None:
                    work.keeper.save({"x": torch.ones(3)}, {"step": step, "seed": self.seed})
                work.on_progress(Progress("stepping", step, STEPS, 0.5, 10.0 * (STEPS - step)))
        except KeyboardInterrupt:
            ended = "stopped"
        return self.found(ended)

    def found(self, ended: Any) -> Inversion:
        settings = Settings.of({1: node_of("fader", level_db=-float(self.seed), pan=0.25)})
        loss = {"published": self.losses[self.seed], "eq4": 1.0}
        evidence = {"history": {"loss": [0.5, float("nan")], "seconds": [1.0, 2.0]}}
        recipe = {"worth": 0.0}
        return Inversion(
            GRAPH, settings, GRAPH, {"final": loss}, evidence, recipe, ended, "Done.", 60.0
        )


SESSION = Session(
    "toy",
    30_000,
    np.zeros((2, 10), np.float32),
    (Track("voice", "", np.zeros((1, 10), np.float32), Alignment(), False, None, 0),),
    (),
)


class Memory:
    """A keeper in memory that pulls the plug after some saves."""

    def __init__(self, saves: int | None = None) -> None:
        self.stored: Any = None
        self.saves = saves

    def load(self) -> Any:
        return self.stored

    def save(self, tensors: dict[str, torch.Tensor], facts: dict[str, Any]) -> None:
        if self.saves == 0:
            raise ConnectionAbortedError("the plug was pulled")
        # As a file would hold it: later changes must not reach what was stored.
        copied = {name: tensor.clone() for name, tensor in tensors.items()}
        self.stored = (copied, json.loads(json.dumps(facts)))
        if self.saves is not None:
            self.saves -= 1


def told(found: Inversion) -> str:
    """Return all that is stored of a result."""
    values = [tensor.tolist() for tensor in found.settings.tensors()]
    everything = (values, found.losses, found.evidence, found.recipe, found.why, found.seconds)
    return json.dumps([found.ended, *everything], sort_keys=True)


def test_both_methods_can_be_repeated():
    for method in (Recovery(RecoveryConfig(seed=3)), PublishedSearch(SearchConfig(seed=3))):
        assert isinstance(method, Repeatable)
        later = method.reseeded(2)
        assert (method.seed, later.seed, later.choices()["seed"]) == (3, 5, 5)
        assert {**later.choices(), "seed": 3} == method.choices()
    assert isinstance(Repeated(Toy(), 2), Method)


def test_a_recovery_is_chosen_by_its_loss_and_its_processors():
    found = Toy().found("finished")
    assert Recovery(RecoveryConfig(worth=0.25)).price(found) == 0.4 + 0.25
    assert PublishedSearch().price(found) == 0.4


def test_once_is_the_method_itself():
    method = Toy()
    assert repeated(method, 1) is method
    assert repeated(method, 2) == Repeated(method, 2)
    assert repeated(method, 2).choices() == {"recipe": "toy", "seed": 0, "runs": 2}


class Seedless:
    """A method that draws nothing."""

    def choices(self) -> Mapping[str, Any]:
        return {}

    def invert(self, session: Session, held_out: Any = (), work: Work | None = None) -> Inversion:
        raise NotImplementedError


@pytest.mark.parametrize("runs", [-1, 0, 1001])
def test_a_number_out_of_range_is_refused(runs: int):
    with pytest.raises(
        MixtraceError, match=f"Expected a number of runs from 1 to 1000; got {runs}"
    ):
        repeated(Toy(), runs)


def test_a_method_without_a_seed_is_refused():
    with pytest.raises(MixtraceError, match=r"Expected a method with a seed.*Seedless has none"):
        repeated(Seedless(), 2)


def test_a_seed_of_the_last_run_that_is_too_large_is_refused():
    assert Repeated(Toy(seed=8), 2).choices()["seed"] == 8
    with pytest.raises(MixtraceError, match="Expected a seed"):
        Repeated(Toy(seed=8), 3).choices()
    with pytest.raises(MixtraceError, match="Expected a seed"):
        Repeated(Recovery(RecoveryConfig(seed=2**63 - 1)), 2).choices()


@pytest.mark.parametrize(
    ("runs", "seed", "kept"), [(3, 0, 1), (2, 2, 2), (4, 0, 1), (2, 0, 1)], ids=str
)
def test_the_result_of_the_lowest_price_is_kept(runs: int, seed: int, kept: int):
    method = Toy(seed)
    found = Repeated(method, runs).invert(SESSION)
    assert found.losses["final"]["published"] == LOSSES[kept]
    assert found.settings[1].number("level_db") == -float(kept)
    assert found.evidence["history"]["seconds"] == [1.0, 2.0]
    assert (found.ended, found.seconds) == ("finished", 60.0 * runs)
    assert found.why == f"Done. The run from seed {kept} is kept, the best of {runs}."
    assert method.begun == [seed]  # what all runs begin with is found once
    agreed = found.evidence["runs"]
    assert agreed["kept"] == kept - seed
    assert [run["seed"] for run in agreed["runs"]] == list(range(seed, seed + runs))
    assert agreed["processors"] == [{"node": 1, "runs": runs}]
    level = {"node": 1, "name": "level_db", "row": 0, "runs": runs}
    expected = level | {"low": -float(seed + runs - 1), "high": -float(seed)}
    assert expected in agreed["settings"]


def test_the_first_of_equals_is_kept():
    found = Repeated(Toy(losses=dict.fromkeys(range(3), 0.5)), 3).invert(SESSION)
    assert found.evidence["runs"]["kept"] == 0


def test_a_loss_that_is_no_number_is_told_as_none():
    found = Repeated(Toy(seed=2), 2).invert(SESSION)
    assert [run["l_a"] for run in found.evidence["runs"]["runs"]] == [0.3, None]


@pytest.mark.parametrize("saves", range(16))
def test_what_was_killed_in_any_run_goes_on_to_the_same_result(saves: int):
    whole = Memory()
    expected = Repeated(Toy(), 3).invert(SESSION, work=Work(keeper=whole))
    method, keeper = Toy(), Memory(saves)
    with pytest.raises(ConnectionAbortedError):
        Repeated(method, 3).invert(SESSION, work=Work(keeper=keeper))
    keeper.saves = None
    found = Repeated(method, 3).invert(SESSION, work=Work(keeper=keeper))
    assert told(found) == told(expected)
    assert keeper.stored[1] == whole.stored[1]
    # Only a run that had stored nothing began again.
    assert method.begun == ([0, 0] if saves == 0 else [0])
    # What is done is not done again, and what others would begin with is not kept for nothing.
    again = Repeated(Toy(losses={}), 3).invert(SESSION, work=Work(keeper=keeper))
    assert told(again) == told(expected)
    assert {path.partition("/")[0] for path in keeper.stored[0]} == {"best"}


def stop_at(run: int, step: int) -> Any:
    def stop(progress: Progress) -> None:
        if progress.stage.startswith(f"run {run} ") and progress.done == step:
            raise KeyboardInterrupt

    return stop


def test_ctrl_c_keeps_the_best_run_that_ended():
    keeper = Memory()
    method = Repeated(Toy(), 4)
    stopped = method.invert(SESSION, work=Work(keeper=keeper, on_progress=stop_at(3, 2)))
    assert (stopped.ended, stopped.losses["final"]["published"]) == ("stopped", LOSSES[1])
    assert stopped.why == (
        "The user stopped it in run 3 of 4. The run from seed 1 is kept, the best of 2."
    )
    assert stopped.seconds == 180.0  # with those of the run under way
    assert len(stopped.evidence["runs"]["runs"]) == 2
    found = method.invert(SESSION, work=Work(keeper=keeper))
    assert told(found) == told(method.invert(SESSION))


def test_ctrl_c_in_the_first_run_keeps_that():
    work = Work(on_progress=stop_at(1, 2))
    stopped = Repeated(Toy(), 3).invert(SESSION, work=work)
    assert (stopped.ended, stopped.losses["final"]["published"]) == ("stopped", LOSSES[0])
    assert "runs" not in stopped.evidence


def test_one_run_that_ended_has_nothing_to_agree_with():
    stopped = Repeated(Toy(), 3).invert(SESSION, work=Work(on_progress=stop_at(2, 1)))
    assert "The run from seed 0 is kept, the best of 1." in stopped.why
    assert "runs" not in stopped.evidence


def test_progress_says_which_run_it_is_and_how_long_all_take():
    steps: list[Progress] = []
    Repeated(Toy(), 3).invert(SESSION, work=Work(on_progress=steps.append))
    assert list(dict.fromkeys(step.stage for step in steps)) == [
        f"run {number} of 3: stepping" for number in (1, 2, 3)
    ]
    # A run took 60 s: nothing is known of those to come while the first is under way.
    lefts = [step.seconds_left for step in steps if step.done == 1]
    assert lefts == [None, 30.0 + 60.0, 30.0]


def test_stored_runs_of_something_else_are_refused():
    keeper = Memory(12)
    method = Repeated(Toy(), 3)
    with pytest.raises(ConnectionAbortedError):
        method.invert(SESSION, work=Work(keeper=keeper))
    tensors, facts = keeper.stored
    entries, parts = facts["entries"], facts["parts"]
    assert len(entries) == 2 and facts["kept"] == 1
    wrong: list[tuple[dict[str, torch.Tensor], dict[str, Any]]] = [
        (tensors, facts | {"entries": entries[::-1]}),
        (tensors, facts | {"entries": [*entries, *entries]}),
        (tensors, facts | {"kept": 0}),
        (tensors, facts | {"kept": 7}),
        (tensors, facts | {"kept": "best"}),
        (tensors, facts | {"parts": {}}),
        (tensors, facts | {"parts": parts | {"best": parts["now"]}}),
        ({k: v for k, v in tensors.items() if k != "best/0/pan"}, facts),
        (tensors | {"best/0/pan": torch.tensor([3.0])}, facts),
        (tensors | {"stray": torch.zeros(1)}, facts),
    ]
    for stored in wrong:
        keeper.stored = stored
        with pytest.raises(StoreError, match="Pass --fresh to start anew"):
            method.invert(SESSION, work=Work(keeper=keeper))
    keeper.stored, keeper.saves = (tensors, facts), None
    with pytest.raises(StoreError, match="other seeds"):
        Repeated(Toy(seed=1), 3).invert(SESSION, work=Work(keeper=keeper))
    assert method.invert(SESSION, work=Work(keeper=keeper)).ended == "finished"
