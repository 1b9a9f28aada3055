"""A recovery from song to graph: what is planted is found, a stop changes nothing."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from mixtrace.errors import MixtraceError, StoreError
from mixtrace.graph import Graph
from mixtrace.interpret.assemble import Desk, TrackStrip
from mixtrace.interpret.nodes import node_of
from mixtrace.methods import Inversion, Method, Repeated, Work
from mixtrace.progress import Progress
from mixtrace.recovery import Recovery, RecoveryConfig
from mixtrace.rendering import render_song
from mixtrace.session import Alignment, Session, Track

RATE = 30_000
SECONDS = 9
STEPS = 6


def noise(seed: int) -> np.ndarray:
    """Return notes of noise of many levels, each with its own colour."""
    rng = np.random.default_rng(seed)
    audio = rng.standard_normal(SECONDS * RATE)
    audio = audio + 0.5 * np.roll(audio, 1 + seed)
    place = np.arange(len(audio)) % (RATE // 4)
    levels = np.repeat(10 ** rng.uniform(-1.2, 0.0, 4 * SECONDS), RATE // 4)
    notes = 0.2 * levels * np.exp(-place / (0.1 * RATE)) * audio
    return notes.astype(np.float32)[None]


@pytest.fixture(scope="module")
def planted() -> tuple[Session, Graph]:
    """Return a song of three tracks and the graph that made it."""
    bell = node_of(
        "parametric_equalizer",
        high_pass_hz=120.0,
        high_pass_db_per_octave=6.0,
        low_pass_db_per_octave=0.0,
        bell_hz=[1500.0],
        bell_db=[5.0],
        bell_q=[1.2],
    )
    echo = node_of("feedback_delay", 0.25, time_ms=90.0, feedback=0.3, length_s=1.5)
    squeeze = node_of(
        "compressor", threshold_db=-26.0, ratio=4.0, attack_ms=3.0, release_ms=60.0, detector=0.0
    )
    desk = Desk(
        [
            TrackStrip("kick", "drums", [bell, node_of("fader", level_db=-3.0, pan=-0.3)]),
            TrackStrip("bass", "bass", [echo, node_of("fader", level_db=-8.0, pan=0.5)]),
            TrackStrip("voice", "voice", [squeeze, node_of("fader", level_db=2.0)]),
        ]
    )
    graph, settings = desk.built()
    dry = [noise(seed) for seed in range(3)]
    mix = render_song(graph, settings, [torch.from_numpy(audio) for audio in dry], float(RATE))
    return session_of(dry, np.asarray(mix, np.float32)), graph


def session_of(dry: list[np.ndarray], mix: np.ndarray) -> Session:
    tracks = [
        Track(name, name, audio, Alignment(0.0, 1, 1.0), False, None, 0)
        for name, audio in zip(("kick", "bass", "voice"), dry, strict=True)
    ]
    return Session("planted", RATE, mix, tuple(tracks), ())


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


def same(a: Inversion, b: Inversion) -> bool:
    """Say whether two results are equal to the last bit."""
    return (
        a.graph == b.graph
        and a.losses == b.losses
        and a.evidence["history"]["loss"] == b.evidence["history"]["loss"]
        and all(map(torch.equal, a.settings.tensors(), b.settings.tensors()))
    )


@pytest.fixture(scope="module")
def found(planted: tuple[Session, Graph]) -> Inversion:
    return Recovery(RecoveryConfig(steps=STEPS)).invert(planted[0])


def on(found: Inversion, name: str) -> dict[str, int]:
    """Return the kinds on a strip, each with its node."""
    graph = found.graph
    return {graph.nodes[i].kind: i for i in graph.processors if graph.name(i) == name}


def test_it_is_a_method():
    assert isinstance(Recovery(), Method)


def test_what_was_planted_is_found_where_it_was(found: Inversion):
    assert {"parametric_equalizer", "fader"} == on(found, "kick").keys()
    assert {"feedback_delay", "fader"} <= on(found, "bass").keys()
    assert {"compressor", "fader"} <= on(found, "voice").keys()
    assert "compressor" not in {**on(found, "kick"), **on(found, "bass")}


def test_the_dials_are_those_that_were_planted(found: Inversion):
    settings = found.settings
    bells = settings[on(found, "kick")["parametric_equalizer"]]
    loudest = int(np.abs(bells.array("bell_db")).argmax())
    assert bells.array("bell_hz")[loudest] == pytest.approx(1500.0, rel=0.05)
    assert bells.array("bell_db")[loudest] == pytest.approx(5.0, abs=0.5)
    assert bells.number("high_pass_hz") == pytest.approx(120.0, rel=0.1)
    fader = settings[on(found, "kick")["fader"]]
    assert fader.number("level_db") == pytest.approx(-3.0, abs=0.3)
    assert fader.number("pan") == pytest.approx(-0.3, abs=0.03)
    delay = settings[on(found, "bass")["feedback_delay"]]
    assert delay.number("time_ms") == pytest.approx(90.0, abs=0.1)
    # The longer a response the softer its end is read: the second echo loses a third in 9 s.
    assert delay.number("feedback") == pytest.approx(0.3, abs=0.15)
    squeeze = settings[on(found, "voice")["compressor"]]
    assert squeeze.number("threshold_db") == pytest.approx(-26.0, abs=3.0)
    assert squeeze.number("ratio") == pytest.approx(4.0, rel=1 / 3)


def test_it_says_how_sure_it_is(found: Inversion):
    sure = json.loads(json.dumps(found.evidence["sureness"]))
    intervals = {(i["node"], i["name"]): (i["low"], i["high"]) for i in sure["intervals"]}
    assert {node for node, _ in intervals} == set(found.graph.processors)
    truths = (
        ("kick", "fader", "level_db", -3.0),
        ("kick", "fader", "pan", -0.3),
        ("voice", "compressor", "threshold_db", -26.0),
        ("voice", "compressor", "ratio", 4.0),
    )
    for name, kind, dial, truth in truths:
        low, high = intervals[on(found, name)[kind], dial]
        assert low <= truth <= high


def test_the_match_is_close(found: Inversion):
    assert found.ended == "finished"
    assert found.losses["final"]["published"] < 0.1 < found.losses["sum"]["published"]


@pytest.mark.parametrize("saves", [1, 2, 3])
def test_a_killed_recovery_goes_on_to_the_same_result(
    planted: tuple[Session, Graph], found: Inversion, saves: int
):
    keeper = Memory(saves)
    method = Recovery(RecoveryConfig(steps=STEPS))
    with pytest.raises(ConnectionAbortedError):
        method.invert(planted[0], work=Work(keeper=keeper))
    keeper.saves = None
    assert same(method.invert(planted[0], work=Work(keeper=keeper)), found)


def test_a_stopped_recovery_is_a_result_and_goes_on(
    planted: tuple[Session, Graph], found: Inversion
):
    keeper, method = Memory(), Recovery(RecoveryConfig(steps=STEPS))

    def stop(progress: Progress) -> None:
        if progress.stage == "refining":
            raise KeyboardInterrupt

    stopped = method.invert(planted[0], work=Work(keeper=keeper, on_progress=stop))
    assert stopped.ended == "stopped"
    assert stopped.graph.processors
    assert same(method.invert(planted[0], work=Work(keeper=keeper)), found)


def test_runs_share_their_capture_and_are_those_of_their_seeds(
    planted: tuple[Session, Graph], found: Inversion
):
    stages: list[str] = []
    method = Repeated(Recovery(RecoveryConfig(steps=STEPS)), 2)
    both = method.invert(planted[0], work=Work(on_progress=lambda step: stages.append(step.stage)))
    first, second = both.evidence["runs"]["runs"]
    assert any(stage == "run 1 of 2: interpreting" for stage in stages)
    assert not any(stage == "run 2 of 2: interpreting" for stage in stages)
    other = Recovery(RecoveryConfig(steps=STEPS, seed=1)).invert(planted[0])
    assert first["l_a"] == found.losses["final"]["published"]
    assert second["l_a"] == other.losses["final"]["published"] != first["l_a"]
    assert same(both, (found, other)[both.evidence["runs"]["kept"]])


def test_nothing_depends_on_what_is_held_out(planted: tuple[Session, Graph]):
    session, _ = planted
    held_out = [(6 * RATE, SECONDS * RATE)]
    noise_after = session.mix.copy()
    noise_after[:, 6 * RATE :] = 0.1 * np.random.default_rng(5).standard_normal((2, 3 * RATE))
    method = Recovery(RecoveryConfig(steps=2))
    one, two = (
        method.invert(replace(session, mix=mix), held_out) for mix in (session.mix, noise_after)
    )
    assert one.graph == two.graph
    for what in ("start", "final"):
        # Whitening the mix spreads some milliseconds across the border: responses move by 1e-4, and
        # the search for dials ends a little elsewhere. What was held out is noise as loud as the
        # mix: to know of it would cost a hundred times as much.
        assert one.losses[what]["published"] == pytest.approx(
            two.losses[what]["published"], abs=3e-3
        )


def test_a_stored_state_of_something_else_is_refused(planted: tuple[Session, Graph]):
    keeper, method = Memory(), Recovery(RecoveryConfig(steps=0))
    method.invert(planted[0], work=Work(keeper=keeper))
    tensors, facts = keeper.stored
    for wrong in ({"phase": "dream"}, {"step": 10**6}, {"since": 9}, {"losses": {}}, {"graph": {}}):
        keeper.stored = tensors, facts | wrong
        with pytest.raises(StoreError, match="Pass --fresh to start anew"):
            method.invert(planted[0], work=Work(keeper=keeper))
    name = next(iter(tensors))
    keeper.stored = {key: value for key, value in tensors.items() if key != name}, facts
    with pytest.raises(StoreError, match="Pass --fresh to start anew"):
        method.invert(planted[0], work=Work(keeper=keeper))


def test_a_track_that_cannot_be_read_is_told_by_its_spectrum(planted: tuple[Session, Graph]):
    session = planted[0]
    other = replace(session.tracks[2], kept=noise(9))  # another take
    mixed = replace(session, tracks=(*session.tracks[:2], other))
    found = Recovery(RecoveryConfig(steps=0)).invert(mixed)
    assert "voice" in found.evidence["unread"]
    assert "fader" in on(found, "voice")


def test_what_was_not_read_enters_on_the_way_however_often_it_is_stopped(
    planted: tuple[Session, Graph], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("mixtrace.interpret.movement._MOVES_DB", 100.0)  # nothing is read
    method, stages = Recovery(RecoveryConfig(steps=24)), []
    peace = method.invert(planted[0])
    (node,) = peace.console.of_kind("compressor")
    assert peace.console.name(node) == "voice"
    assert node in peace.graph.nodes
    assert peace.losses["final"]["published"] < 0.1

    def stop(progress: Progress) -> None:
        stages.append(progress.stage)
        if progress.stage == "asking what is missing" and progress.done == 5:
            raise KeyboardInterrupt

    keeper = Memory()
    assert method.invert(planted[0], work=Work(keeper=keeper, on_progress=stop)).ended == "stopped"
    assert "asking what is missing" in stages
    assert "settling" not in stages
    keeper.saves = 2  # that of the beginning, and the one behind what was asked for
    with pytest.raises(ConnectionAbortedError):
        method.invert(planted[0], work=Work(keeper=keeper))
    assert keeper.stored[1]["since"] == keeper.stored[1]["step"] == 16
    keeper.saves = None
    assert same(method.invert(planted[0], work=Work(keeper=keeper)), peace)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (RecoveryConfig(seed=-1), "Expected a seed from 0"),
        (RecoveryConfig(steps=-1), "Expected a number of steps from 0"),
        (RecoveryConfig(worth=float("nan")), "Expected a tolerance of at least 0"),
    ],
)
def test_choices_out_of_range_are_refused(config: RecoveryConfig, message: str):
    with pytest.raises(MixtraceError, match=message):
        Recovery(config).choices()
