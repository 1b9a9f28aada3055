"""The score of known songs: a perfect result scores 1, each mistake costs its own measure."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from mixtrace.graph import Edge, Graph, Node, Strip
from mixtrace.processors import NodeSettings, Settings, processor
from mixtrace.session import Alignment
from mixtrace.store import StoredGraph, StoredTrack

RATE_HZ = 44_100
BLOCKS = 400

Load = Callable[[str], ModuleType]


@pytest.fixture(scope="module")
def facts(benchmark_module: Load) -> ModuleType:
    return benchmark_module("known_facts")


@pytest.fixture(scope="module")
def scores(benchmark_module: Load) -> ModuleType:
    return benchmark_module("known_scores")


@pytest.fixture(scope="module")
def grid_hz(benchmark_module: Load) -> np.ndarray:
    return benchmark_module("known_curves").GRID_HZ


def swing_db(most_db: float) -> list[float]:
    """Return a gain that moves from 0 to some dB and back."""
    return (-most_db * np.abs(np.sin(np.linspace(0.0, 9.0, BLOCKS)))).tolist()


def strip(name: str, role: str, feeds: str, grid_hz: np.ndarray, **more: Any) -> dict[str, Any]:
    """Return a strip of a truth.json that does nothing but what is given."""
    plain = {"name": name, "role": role, "family": "guitar", "feeds": feeds, "pan": 0.0}
    plain |= {"sends": {}, "processors": [], "level_db": 0.0}
    curves = {"spectrum_db": [0.0] * len(grid_hz), "blocks_db": [0.0] * BLOCKS}
    return plain | curves | {"eq_db": [0.0] * len(grid_hz)} | more


def bell_db(grid_hz: np.ndarray, hz: float, db: float) -> np.ndarray:
    """Return something like a bell: a bump an octave wide."""
    return db * np.exp(-4.0 * np.log2(grid_hz / hz) ** 2)


@pytest.fixture(scope="module")
def truth(facts: ModuleType, grid_hz: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return the facts of a song in which there is one of everything."""
    bell = {"shape": "bell", "frequency_hz": 1000.0, "gain_db": 6.0, "q": 1.0}
    eq = {"type": "eq", "bands": [bell], "effect_db": 6.0}
    compressor = {
        **{"type": "compressor", "detector": "rms", "threshold_db": -20.0, "ratio": 4.0},
        **{"attack_ms": 10.0, "release_ms": 100.0, "constant_db": 0.0, "entering_db": -18.0},
        **{"effect_db": 5.0, "curve_db": swing_db(5.0)},
    }
    gate = compressor | {"type": "gate", "detector": "peak"}
    limiter = {
        **{"type": "limiter", "release_ms": 50.0, "constant_db": 3.0, "entering_db": -18.0},
        **{"effect_db": 2.0, "curve_db": swing_db(2.0)},
    }
    ride = {"type": "ride", "effect_db": 4.0, "curve_db": swing_db(4.0)}
    saturation = {"type": "saturation", "drive_db": 9.0, "effect_db": 0.8}
    delay = {"type": "delay", "time_ms": 300.0, "feedback": 0.3, "wet_db": -12.0}
    hall = {"type": "reverb", "rt60_s": 1.5}
    own = {"processors": [gate, eq, compressor, saturation, delay, ride], "level_db": -3.0}
    own |= {"eq_db": bell_db(grid_hz, 1000.0, 6.0).tolist(), "pan": 0.5}
    document = {
        "schema": facts.SCHEMA,
        "half": "unseen",
        "strips": [
            strip("a", "track", "band", grid_hz, **own),
            strip("b", "track", "band", grid_hz, sends={"hall": {"level_db": -9, "wet_db": -15}}),
            strip("c", "track", "master", grid_hz),
            strip("band", "bus", "master", grid_hz, processors=[compressor], level_db=1.0),
            strip("hall", "return", "master", grid_hz, family="reverb", processors=[hall]),
            strip("master", "master", "", grid_hz, processors=[limiter], level_db=-2.0),
        ],
    }
    path = tmp_path_factory.mktemp("truth") / "truth.json"
    path.write_text(json.dumps(document), "utf-8")
    return facts.read_truth(path)


def changed(truth: Any, name: str, **changes: Any) -> Any:
    """Return facts with one track changed."""
    return replace(truth, tracks=truth.tracks | {name: replace(truth.tracks[name], **changes)})


def test_the_truth_is_read_in_units_that_graphs_can_be_compared_in(truth: Any):
    a, b = truth.tracks["a"], truth.tracks["b"]
    # Its fader, its group's and the master's, the limiter's gain, and the median of its ride.
    assert a.level_db == pytest.approx(-3.0 + 1.0 - 2.0 + 3.0 + np.median(swing_db(4.0)))
    # -20 dB of RMS are -17 dB of peaks, 1 dB above the level that enters.
    assert a.of_kind("compressor")[0].threshold_db == pytest.approx(1.0, abs=0.02)
    assert [(e.kind, e.via, e.wet_db, e.rt60_s) for e in b.echoes] == [("reverb", "hall", -15, 1.5)]
    assert truth.groups["band"].tracks == {"a", "b"} and truth.master.tracks == {"a", "b", "c"}


