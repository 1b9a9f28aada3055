"""The engine in this process against the program that an export writes."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from planted_desk import alone, planted_desk, planted_tracks, settings_of

from mixtrace.errors import MixtraceError
from mixtrace.exporting import TARGETS, Project
from mixtrace.processors import WET, NodeSettings, Settings, processor
from mixtrace.refining import Knobs, PedalboardEngine, engine_named

LACKING = "pedalboard is an extra: pip install mixtrace[refine]"


def quiet(*step: object) -> None:
    pass


def engine_of(project: Project, folder: Path) -> PedalboardEngine:
    pytest.importorskip("pedalboard", reason=LACKING)
    folder.mkdir()
    return PedalboardEngine(project, folder, quiet)


def test_it_plays_what_the_exported_program_plays(tmp_path: Path):
    project = planted_desk()
    engine = engine_of(project, tmp_path / "scratch")
    (found,) = engine.render(project.settings, [(0, project.length_samples)])
    exported = tmp_path / "export"
    exported.mkdir()
    TARGETS["pedalboard"].write(project, exported, quiet)
    names: dict[str, Any] = runpy.run_path(str(exported / "mix.py"))
    paths = [exported / channel.track for channel in names["CHANNELS"] if channel.track]
    wanted = names["mix"](names["stereo"](paths))
    # The same devices with the same numbers; what is left is the order of sums in threads of JUCE.
    difference = np.linalg.norm(found - wanted) / np.linalg.norm(wanted)
    assert difference < 1e-5


def test_a_part_of_the_song_is_where_it_is_in_the_whole(tmp_path: Path):
    knots = {"knot_s": [0.2, 0.9, 1.6], "knot_db": [-12.0, 1.0, -3.0]}
    ride = settings_of("fader_automation", 1.0, **knots)
    tracks = planted_tracks()
    project = alone("fader_automation", ride, tracks[:2])
    engine = engine_of(project, tmp_path / "scratch")
    length = project.length_samples
    whole, part, beyond = engine.render(
        project.settings, [(0, length), (30_000, 60_000), (length - 100, length + 100)]
    )
    # Gains alone remember nothing; their moments are subtractions of doubles, then 32 bits.
    np.testing.assert_allclose(part, whole[:, 30_000:60_000], atol=1e-6)
    assert np.all(beyond[:, 100:] == 0.0)


def compressor() -> NodeSettings:
    return settings_of("compressor", threshold_db=-30.0, ratio=3.0, attack_ms=5.0, release_ms=80.0)


def moved_names(knobs: Knobs) -> set[str]:
    return {name for (_, name), _ in knobs.places}


def test_only_what_the_plug_in_has_moves(tmp_path: Path):
    project = alone("compressor", compressor(), planted_tracks()[:2])
    engine = engine_of(project, tmp_path / "scratch")
    knobs = Knobs.heard(project.settings, engine.told)
    # pedalboard's compressor has neither knee nor look-ahead.
    assert {"threshold_db", "ratio", "attack_ms", "release_ms"} <= moved_names(knobs)
    assert not {"knee_db", "look_ahead_ms", "detector"} & moved_names(knobs)


def test_of_a_whole_desk_what_is_heard_moves_and_keeps_to_its_range(tmp_path: Path):
    project = planted_desk()
    engine = engine_of(project, tmp_path / "scratch")
    knobs = Knobs.heard(project.settings, engine.told)
    assert not {"magnitude_db", "taps"} & moved_names(knobs)
    assert {"level_db", "pan", "drive_db", "gain_db", "bell_db"} <= moved_names(knobs)
    # A file for each filter, whatever was tried: the EQ, the reverb and the free curve.
    assert len(list((tmp_path / "scratch").iterdir())) == 3
    count = len(knobs.places)
    same = knobs.at(np.zeros(count))
    for before, after in zip(project.settings.tensors(), same.tensors(), strict=True):
        assert np.array_equal(before.numpy(), after.numpy())
    far = knobs.project(1e4 * np.random.default_rng(0).choice([-1.0, 1.0], count))
    knobs.at(far).check({i: project.graph.nodes[i].kind for i in project.graph.processors})
    ranged = [name != WET for (_, name), _ in knobs.places]  # a weight's range has no end
    assert np.abs(far[ranged]).max() < 1e3  # the widest range is some hundreds of steps


def test_one_step_is_one_of_the_descent():
    settings = Settings.of({1: settings_of("fader", level_db=-4.0)})
    knobs = Knobs(settings, ((("fader", "level_db"), 0),))
    spec = processor("fader").param("level_db")
    moved = float(knobs.at(np.array([2.0])).value(1, "level_db"))
    wanted = spec.physical(
        spec.unconstrained(settings.value(1, "level_db")[None]) + 2.0 * spec.rate
    )
    assert moved == pytest.approx(float(wanted), rel=1e-6)
    assert moved != -4.0


def test_without_pedalboard_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr("mixtrace.refining.engine.find_spec", lambda name: None)
    with pytest.raises(MixtraceError, match=r"pip install 'mixtrace\[refine\]'"):
        PedalboardEngine(planted_desk(), tmp_path, quiet)


def test_another_engine_is_refused():
    with pytest.raises(MixtraceError, match="among pedalboard, lv2; got 'reaper'"):
        engine_named("reaper")
