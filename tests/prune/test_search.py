"""The search on a small planted song: recovery, the tolerance, repetition, being killed."""

import json
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from mixtrace.descent import SongWindows, song_loss
from mixtrace.errors import MixtraceError
from mixtrace.graph import CONSOLES, ConsolePreset, Graph, build_console
from mixtrace.methods import Inversion, Work
from mixtrace.processors import Settings
from mixtrace.progress import Progress
from mixtrace.prune import ConsoleSearch, SearchConfig
from mixtrace.prune.looks import Look
from mixtrace.prune.rounds import Pruning
from mixtrace.rendering import render_song
from mixtrace.session import Session

Planted = tuple[Session, Graph, Settings]
CONFIG = SearchConfig(preset="small", console_steps=40, rounds=4, round_steps=5)


def same(a: Inversion, b: Inversion) -> bool:
    """Say whether two results are equal to the last bit."""
    return (
        a.graph == b.graph
        and a.losses == b.losses
        and a.evidence["history"]["loss"] == b.evidence["history"]["loss"]
        and [stack.nodes for stack in a.settings.stacks]
        == [stack.nodes for stack in b.settings.stacks]
        and all(map(torch.equal, a.settings.tensors(), b.settings.tensors()))
    )


class Memory:
    """A keeper in memory that can pull the plug after some saves."""

    def __init__(self, saves: int | None = None) -> None:
        self.stored: tuple[dict[str, Tensor], dict[str, Any]] | None = None
        self.saves = saves

    def load(self) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        return self.stored

    def save(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        if self.saves == 0:
            raise ConnectionAbortedError("the plug was pulled")
        # Through JSON, as a file would hold it: later changes must not reach what was stored.
        self.stored = (tensors, json.loads(json.dumps(facts)))
        if self.saves is not None:
            self.saves -= 1


@pytest.fixture(scope="module")
def found(planted: Planted) -> Inversion:
    with pytest.MonkeyPatch.context() as patch:
        chain = ("equalizer", "one_pole_compressor", "gain_panning")
        patch.setitem(CONSOLES, "small", ConsolePreset(chain, ()))
        return ConsoleSearch(CONFIG).invert(planted[0])


def test_the_planted_graph_is_found(found: Inversion) -> None:
    kept = {(found.graph.name(i), found.graph.nodes[i].kind) for i in found.graph.processors}
    assert ("low", "equalizer") in kept
    assert ("high", "gain_panning") in kept
    assert ("low", "one_pole_compressor") not in kept
    assert ("high", "one_pole_compressor") not in kept


def test_the_planted_settings_are_found(found: Inversion) -> None:
    row = [found.graph.name(i) for i in found.graph.of_kind("equalizer")].index("low")
    wet = found.settings.stack("equalizer").wet[row]
    curve = found.settings.stack("equalizer").values["magnitude_db"][row]
    ratio = 1.0 - wet + wet * 10.0 ** (curve / 20.0)
    shape_db = 20.0 * torch.log10(ratio)
    # From 200 to 800 Hz against 1.5 to 2.5 kHz: planted 9 dB. The loss is flat within half a dB.
    step_db = float(shape_db[14:55].median() - shape_db[102:170].median())
    assert step_db == pytest.approx(9.0, abs=1.5)


def test_the_match_is_close_and_within_the_tolerance(planted: Planted, found: Inversion) -> None:
    windows = SongWindows(planted[0])
    loss = song_loss(found.graph, found.settings, windows)["published"]
    assert loss == pytest.approx(found.losses["final"]["published"], rel=1e-6)
    assert loss <= found.losses["console"]["published"] + CONFIG.tolerance
    assert loss < 0.1


def test_a_curve_that_all_tracks_share_is_found_on_their_bus(
    planted: Planted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CONSOLES, "small", ConsolePreset(("equalizer",), ("equalizer",)))
    dry = planted[0]
    graph = build_console([(t.name, t.group) for t in dry.tracks], CONSOLES["small"])
    curve_db = torch.zeros(3, 1024)
    curve_db[-1] = torch.linspace(9.0, -9.0, 30).repeat_interleave(35)[:1024]
    on_bus = Settings.by_kind(
        graph.by_kind(),
        {"equalizer": {"magnitude_db": curve_db}},
        {"equalizer": torch.tensor([0.0, 0.0, 1.0])},
    )
    audio = [torch.from_numpy(track.audio) for track in dry.tracks]
    mix = render_song(graph, on_bus, audio, dry.sample_rate_hz).numpy()
    result = ConsoleSearch(CONFIG).invert(replace(dry, mix=mix))
    assert [result.graph.name(i) for i in result.graph.processors] == ["all"]


@pytest.mark.usefixtures("small_console")
def test_a_repeated_run_is_identical(planted: Planted, found: Inversion) -> None:
    assert same(ConsoleSearch(CONFIG).invert(planted[0]), found)


@pytest.mark.usefixtures("small_console")
@pytest.mark.parametrize("saves", [2, 3, 5])
def test_a_killed_run_resumes_to_the_same_result(
    planted: Planted, found: Inversion, saves: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # By its module: the name `search` of the room is the function.
    monkeypatch.setattr(sys.modules["mixtrace.prune.search"], "_SAVE_EVERY_S", 0.5)
    keeper = Memory(saves)
    with pytest.raises(ConnectionAbortedError):
        ConsoleSearch(CONFIG).invert(planted[0], work=Work(keeper=keeper))
    assert keeper.stored is not None
    resumed = Memory()
    resumed.stored = keeper.stored
    assert same(ConsoleSearch(CONFIG).invert(planted[0], work=Work(keeper=resumed)), found)


def stopped_and_resumed(session: Session, stop: Callable[[Progress], None]) -> Inversion:
    """Return what a search comes to that was stopped once, from its progress."""
    keeper = Memory()
    work = Work(keeper=keeper, on_progress=stop)
    assert ConsoleSearch(CONFIG).invert(session, work=work).ended == "stopped"
    return ConsoleSearch(CONFIG).invert(session, work=Work(keeper=keeper))


@pytest.mark.usefixtures("small_console")
@pytest.mark.parametrize("stage", ["console", "pruning 1"])
def test_an_interrupted_run_resumes_to_the_same_result(
    planted: Planted, found: Inversion, stage: str
) -> None:
    """Also where a round of pruning, of which a part has changed the state, is broken off."""
    came = []

    def stop(progress: Progress) -> None:
        if progress.stage == stage:
            came.append(progress.done)
            if len(came) == 2:
                raise KeyboardInterrupt

    assert same(stopped_and_resumed(planted[0], stop), found)


@pytest.mark.usefixtures("small_console")
@pytest.mark.parametrize("work", ["descent.loop.Adam.step", "prune.search._Run._look"])
def test_a_signal_in_the_middle_of_something_waits_for_its_end(
    planted: Planted, found: Inversion, monkeypatch: pytest.MonkeyPatch, work: str
) -> None:
    """In the middle of a step, or of settling a round: the state is not whole there."""
    module, owner, name = f"mixtrace.{work}".rsplit(".", 2)
    kind = getattr(sys.modules[module], owner)
    usual, calls = getattr(kind, name), []

    def interrupted(*arguments: Any) -> Any:
        result = usual(*arguments)
        calls.append(name)
        if len(calls) == 1:
            signal.raise_signal(signal.SIGINT)
        return result

    monkeypatch.setattr(kind, name, interrupted)
    assert same(stopped_and_resumed(planted[0], lambda progress: None), found)


@pytest.mark.usefixtures("small_console")
def test_a_run_killed_before_a_round_was_settled_settles_it(
    planted: Planted, found: Inversion, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(Memory):
        def save(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
            super().save(tensors, facts)
            if facts["round"] == 1 and facts["step"] == CONFIG.round_steps and not facts["settled"]:
                raise ConnectionAbortedError("the plug was pulled")

    monkeypatch.setattr(sys.modules["mixtrace.prune.search"], "_SAVE_EVERY_S", 0.0)
    keeper = Killed()
    with pytest.raises(ConnectionAbortedError):
        ConsoleSearch(CONFIG).invert(planted[0], work=Work(keeper=keeper))
    resumed = Memory()
    resumed.stored = keeper.stored
    result = ConsoleSearch(CONFIG).invert(planted[0], work=Work(keeper=resumed))
    assert same(result, found)
    # What a skipped settling would not have judged.
    assert result.evidence["trial_windows"] == found.evidence["trial_windows"]


class Records(Memory):
    """A keeper that keeps everything it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.all: list[tuple[dict[str, Tensor], dict[str, Any]]] = []

    def save(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        super().save(tensors, facts)
        assert self.stored is not None
        self.all.append(self.stored)


Verdict = Callable[[Pruning], tuple[bool, float]]


def judge_by(monkeypatch: pytest.MonkeyPatch, verdict: Verdict) -> None:
    """Let a verdict of the test's own decide how every round is settled."""
    race = Pruning.race

    def judged(pruning: Pruning, *rest: Any) -> tuple[bool, float, Look]:
        won, loss, look = race(pruning, *rest)
        return (won, loss, look) if pruning.state.round == 0 else (*verdict(pruning), look)

    monkeypatch.setattr(Pruning, "race", judged)


@pytest.mark.usefixtures("small_console")
def test_after_a_round_that_was_taken_back_the_next_one_removes_one_processor(
    planted: Planted, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = {}

    def fails_at_first(pruning: Pruning) -> tuple[bool, float]:
        tried[pruning.state.round] = len(pruning.state.removed)
        return pruning.state.round > 1, 9.0

    judge_by(monkeypatch, fails_at_first)
    ConsoleSearch(replace(CONFIG, rounds=2)).invert(planted[0])
    assert tried[1] > 1 and tried[2] == 1


@pytest.mark.usefixtures("small_console")
def test_two_rounds_in_a_row_that_were_taken_back_end_the_search(
    planted: Planted, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge_by(monkeypatch, lambda _: (False, 9.0))
    keeper = Records()
    result = ConsoleSearch(CONFIG).invert(planted[0], work=Work(keeper=keeper))
    facts = keeper.all[-1][1]
    assert facts["finished"]
    # The console as it was marked, and as the rounds begin with it.
    assert facts["removed"] == [] and len(facts["accepted"]) == 2
    assert CONFIG.console_steps is not None and CONFIG.round_steps is not None
    assert len(result.evidence["history"]["loss"]) == CONFIG.console_steps + 2 * CONFIG.round_steps


@pytest.mark.usefixtures("small_console")
@pytest.mark.parametrize("remembered", [True, False])
def test_a_single_removal_that_was_taken_back_is_not_tried_again(
    planted: Planted, monkeypatch: pytest.MonkeyPatch, remembered: bool
) -> None:
    judge_by(monkeypatch, lambda _: (False, 9.0))
    keeper = Records()
    ConsoleSearch(replace(CONFIG, rounds=2)).invert(planted[0], work=Work(keeper=keeper))
    tensors, facts = keeper.all[-1]
    again = Memory()
    refused = facts["refused"] if remembered else None
    again.stored = (tensors, facts | {"finished": False, "refused": refused})
    judge_by(monkeypatch, lambda _: (True, 0.0))
    method = ConsoleSearch(replace(CONFIG, rounds=3))
    (removed,) = method.invert(planted[0], work=Work(keeper=again)).evidence["removed"]
    assert (removed["node"] == facts["refused"]) is not remembered


@pytest.mark.usefixtures("small_console")
def test_a_descent_that_seems_to_do_harm_stays_if_the_same_windows_do_not_say_so(
    planted: Planted, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = iter([(False, 9.0), (True, 9.5)])
    judge_by(monkeypatch, lambda _: next(losses))
    keeper = Records()
    ConsoleSearch(replace(CONFIG, rounds=1)).invert(planted[0], work=Work(keeper=keeper))
    facts = keeper.all[-1][1]
    assert facts["calm"] == 1.0
    # It does not hold, so what was accepted last stands: the console.
    assert next(losses, None) is None
    assert len(facts["accepted"]) == 2 and facts["loss"] == facts["accepted"][-1]["loss"]


@pytest.mark.usefixtures("small_console")
def test_a_descent_that_did_harm_is_undone_and_the_next_ones_are_calmer(
    planted: Planted, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = iter([(False, 9.0), (True, 0.0)])
    judge_by(monkeypatch, lambda _: next(losses))
    keeper = Records()
    ConsoleSearch(replace(CONFIG, rounds=1)).invert(planted[0], work=Work(keeper=keeper))
    pruned = next(tensors for tensors, facts in keeper.all if facts["pruned"])
    settled, facts = keeper.all[-1]
    assert facts["settled"] == 1 and facts["calm"] == 0.5
    values = {name: value for name, value in settled.items() if name.startswith("now/")}
    assert values
    for name, value in values.items():
        assert torch.equal(value, pruned[name.replace("now/", "pruned/")])


@pytest.mark.usefixtures("small_console")
def test_a_descent_that_made_good_half_of_what_is_too_much_is_followed_by_another(
    planted: Planted, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def nearly(pruning: Pruning) -> tuple[bool, float]:
        asked.append(pruning.state.loss)
        return len(asked) > 1, pruning.state.loss - 1e-3

    judge_by(monkeypatch, nearly)
    result = ConsoleSearch(replace(CONFIG, rounds=1)).invert(planted[0])
    assert CONFIG.console_steps is not None and CONFIG.round_steps is not None
    assert len(result.evidence["history"]["loss"]) == CONFIG.console_steps + 2 * CONFIG.round_steps
    assert len(asked) == 2


@pytest.mark.usefixtures("small_console")
def test_an_interrupt_leaves_a_valid_result(planted: Planted) -> None:
    def stop(progress: Progress) -> None:
        if progress.done == 5:
            raise KeyboardInterrupt

    result = ConsoleSearch(CONFIG).invert(planted[0], work=Work(on_progress=stop))
    assert result.ended == "stopped"
    assert len(result.evidence["history"]["loss"]) == 5
    result.settings.check({i: result.graph.nodes[i].kind for i in result.graph.processors})


@pytest.mark.usefixtures("small_console")
@pytest.mark.parametrize("policy", ["ordered", "brute-force"])
def test_where_nothing_is_needed_nothing_is_left(planted: Planted, policy: Any) -> None:
    config = replace(CONFIG, policy=policy, console_steps=2, tolerance=100.0)
    bare = ConsoleSearch(config).invert(planted[0])
    assert not bare.graph.processors
    assert len(bare.evidence["removed"]) == len(bare.console.processors)
    assert bare.losses["final"] == pytest.approx(bare.losses["sum"], rel=1e-5)  # float32


@pytest.mark.usefixtures("small_console")
@pytest.mark.parametrize("policy", ["brute-force", "dry-wet", "hybrid"])
def test_the_published_policies_keep_the_tolerance_too(planted: Planted, policy: Any) -> None:
    result = ConsoleSearch(replace(CONFIG, policy=policy)).invert(planted[0])
    loss = song_loss(result.graph, result.settings, SongWindows(planted[0]))["published"]
    assert loss <= result.losses["console"]["published"] + CONFIG.tolerance
    assert len(result.graph.processors) < len(result.console.processors)


@pytest.mark.usefixtures("small_console")
def test_without_a_policy_the_console_stays(planted: Planted) -> None:
    result = ConsoleSearch(replace(CONFIG, policy="none", console_steps=3)).invert(planted[0])
    assert result.graph == result.console
    assert result.evidence["removed"] == []


@pytest.mark.usefixtures("small_console")
def test_the_published_recipe_descends_from_a_random_start(planted: Planted) -> None:
    config = replace(CONFIG, recipe="published", policy="none", console_steps=12)
    result = ConsoleSearch(config).invert(planted[0])
    assert result.losses["console"]["published"] < result.losses["start"]["published"]


@pytest.mark.usefixtures("small_console")
@pytest.mark.parametrize(
    ("field", "value"),
    [("recipe", "soup"), ("preset", "none"), ("policy", "all"), ("tolerance", -1.0)],
)
def test_a_wrong_choice_is_one_sentence(planted: Planted, field: str, value: object) -> None:
    config = replace(CONFIG)
    object.__setattr__(config, field, value)  # the tests' type checks would refuse it earlier
    with pytest.raises(MixtraceError, match=field):
        ConsoleSearch(config).invert(planted[0])
