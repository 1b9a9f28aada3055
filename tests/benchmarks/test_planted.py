"""The counting of the planted-graph benchmark, on graphs small enough to count by hand."""

import importlib
import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from mixtrace.examples import plant
from mixtrace.examples.effects import (
    Effect,
    equalizer,
    gain_panning,
    noise_reverb,
    one_pole_compressor,
)
from mixtrace.graph import CONSOLES, Graph, build_console
from mixtrace.session import Alignment, Session, Track

TRACKS = [("kick", "drums"), ("snare", "drums"), ("voice", "voice")]
CONSOLE = build_console(TRACKS, CONSOLES["paper"])

EQ, GAIN = equalizer(), gain_panning(0.0)
COMPRESSOR, REVERB = one_pole_compressor(-20.0, 2.0), noise_reverb(1.0, 0.0)


@pytest.fixture(scope="module")
def planted(benchmark_module: Callable[[str], ModuleType]) -> ModuleType:
    return benchmark_module("planted")


def graph(buses: dict[str, list[Effect]], **tracks: list[Effect]) -> Graph:
    return plant(TRACKS, tracks, buses)[0]


def test_a_perfect_result_keeps_and_removes_everything(planted: ModuleType):
    one = graph({"drums": [REVERB]}, kick=[EQ, COMPRESSOR], voice=[GAIN])
    # Seven processors in each of three tracks and two buses.
    expected = planted.Count(planted=4, kept=4, redundant=31, removed=31)
    assert planted.count_strictly(one, one, CONSOLE) == expected
    assert planted.count_merged(one, one, CONSOLE) == expected


def test_the_whole_console_keeps_everything_and_removes_nothing(planted: ModuleType):
    one = graph({}, kick=[EQ])
    expected = planted.Count(planted=1, kept=1, redundant=34, removed=0)
    assert planted.count_strictly(one, CONSOLE, CONSOLE) == expected
    assert planted.count_merged(one, CONSOLE, CONSOLE) == expected


def test_another_kind_or_another_track_is_a_miss_and_a_left_over(planted: ModuleType):
    one, other = graph({}, kick=[EQ], snare=[GAIN]), graph({}, kick=[REVERB], voice=[GAIN])
    expected = planted.Count(planted=2, kept=0, redundant=33, removed=31)
    assert planted.count_strictly(one, other, CONSOLE) == expected
    assert planted.count_merged(one, other, CONSOLE) == expected


def test_a_track_alone_on_its_bus_shares_its_chain(planted: ModuleType):
    one, other = graph({}, voice=[COMPRESSOR]), graph({"voice": [COMPRESSOR]})
    assert planted.count_strictly(one, other, CONSOLE) == planted.Count(1, 0, 34, 33)
    assert planted.count_merged(one, other, CONSOLE) == planted.Count(1, 1, 34, 34)
    both = graph({"voice": [COMPRESSOR]}, voice=[COMPRESSOR])
    assert planted.count_merged(one, both, CONSOLE) == planted.Count(1, 1, 34, 33)
    assert planted.count_merged(both, one, CONSOLE) == planted.Count(2, 1, 33, 33)


def test_a_linear_bus_may_be_found_on_all_its_tracks(planted: ModuleType):
    one = graph({"drums": [GAIN]})
    spread = graph({}, kick=[GAIN], snare=[GAIN])
    assert planted.count_strictly(one, spread, CONSOLE) == planted.Count(1, 0, 34, 32)
    # The two that make it up count neither as redundant nor as removed.
    assert planted.count_merged(one, spread, CONSOLE) == planted.Count(1, 1, 32, 32)
    half = graph({}, kick=[GAIN])
    assert planted.count_merged(one, half, CONSOLE) == planted.Count(1, 0, 34, 33)


def test_a_compressor_of_a_bus_is_not_that_of_its_tracks(planted: ModuleType):
    one = graph({"drums": [COMPRESSOR]})
    spread = graph({}, kick=[COMPRESSOR], snare=[COMPRESSOR])
    assert planted.count_merged(one, spread, CONSOLE) == planted.Count(1, 0, 34, 32)


def test_master_processors_are_redundant(planted: ModuleType):
    console = build_console(TRACKS, CONSOLES["studio"])
    one = graph({}, kick=[EQ])
    assert planted.count_strictly(one, console, console) == planted.Count(1, 1, 37, 0)


def test_the_report_adds_up_and_names_what_went_wrong(planted: ModuleType):
    one, other = graph({}, kick=[EQ], snare=[GAIN]), graph({}, kick=[EQ], voice=[GAIN])
    losses = {name: {"published": 0.25, "eq4": 0.2} for name in ("console", "final")}
    result = SimpleNamespace(losses=losses, seconds=61.0)
    count = planted.count_strictly(one, other, CONSOLE)
    wrong = ((("input", "snare", "gain_panning"),), (("input", "voice", "gain_panning"),))
    runs = [planted.Run("song", seed, count, count, *wrong, result) for seed in (0, 1)]
    text = planted.report(runs, "make report")
    row = "2 | 1 (50 %) | 1 (50 %) | 33 | 32 (97 %) | 32 (97 %)"
    assert f"| song | 1 | {row} | 0.250 | 0.250 | 61 |" in text
    total = "4 | 2 (50 %) | 2 (50 %) | 66 | 64 (97 %) | 64 (97 %)"
    assert f"| all | | {total} | | | |" in text
    assert "| gain_panning | 2 | 2 |" in text
    assert "- song 0: missed gain_panning of snare; left over gain_panning of voice" in text


@pytest.mark.parametrize("seed", range(5))
def test_graphs_are_drawn_as_the_report_says(planted: ModuleType, seed: int):
    songs = importlib.import_module("planted_songs")
    assert songs is sys.modules[planted.plant_song.__module__]
    audio = np.ones((1, 10), np.float32), np.ones((2, 10), np.float32)
    tracks = tuple(
        Track(name, group, audio[name == "snare"], Alignment(), False, None, 0)
        for name, group in TRACKS
    )
    dry = Session("ones", 30_000, np.zeros((2, 10), np.float32), tracks, ())
    track_effects, bus_effects = songs._draw(dry, np.random.default_rng(seed))
    for name, effects in track_effects.items():
        kinds = [effect.kind for effect in effects]
        assert 1 <= len(set(kinds)) == len(kinds) <= 3
        assert name == "snare" or "stereo_imager" not in kinds
    for bus, (effect,) in bus_effects.items():
        there = {e.kind for name, group in TRACKS if group == bus for e in track_effects[name]}
        assert effect.kind not in songs.LINEAR or effect.kind not in there