def test_a_perfect_result_scores_one_in_everything(scores: ModuleType, truth: Any):
    perfect = scores.score(truth, truth)
    assert {kind: perfect.f1(kind) for kind in scores.TYPES} == dict.fromkeys(scores.TYPES, 1.0)
    for name in scores.CLOSE:
        assert perfect.right[name] and all(perfect.right[name]), name
    for name, numbers in perfect.numbers.items():
        high = "correlation" in name or "area" in name
        np.testing.assert_allclose(numbers, float(high), atol=1e-9, err_msg=name)


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"level_db": 99.0}, {"level within 0.5 dB"}),
        ({"pan": 0.4}, {"pan within 5 %"}),
        ({"bells": ((1200.0, 6.0),)}, {"bell within a sixth of an octave"}),
        ({"bells": ((1000.0, -6.0),)}, {"bell within a sixth of an octave"}),
        ({"ride_db": None}, {"ride within 1 dB"}),
    ],
)
def test_one_mistake_costs_one_measure(
    scores: ModuleType, truth: Any, changes: dict[str, Any], wrong: set[str]
):
    result = scores.score(truth, changed(truth, "a", **changes))
    assert {name for name, rights in result.right.items() if not all(rights)} == wrong


@pytest.mark.parametrize(
    ("dial", "value", "measure"),
    [
        ("threshold_db", 5.0, "threshold within 3 dB"),
        ("ratio", 6.0, "ratio within a third"),
        ("attack_ms", 30.0, "attack within a factor of two"),
        ("release_ms", 40.0, "release within a factor of two"),
    ],
)
def test_a_wrong_dial_of_a_compressor_costs_its_measure(
    scores: ModuleType, truth: Any, dial: str, value: float, measure: str
):
    dynamics = tuple(
        replace(one, **{dial: value}) if one.kind == "compressor" else one
        for one in truth.tracks["a"].dynamics
    )
    result = scores.score(truth, changed(truth, "a", dynamics=dynamics))
    assert result.right[measure] == [False, True]  # the group's compressor is as it was
    assert {n for n, rights in result.right.items() if not all(rights)} == {measure}


def test_what_is_missing_or_too_much_costs_recall_or_precision(scores: ModuleType, truth: Any):
    none = scores.score(truth, changed(truth, "a", dynamics=(), eq_effect_db=0.0, echoes=()))
    assert none.counts["gate"] == [1, 0, 0] and none.f1("gate") == 0.0
    assert none.counts["compressor"] == [2, 1, 1] and none.counts["EQ"] == [1, 0, 0]
    assert none.right["delay time within 1 ms"] == [False]
    assert none.numbers["gain reduction: correlation"][0] == 0.0
    extra = scores.score(truth, changed(truth, "c", dynamics=truth.tracks["a"].dynamics))
    assert extra.counts["gate"] == [1, 2, 1] and extra.f1("gate") == pytest.approx(2 / 3)
    # An echo that nobody hears is none, in the truth or in the result.
    soft = replace(truth.tracks["b"].echoes[0], wet_db=-31.0)
    quiet = scores.score(truth, changed(truth, "c", echoes=(soft,)))
    assert quiet.counts["reverb"] == [1, 1, 1]


def test_a_gain_in_the_equalizer_counts_as_level_and_not_as_a_wrong_curve(
    scores: ModuleType, truth: Any
):
    a = truth.tracks["a"]
    moved = changed(truth, "a", eq_db=a.eq_db + 4.0, level_db=a.level_db - 4.0)
    result = scores.score(truth, moved)
    assert max(result.numbers["EQ curve: worst error, dB"]) < 1e-9
    assert all(result.right["level within 0.5 dB"])


def test_sends_are_matched_by_kind_and_not_by_name(scores: ModuleType, truth: Any):
    renamed = replace(truth, returns={"R1": "reverb"}, sends={"R1": truth.sends["hall"]})
    assert scores.score(truth, renamed).f1("send") == 1.0
    crossed = replace(truth, returns={"R1": "reverb"}, sends={"R1": {"a": -10.0}})
    result = scores.score(truth, crossed)
    assert result.f1("send") == 0.0
    # Of b's two rivals, a is rated above it and c like it.
    assert result.numbers["area under the curve of sends"] == [0.25]


def test_a_curve_that_bends_at_the_bell_has_found_it(scores: ModuleType, truth: Any, grid_hz: Any):
    near = changed(truth, "a", bells=None, eq_db=bell_db(grid_hz, 1080.0, 5.0))
    far = changed(truth, "a", bells=None, eq_db=bell_db(grid_hz, 1400.0, 5.0))
    name = "bell within a sixth of an octave"
    assert scores.score(truth, near).right[name] == [True]
    assert scores.score(truth, far).right[name] == [False]


def settings(kind: str, wet: float = 1.0, **values: Any) -> NodeSettings:
    """Return a node with some dials, the others at rest."""
    rest = {
        spec.name: torch.tensor(
            values.get(spec.name, spec.neutral if spec.neutral is not None else spec.start)
        ).float()
        for spec in processor(kind).params
    }
    return NodeSettings(kind, rest, wet)


