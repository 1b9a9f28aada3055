"""DiffVox's chain: what was planted comes back, what it refuses, being killed and resumed."""

import json
from typing import Any

import numpy as np
import pytest
import torch
from scipy.signal import lfilter
from torch import Tensor

from mixtrace.baselines.diffvox import DiffVox, DiffVoxConfig
from mixtrace.baselines.diffvox_config import DiffVoxRecipe, vocal_chain, vocal_start
from mixtrace.baselines.diffvox_loss import VocalPieces
from mixtrace.errors import MixtraceError, StoreError
from mixtrace.graph import Graph
from mixtrace.methods import Inversion, Repeatable, Selective, Work
from mixtrace.processors import NodeSettings, Settings
from mixtrace.rendering import render_song
from mixtrace.session import Alignment, Session, Track

RATE_HZ = 12_000
TIME = 4 * RATE_HZ
SHORT = DiffVoxConfig(steps=3)
EQ, DYNAMICS, FADER, TO_DELAY = 1, 2, 3, 4
"""Nodes of the chain."""


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
        self.stored = (tensors, json.loads(json.dumps(facts)))
        if self.saves is not None:
            self.saves -= 1


def voice() -> np.ndarray:
    """Return four seconds [1, time] like a voice: pulses and breath through formants, in words."""
    rng = np.random.default_rng(0)
    clock_s = np.arange(TIME) / RATE_HZ
    pitch_hz = 140.0 * 2.0 ** (0.3 * np.sin(2.0 * np.pi * 0.4 * clock_s))
    phase = np.cumsum(pitch_hz) / RATE_HZ
    source = (np.diff(np.floor(phase), prepend=0.0) > 0.0) + 0.02 * rng.standard_normal(TIME)
    for frequency_hz, radius in ((600.0, 0.95), (1700.0, 0.93)):
        turn = 2.0 * np.pi * frequency_hz / RATE_HZ
        source = np.asarray(lfilter([1.0], [1.0, -2.0 * radius * np.cos(turn), radius**2], source))
    words = np.clip(1.5 * np.sin(2.0 * np.pi * 1.3 * clock_s), 0.0, 1.0) ** 0.5
    loudness = 0.3 + 0.7 * (np.sin(2.0 * np.pi * 0.55 * clock_s) > 0.0)
    sound = source * words * loudness
    return (0.3 * sound / np.abs(sound).max())[None].astype(np.float32)


def session_of(dry: np.ndarray, mix: np.ndarray) -> Session:
    track = Track("voice", "vocals", dry, Alignment(), False, None, 0)
    return Session("known", RATE_HZ, mix.astype(np.float32), (track,), ())


def turned(graph: Graph, changes: dict[int, dict[str, Any]]) -> Settings:
    """Return the start of a descent with some dials turned."""
    start = vocal_start(graph, torch.Generator().manual_seed(9))
    nodes = {i: start[i] for i in graph.processors}
    for i, values in changes.items():
        given = {name: torch.tensor(value) for name, value in values.items()}
        nodes[i] = NodeSettings(nodes[i].kind, {**nodes[i].values, **given}, 1.0)
    return Settings.of(nodes)


PLANTED = {
    EQ: {"bell_db": (5.0, -6.0)},
    DYNAMICS: {"threshold_db": -30.0},
    FADER: {"level_db": -3.0, "pan": 0.4},
    TO_DELAY: {"level_db": -16.0},
}


@pytest.fixture(scope="module")
def planted() -> Session:
    """Return a voice and what its own chain makes of it, at the loudness that it begins with."""
    dry = voice()
    recipe = DiffVoxRecipe()
    gain_db = VocalPieces(session_of(dry, np.repeat(dry, 2, 0)), (), recipe).gain_in_db
    graph = vocal_chain("voice", gain_db, 0.0)
    mix = render_song(graph, turned(graph, PLANTED), [torch.from_numpy(dry)], RATE_HZ)
    return session_of(dry, mix.numpy())


@pytest.fixture(scope="module")
def found(planted: Session) -> Inversion:
    return DiffVox(SHORT).invert(planted)


def same(a: Inversion, b: Inversion) -> bool:
    """Say whether two results are equal to the last bit."""
    return (
        a.graph == b.graph
        and a.losses == b.losses
        and a.evidence["terms"] == b.evidence["terms"]
        and a.evidence["history"]["loss"] == b.evidence["history"]["loss"]
        and all(map(torch.equal, a.settings.tensors(), b.settings.tensors()))
    )


def test_it_says_what_it_is() -> None:
    method = DiffVox()
    assert isinstance(method, Repeatable)
    assert isinstance(method, Selective)
    assert method.reseeded(2).seed == 2
    assert method.choices() == {"recipe": "diffvox", "steps": None, "seed": 0}


