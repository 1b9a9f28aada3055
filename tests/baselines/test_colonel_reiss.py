"""Descents on fixed chains: what was planted comes back, what each chain has, being killed."""

import json
import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy.signal import fftconvolve, iirpeak, lfilter
from torch import Tensor

from mixtrace.baselines.colonel_reiss import ColonelReiss, ColonelReissConfig
from mixtrace.baselines.colonel_reiss_config import CHAINS, Variant, start_settings
from mixtrace.errors import MixtraceError, StoreError
from mixtrace.graph import build_console
from mixtrace.methods import Inversion, Repeatable, Work
from mixtrace.session import Alignment, Session, Track

RATE_HZ = 30_000
TIME = 5 * RATE_HZ
SHORT = ColonelReissConfig("full", steps=3)

KINDS: dict[Variant, tuple[set[str], set[str]]] = {
    "gain": ({"fader"}, set()),
    "stereo-bus": (
        {"parametric_equalizer", "fader", "twenty_tap_delay"},
        {"parametric_reverb"},
    ),
    "individual-reverb": (
        {"parametric_equalizer", "fader", "twenty_tap_delay", "parametric_reverb"},
        set(),
    ),
    "eq-reverb": ({"parametric_equalizer", "fader"}, {"parametric_reverb"}),
    "drc-eq-reverb": ({"compressor", "parametric_equalizer", "fader"}, {"parametric_reverb"}),
    "full": (
        {"compressor", "saturation", "parametric_equalizer", "fader", "twenty_tap_delay"},
        {"parametric_reverb"},
    ),
}
"""Of each variant, what stands on every track and what on the master."""


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


def bursts(number: int) -> np.ndarray:
    """Return a mono track [1, time] of noise in bursts: a dark one, or a bright one in between."""
    rng = np.random.default_rng(number)
    zeros, poles = [([0.1], [1.0, -0.9]), ([0.5, -0.5], [1.0])][number]
    noise = np.asarray(lfilter(zeros, poles, rng.standard_normal(TIME)))
    clock_s = np.arange(TIME) / RATE_HZ
    envelope = np.exp(-5.0 * np.mod((1.5 + 0.4 * number) * clock_s, 1.0))
    return (0.3 * noise * envelope)[None].astype(np.float32)


def song(left: list[np.ndarray], right: list[np.ndarray], tracks: list[np.ndarray]) -> Session:
    """Return a session of tracks and what of each is left and right."""
    known = tuple(
        Track(f"track {number}", "all", audio, Alignment(), False, None, 0)
        for number, audio in enumerate(tracks)
    )
    mix = np.stack([np.sum(side, 0)[0] for side in (left, right)]).astype(np.float32)
    return Session("known", RATE_HZ, mix, known, ())


@pytest.fixture(scope="module")
def faded() -> Session:
    """Return a song of two tracks: one 6 dB softer, one half-way to the right."""
    tracks = [bursts(0), bursts(1)]
    half, angle = 10.0 ** (-6.0 / 20.0), 1.5 * math.pi / 4.0
    gains = [(half, half), (math.sqrt(2.0) * math.cos(angle), math.sqrt(2.0) * math.sin(angle))]
    sides = zip(*gains, strict=True)
    left, right = ([g * t for g, t in zip(side, tracks, strict=True)] for side in sides)
    return song(left, right, tracks)


@pytest.fixture(scope="module")
def found(faded: Session) -> Inversion:
    return ColonelReiss(SHORT).invert(faded)


def same(a: Inversion, b: Inversion) -> bool:
    """Say whether two results are equal to the last bit."""
    return (
        a.graph == b.graph
        and a.losses == b.losses
        and a.evidence["history"]["loss"] == b.evidence["history"]["loss"]
        and all(map(torch.equal, a.settings.tensors(), b.settings.tensors()))
    )


@pytest.mark.parametrize("variant", KINDS)
def test_each_variant_has_exactly_its_kinds(variant: Variant) -> None:
    graph = build_console([("kick", "drums"), ("voice", "vocals")], CHAINS[variant])
    on_tracks, on_master = KINDS[variant]
    for strip in graph.strips.values():
        stand = [
            node.kind
            for node in graph.nodes.values()
            if node.is_processor and graph.strips[node.strip] == strip
        ]
        expected = {"track": on_tracks, "master": on_master}.get(strip.role, set())
        assert set(stand) == expected, strip
        assert len(stand) == len(expected), strip
    settings = start_settings(graph, torch.Generator().manual_seed(0))
    settings.check({i: graph.nodes[i].kind for i in graph.processors})


def test_it_is_a_repeatable_method() -> None:
    assert isinstance(ColonelReiss(), Repeatable)
    assert ColonelReiss().reseeded(2).seed == 2