def planted() -> StoredGraph:
    """Return a track with a strip, one with a send to a delay, and a master 5 dB down."""
    straight = {"damping_hz": 20_000.0, "ping_pong": 0.0}
    bells: Any = {"bell_hz": [500.0], "bell_db": [6.0], "bell_q": [1.0]}
    nodes = {
        1: settings("parametric_equalizer", **bells),
        2: settings("compressor", threshold_db=-30.0, ratio=3.0, attack_ms=5.0, make_up_db=2.0),
        3: settings("fader", level_db=-6.0, pan=-0.5),
        5: settings("send", level_db=-10.0),
        7: settings("feedback_delay", time_ms=100.0, feedback=0.25, **straight),
        9: settings("equalizer", magnitude_db=[-5.0] * 1024),
    }
    strips: Any = [("low", "track"), ("high", "track"), ("echo", "return"), ("master", "master")]
    kinds = {0: ("input", 0), 4: ("input", 1), 6: ("mix", 2), 8: ("output", 3)}
    kinds |= {i: (node.kind, {5: 1, 7: 2, 9: 3}.get(i, 0)) for i, node in nodes.items()}
    wires = [(0, 1), (1, 2), (2, 3), (3, 9), (4, 5), (5, 6), (6, 7), (7, 9)]
    graph = Graph(
        {i: Strip(name, role) for i, (name, role) in enumerate(strips)},
        {i: Node(*kinds[i]) for i in sorted(kinds)},
        (*(Edge(*wire) for wire in wires), Edge(4, 9, -4.0), Edge(9, 8)),
    )
    tracks = tuple(StoredTrack(n, "all", Alignment(0.0, 1, 1.0, 0.0)) for n in ("low", "high"))
    return StoredGraph("planted", tracks, graph, Settings.of(nodes))


def test_the_facts_of_a_graph_are_its_dials(benchmark_module: Load):
    rng = np.random.default_rng(0)
    swell = 10.0 ** (-np.abs(np.sin(np.linspace(0.0, 9.0, 2 * RATE_HZ))))
    audio = (0.3 * swell * rng.standard_normal((2, 1, 2 * RATE_HZ))).astype(np.float32)
    audio[..., -RATE_HZ:] = 0.0  # so that echoes end within the song
    found = benchmark_module("known_facts_found").found_facts(planted(), list(audio), RATE_HZ)
    low, high = found.tracks["low"], found.tracks["high"]
    # Fader, make-up, and the master's equalizer, flat to 1e-3 dB; a pan keeps the power.
    assert low.level_db == pytest.approx(-6.0 + 2.0 - 5.0, abs=2e-3)
    assert low.pan == pytest.approx(-0.5, abs=1e-4)
    assert low.bells == ((500.0, 6.0),)
    # So near are bells to their curve, see `dsp.sections`.
    assert low.eq_db.max() == pytest.approx(6.0, abs=0.25)
    assert low.eq_effect_db > 4.0
    (compressor,) = low.dynamics
    assert compressor.ratio == 3.0 and compressor.attack_ms == 5.0
    assert compressor.effect_db > 3.0 and compressor.curve_db.max() < 0.1
    assert high.level_db == pytest.approx(-4.0 - 5.0, abs=2e-3)
    (echo,) = high.echoes
    assert (echo.kind, echo.via, echo.time_ms, echo.feedback) == ("delay", "echo", 100.0, 0.25)
    # Echoes of noise add in energy: 10 dB down, and a sixteenth of each one's energy in the next.
    assert echo.wet_db == pytest.approx(-10.0 + 10.0 * np.log10(16.0 / 15.0), abs=0.3)
    assert found.returns == {"echo": "delay"}
    assert found.sends["echo"] == {"high": echo.wet_db}
    assert not found.groups and found.master.tracks == {"low", "high"}


def test_the_decay_of_noise_is_that_of_its_envelope(benchmark_module: Load):
    rng = np.random.default_rng(0)
    time_s = np.arange(3 * RATE_HZ) / RATE_HZ
    noise = rng.standard_normal((2, len(time_s))) * 10.0 ** (-3.0 * time_s / 1.2)
    # Twenty decibels of noise in an octave tell the slope to some 5 %.
    assert benchmark_module("known_curves").decay_s(noise, RATE_HZ) == pytest.approx(1.2, rel=0.07)


def test_tables_tell_both_halves(benchmark_module: Load, scores: ModuleType, truth: Any):
    module = benchmark_module("known_score")
    both = {"development": scores.Scores(), "unseen": scores.score(truth, truth)}
    lines = module.tables(both, {"development": 0, "unseen": 1})
    assert "| EQ | none | 1.00: 1, 1, 1 |" in lines
    assert "| pan within 5 % | none | 100 % of 3 |" in lines


def test_a_file_that_is_no_truth_is_refused(facts: ModuleType, tmp_path: Path):
    (tmp_path / "truth.json").write_text('{"bus A": {}}', "utf-8")
    with pytest.raises(SystemExit, match="none"):
        facts.read_truth(tmp_path / "truth.json")