def test_planted_dials_come_back(planted: Session) -> None:
    result = DiffVox(DiffVoxConfig(steps=30)).invert(planted)
    start, final = (result.evidence["terms"][name]["loss"] for name in ("start", "final"))
    assert final < 0.2 * start  # measured: 0.11, and 0.03 after twice as many steps
    equalizer, fader, send = (result.settings[i].values for i in (EQ, FADER, TO_DELAY))
    # On their way after so few steps: bells also trade gain for width and for the shelves.
    assert equalizer["bell_hz"].tolist() == pytest.approx([800.0, 4000.0], rel=0.15)
    assert equalizer["bell_db"][0] > 3.0 and equalizer["bell_db"][1] < -2.0
    assert float(fader["pan"]) == pytest.approx(0.4, abs=0.08)
    assert float(send["level_db"]) == pytest.approx(-16.0, abs=3.0)
    # A lower threshold and a softer fader do the same to what is always above both.
    reached = float(result.settings[DYNAMICS].values["threshold_db"] + fader["level_db"])
    assert -36.0 < reached < -21.0


def test_songs_of_other_numbers_of_tracks_are_refused_in_a_sentence(planted: Session) -> None:
    (track,) = planted.tracks
    two = Session("two", RATE_HZ, planted.mix, (track, track), ())
    with pytest.raises(MixtraceError, match=r"Expected a song of one track, .*; got 2\. Give it"):
        DiffVox().invert(two)
    assert DiffVox().why_not(planted) == ""


def test_silence_is_refused_in_a_sentence(planted: Session) -> None:
    silent = session_of(planted.tracks[0].audio, np.zeros_like(planted.mix))
    with pytest.raises(MixtraceError, match="Expected a mix with a loudness; this one is silent"):
        DiffVox().invert(silent)


def test_pieces_that_are_too_soft_or_too_short_are_left_out(planted: Session) -> None:
    recipe = DiffVoxRecipe(piece_s=2.0)
    assert VocalPieces(planted, (), recipe).count == 2
    soft = planted.mix.copy()
    soft[:, TIME // 2 :] *= 1e-4
    halved = session_of(planted.tracks[0].audio, soft)
    assert VocalPieces(halved, (), recipe).count == 1
    assert VocalPieces(planted, [(RATE_HZ, 2 * RATE_HZ)], recipe).count == 1
    with pytest.raises(MixtraceError, match=r"Expected at least 1\.5 s of the mix"):
        VocalPieces(planted, [(RATE_HZ, TIME)], recipe)


def test_a_repeated_run_is_identical_and_another_seed_is_another(
    planted: Session, found: Inversion
) -> None:
    assert same(DiffVox(SHORT).invert(planted), found)
    assert not same(DiffVox(SHORT).reseeded(1).invert(planted), found)


def test_a_killed_run_resumes_to_the_same_result(
    planted: Session, found: Inversion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mixtrace.descent.course._SAVE_EVERY_S", 0.0)
    keeper = Memory(2)
    with pytest.raises(ConnectionAbortedError):
        DiffVox(SHORT).invert(planted, work=Work(keeper=keeper))
    resumed = Memory()
    resumed.stored = keeper.stored
    assert resumed.stored is not None
    assert same(DiffVox(SHORT).invert(planted, work=Work(keeper=resumed)), found)


def test_what_is_stored_of_something_else_is_refused(planted: Session) -> None:
    keeper = Memory()
    keeper.stored = ({"fader/level_db/value": torch.zeros(1)}, {"seconds": 0.0})
    with pytest.raises(StoreError, match=r"Expected the stored state .* Pass --fresh"):
        DiffVox(SHORT).invert(planted, work=Work(keeper=keeper))


def test_an_interrupt_leaves_a_valid_result(planted: Session) -> None:
    def stop(progress: Any) -> None:
        raise KeyboardInterrupt

    result = DiffVox().invert(planted, work=Work(on_progress=stop))
    assert result.ended == "stopped"
    result.settings.check({i: result.graph.nodes[i].kind for i in result.graph.processors})


def test_nothing_depends_on_what_is_held_out(planted: Session) -> None:
    dry, mix = (np.tile(audio, 2) for audio in (planted.tracks[0].audio, planted.mix))
    changed = mix.copy()
    changed[:, TIME:] = np.random.default_rng(3).standard_normal((2, TIME))
    method, held_out = DiffVox(DiffVoxConfig(steps=1)), [(TIME, 2 * TIME)]
    one, other = (method.invert(session_of(dry, own), held_out) for own in (mix, changed))
    assert same(one, other)


@pytest.mark.parametrize(("name", "value"), [("steps", -1), ("seed", -1)])
def test_a_wrong_choice_is_one_sentence(name: str, value: int) -> None:
    with pytest.raises(MixtraceError, match=rf"Expected a .*{name}.* got -1\. Choose"):
        DiffVox(DiffVoxConfig(**{name: value})).choices()
