"""`refine`: a planted chain of plug-ins found again, and what is written of it."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from lv2_stand_in import put_stand_in

import mixtrace
from mixtrace.errors import MixtraceError
from mixtrace.exporting import Project
from mixtrace.graph import Graph
from mixtrace.interpret import node_of
from mixtrace.processors import Settings
from mixtrace.refining import PedalboardEngine
from mixtrace.session import Alignment
from mixtrace.store import (
    GRAPH,
    PARAMS,
    REFINED,
    StoredGraph,
    StoredTrack,
    read_graph,
    read_refined,
    write_graph,
)

RATE = 22_050
NAMES = ("03_Voice", "01_Kick", "02_Bass")
PLANTED_DB, MOVED_DB = -34.0, -24.0
"""The threshold of the compressor that made the mix, and that of the result to be refined."""


def graph_of(threshold_db: float, level_db: float) -> StoredGraph:
    """Return a graph of what pedalboard has: a compressor and a fader on one of three tracks."""
    nodes = [("input", "03_Voice"), ("compressor", "03_Voice"), ("fader", "03_Voice")]
    nodes += [("input", "01_Kick"), ("input", "02_Bass"), ("output", "master")]
    edges = [(0, 1), (1, 2), (2, 5), (3, 5), (4, 5)]
    heard = {"attack_ms": 5.0, "release_ms": 60.0, "detector": 0.0, "linked": 0.0}
    settings = {
        1: node_of("compressor", threshold_db=threshold_db, ratio=6.0, knee_db=0.0, **heard),
        2: node_of("fader", level_db=level_db, pan=0.0),
    }
    tracks = tuple(StoredTrack(name, name, Alignment()) for name in NAMES)
    return StoredGraph("tiny song", tracks, Graph.of(nodes, edges), Settings.of(settings))


@pytest.fixture
def moved(tiny_song: Path, tmp_path: Path) -> Path:
    """Return a result whose threshold and level are not those that plug-ins mixed the song with."""
    pytest.importorskip("pedalboard", reason="pedalboard is an extra: pip install mixtrace[refine]")
    planted, audio = graph_of(PLANTED_DB, 9.0), list[np.ndarray]()
    for name in NAMES:
        own = soundfile.read(tiny_song / "tracks" / f"{name}.wav", always_2d=True)[0]
        audio.append(own.T.astype(np.float32))
    project = Project("tiny song", RATE, planted.graph, planted.settings, audio)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    engine = PedalboardEngine(project, scratch, lambda *step: None)
    (mix,) = engine.render(planted.settings, [(0, audio[0].shape[1])])
    soundfile.write(tiny_song / "mix.wav", mix.T, RATE, subtype="FLOAT")
    folder = tmp_path / "OUT"
    folder.mkdir()
    write_graph(graph_of(MOVED_DB, 3.0), folder / GRAPH, folder / PARAMS)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refine(moved: Path, output: Path, song: Path, **chosen: Any) -> Any:
    quick: dict[str, Any] = {"song": song, "page": False, "audio": False, **chosen}
    return mixtrace.refine(moved, output, **quick)


@pytest.mark.parametrize("search", ["spsa", "cma"])
def test_a_planted_chain_is_pulled_back(search: str, tiny_song: Path, moved: Path, tmp_path: Path):
    if search == "cma":
        pytest.importorskip("cma", reason="cma is an extra: pip install mixtrace[refine]")
    before = contents(moved)
    turned = refine(moved, tmp_path / "OUT2", tiny_song, search=search, evaluations=40)
    assert contents(moved) == before
    done = turned.refinement
    # The planted settings have L_a 0: in forty prices a good part of the way there is gone.
    assert done.refined.song < 0.7 * done.converted.song
    assert done.refined.windows < 0.7 * done.converted.windows
    threshold = float(read_graph(tmp_path / "OUT2" / GRAPH).settings.value(1, "threshold_db"))
    assert abs(threshold - PLANTED_DB) < abs(MOVED_DB - PLANTED_DB)
    assert turned.ended == "finished"


def test_what_is_written_tells_of_it(tiny_song: Path, moved: Path, tmp_path: Path):
    place, stages = tmp_path / "OUT2", []
    turned = mixtrace.refine(
        moved,
        place,
        song=tiny_song,
        evaluations=5,
        on_progress=lambda step: stages.append(step.stage),
    )
    assert "refining" in stages
    done = turned.refinement
    assert read_refined(place / REFINED) == done
    assert done.evaluations == 5 and done.numbers > 4
    assert done.refined.windows <= done.converted.windows
    words = f"L_a {done.converted.song:.4f} with the settings as they were"
    assert words in str(mixtrace.show(place))
    page = (place / "report.html").read_text("utf-8")
    assert "What refining for plug-ins brought" in page and "pedalboard, settings refined" in page
    facts = json.loads((place / "fit.json").read_text("utf-8"))
    assert len(facts["history"]["loss"]) == 5


def test_for_lv2_the_dials_are_told(
    tiny_song: Path, moved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    put_stand_in(tmp_path, monkeypatch)
    place = tmp_path / "OUT2"
    turned = refine(moved, place, tiny_song, engine="lv2", evaluations=4)
    done = read_refined(place / REFINED)
    assert done == turned.refinement and done.engine == "lv2"
    assert done.refined.windows <= done.converted.windows
    (plug_in,) = done.plug_ins
    threshold_db = float(turned.stored.settings.value(1, "threshold_db"))
    # Nine digits are told.
    assert plug_in.dials["al"] == pytest.approx(10.0 ** (threshold_db / 20.0), rel=1e-6)
    (hint,) = (note for note in json.loads((place / "fit.json").read_text())["notes"])
    assert "refined.json has their dials" in hint


def test_run_again_it_ends_with_the_same_bits(tiny_song: Path, moved: Path, tmp_path: Path):
    first, second = tmp_path / "OUT2", tmp_path / "OUT3"

    def stop(step: Any) -> None:
        if step.stage == "refining" and step.done >= 3:
            raise KeyboardInterrupt

    stopped = refine(moved, first, tiny_song, evaluations=8, on_progress=stop)
    assert stopped.ended == "stopped"
    assert 3 <= stopped.refinement.evaluations < 8
    rest = refine(moved, first, tiny_song, evaluations=8)
    whole = refine(moved, second, tiny_song, evaluations=8)
    assert rest.ended == whole.ended == "finished"
    assert rest.refinement == whole.refinement
    assert (first / PARAMS).read_bytes() == (second / PARAMS).read_bytes()
    assert (first / GRAPH).read_bytes() == (second / GRAPH).read_bytes()
    with pytest.raises(MixtraceError, match="--fresh"):
        refine(moved, first, tiny_song, evaluations=8, seed=1)


def test_mistakes_are_told_before_anything_is_written(
    tiny_song: Path, moved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    place = tmp_path / "OUT2"
    with pytest.raises(MixtraceError, match="stays as it is"):
        refine(moved, moved, tiny_song)
    with pytest.raises(MixtraceError, match="4 evaluations or more; got 3"):
        refine(moved, place, tiny_song, evaluations=3)
    with pytest.raises(MixtraceError, match="seed of 0 or more; got -1"):
        refine(moved, place, tiny_song, seed=-1)
    with pytest.raises(MixtraceError, match="got 'ardour'"):
        refine(moved, place, tiny_song, engine="ardour")
    known = importlib.util.find_spec
    monkeypatch.setattr(
        "mixtrace.refining.engine.find_spec",
        lambda name: None if name == "pedalboard" else known(name),
    )
    with pytest.raises(MixtraceError, match=r"pip install 'mixtrace\[refine\]'"):
        refine(moved, place, tiny_song)
    assert not place.exists()