def test_planted_faders_come_back(faded: Session) -> None:
    result = ColonelReiss(ColonelReissConfig("gain", steps=60)).invert(faded)
    levels, pans = (result.settings.stack("fader").values[n] for n in ("level_db", "pan"))
    # Steps at the end are of up to .05 dB and .003; measured: .06 dB and .004.
    assert levels.tolist() == pytest.approx([-6.0, 0.0], abs=0.2)
    assert pans.tolist() == pytest.approx([0.0, 0.5], abs=0.02)
    assert result.losses["final"]["published"] < 0.05 < result.losses["sum"]["published"]


def test_a_planted_equalizer_and_reverb_are_matched_and_bands_stay_where_they_are() -> None:
    """A bell of scipy's, 9 dB at 1 kHz, and noise that decays: neither is of our making."""
    tracks = [bursts(0), bursts(1)]
    rng = np.random.default_rng(9)
    tail = np.exp(-np.arange(RATE_HZ) / 4000.0) * rng.standard_normal((2, RATE_HZ))
    peak = lfilter(*iirpeak(1000.0, math.sqrt(2.0), RATE_HZ), tracks[0])
    dry = tracks[0] + 1.8 * np.asarray(peak) + 0.5 * tracks[1]
    hall = [0.02 * fftconvolve(dry[0], side)[None, :TIME] for side in tail]
    session = song([dry, hall[0]], [0.7 * dry, hall[1]], tracks)
    result = ColonelReiss(ColonelReissConfig("eq-reverb", steps=40)).invert(session)
    start, final = (result.losses[name]["eq4"] for name in ("start", "final"))
    assert final < 0.5 * start
    equalizer = result.settings.stack("parametric_equalizer").values
    octaves = torch.tensor([125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0]).expand(2, -1)
    assert torch.allclose(equalizer["bell_hz"], octaves, rtol=1e-5)  # there and back again
    bells_db = equalizer["bell_db"]
    assert bells_db[0, 3] > bells_db[0, 0] + 4.0  # 1 kHz against 125 Hz, on its way to 9


def test_a_repeated_run_is_identical(faded: Session, found: Inversion) -> None:
    assert same(ColonelReiss(SHORT).invert(faded), found)


def test_another_seed_is_another_descent(faded: Session, found: Inversion) -> None:
    assert not same(ColonelReiss(SHORT).reseeded(1).invert(faded), found)


@pytest.mark.parametrize("saves", [2])
def test_a_killed_run_resumes_to_the_same_result(
    faded: Session, found: Inversion, saves: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mixtrace.descent.course._SAVE_EVERY_S", 0.0)
    keeper = Memory(saves)
    with pytest.raises(ConnectionAbortedError):
        ColonelReiss(SHORT).invert(faded, work=Work(keeper=keeper))
    assert keeper.stored is not None
    resumed = Memory()
    resumed.stored = keeper.stored
    assert same(ColonelReiss(SHORT).invert(faded, work=Work(keeper=resumed)), found)


def test_what_is_stored_of_another_chain_is_refused(faded: Session) -> None:
    keeper = Memory()
    ColonelReiss(ColonelReissConfig("gain", steps=1)).invert(faded, work=Work(keeper=keeper))
    with pytest.raises(StoreError, match=r"Expected the stored state .* Pass --fresh"):
        ColonelReiss(SHORT).invert(faded, work=Work(keeper=keeper))


def test_an_interrupt_leaves_a_valid_result(faded: Session) -> None:
    def stop(progress: Any) -> None:
        raise KeyboardInterrupt

    result = ColonelReiss(ColonelReissConfig("gain")).invert(faded, work=Work(on_progress=stop))
    assert result.ended == "stopped"
    assert len(result.evidence["history"]["loss"]) < 10
    result.settings.check({i: result.graph.nodes[i].kind for i in result.graph.processors})


def test_nothing_depends_on_what_is_held_out(faded: Session) -> None:
    """The second half of the song is another, and held out."""
    mix = faded.mix.copy()
    mix[:, 120_000:] = np.random.default_rng(3).standard_normal((2, TIME - 120_000))
    other = Session("known", RATE_HZ, mix, faded.tracks, ())
    method, held_out = ColonelReiss(ColonelReissConfig("gain", steps=5)), [(120_000, TIME)]
    assert same(method.invert(faded, held_out), method.invert(other, held_out))


@pytest.mark.parametrize(("name", "value"), [("variant", "none"), ("steps", -1), ("seed", -1)])
def test_a_wrong_choice_is_one_sentence(name: str, value: Any) -> None:
    config = ColonelReissConfig()
    object.__setattr__(config, name, value)  # the tests' type checks would refuse it earlier
    with pytest.raises(MixtraceError, match=rf"Expected a .*{name}.* got .*\. Choose"):
        ColonelReiss(config).choices()
