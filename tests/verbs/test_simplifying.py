"""`simplify`: a result of its own, what was done told in it, and the old one as it was."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

import mixtrace
from mixtrace.errors import MixtraceError
from mixtrace.graph import Graph
from mixtrace.interpret import node_of
from mixtrace.processors import Settings
from mixtrace.rendering import render_song
from mixtrace.session import Alignment
from mixtrace.store import GRAPH, PARAMS, StoredGraph, StoredTrack, read_graph, write_graph

RATE = 22_050
SEARCHED = {"threshold_db": -30.0, "slope": -0.6, "knee_db": 6.0, "time_ms": 20.0}


def searched() -> StoredGraph:
    """Return a graph of what only a search turns: a tilted curve, a compressor, two gains."""
    nodes = [("input", "03_Voice")]
    kinds = ("equalizer", "one_pole_compressor", "gain_panning", "gain_panning", "stereo_imager")
    nodes += [(kind, "03_Voice") for kind in kinds]
    nodes += [("input", "01_Kick"), ("input", "02_Bass"), ("output", "master")]
    edges = [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 8), (6, 8), (7, 8)]
    curve_db = 6.0 / (1.0 + (torch.arange(1024) * 14.66 / 800.0) ** 2) - 2.0
    settings = {
        1: node_of("equalizer", magnitude_db=curve_db),
        2: node_of("one_pole_compressor", **SEARCHED),
        3: node_of("gain_panning", gain_db=torch.tensor([-3.0, -1.0])),
        4: node_of("gain_panning", gain_db=torch.tensor([2.0, 2.0])),
        5: node_of("stereo_imager", side_gain_db=0.0),
    }
    names = ("03_Voice", "01_Kick", "02_Bass")
    tracks = tuple(StoredTrack(name, name, Alignment()) for name in names)
    return StoredGraph("tiny song", tracks, Graph.of(nodes, edges), Settings.of(settings))


@pytest.fixture
def out(tiny_song: Path, tmp_path: Path) -> Path:
    """Return a result that mixes the tiny song, all but for a little noise."""
    stored, audio = searched(), []
    for name in ("03_Voice", "01_Kick", "02_Bass"):
        own = soundfile.read(tiny_song / "tracks" / f"{name}.wav", always_2d=True)[0]
        audio.append(torch.from_numpy(own.T.astype(np.float32)))
    mix = render_song(stored.graph, stored.settings, audio, RATE).numpy()
    mix = mix + 0.003 * np.random.default_rng(9).standard_normal(mix.shape)
    soundfile.write(tiny_song / "mix.wav", mix.T, RATE, subtype="FLOAT")
    folder = tmp_path / "OUT"
    folder.mkdir()
    write_graph(stored, folder / GRAPH, folder / PARAMS)
    return folder


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_a_result_of_dials_that_tells_what_was_done(tiny_song: Path, out: Path, tmp_path: Path):
    before, stages = digests(out), []
    simple = mixtrace.simplify(
        out,
        tmp_path / "OUT2",
        song=tiny_song,
        most_loss=10.0,
        on_progress=lambda step: stages.append(step.stage),
    )
    assert digests(out) == before
    assert {"looking for dials", "weighing"} <= set(stages)
    graph = read_graph(tmp_path / "OUT2" / GRAPH).graph
    kinds = [graph.nodes[i].kind for i in graph.order if graph.nodes[i].is_processor]
    assert kinds == ["parametric_equalizer", "compressor", "fader"]
    done = simple.simplification
    outcomes = [change.outcome for change in done.changes]
    assert sorted(outcomes) == ["joined", "joined", "left out", "replaced", "replaced"]
    assert all(change.off_db <= change.most_db for change in done.changes)
    assert done.after == simple.measures.published.l_a

    shown = str(mixtrace.show(tmp_path / "OUT2"))
    assert f"Simplified in 5 places: L_a {done.before:.4f} before, {done.after:.4f} after" in shown
    page = (tmp_path / "OUT2/report.html").read_text("utf-8")
    assert "What was simplified" in page and "one pole compressor" in page
    mixtrace.report(tmp_path / "OUT2")
    exported = mixtrace.export(tmp_path / "OUT2", "files", tmp_path / "files")
    assert (exported.folder / "settings.csv").exists()


def test_what_costs_too_much_is_taken_back(tiny_song: Path, out: Path, tmp_path: Path):
    place = tmp_path / "OUT2"
    simple = mixtrace.simplify(out, place, song=tiny_song, most_loss=0.0, audio=False, page=False)
    kinds = {change.was[0]: change.outcome for change in simple.simplification.changes}
    # The mix was made with the searched compressor: another one can but be worse.
    assert kinds["one_pole_compressor"] == "too dear"
    assert kinds["stereo_imager"] == "left out"
    assert read_graph(place / GRAPH).graph.of_kind("one_pole_compressor")
    assert not (place / "mix.wav").exists()


def test_nothing_to_simplify_is_written_all_the_same(tiny_song: Path, out: Path, tmp_path: Path):
    first, second = tmp_path / "OUT2", tmp_path / "OUT3"
    mixtrace.simplify(out, first, song=tiny_song, most_loss=10.0, audio=False, page=False)
    simple = mixtrace.simplify(first, second, audio=False, page=False)
    assert simple.simplification.changes == ()
    assert str(mixtrace.show(second)).count("Nothing could be simplified") == 1
    assert read_graph(second / GRAPH).graph == read_graph(first / GRAPH).graph


def test_the_result_itself_is_never_written_to(tiny_song: Path, out: Path):
    before = digests(out)
    with pytest.raises(MixtraceError, match="stays as it is"):
        mixtrace.simplify(out, out, song=tiny_song, fresh=True)
    assert digests(out) == before


def test_mistakes_are_told_before_anything_is_written(tiny_song: Path, out: Path, tmp_path: Path):
    place = tmp_path / "OUT2"
    with pytest.raises(MixtraceError, match="--song"):
        mixtrace.simplify(out, place)
    with pytest.raises(MixtraceError, match="0 % or more"):
        mixtrace.simplify(out, place, song=tiny_song, most_loss=float("nan"))
    (tiny_song / "tracks/02_Bass.wav").unlink()
    with pytest.raises(MixtraceError, match="02_Bass"):
        mixtrace.simplify(out, place, song=tiny_song)
    assert not place.exists()


def test_another_result_in_the_folder_is_kept(tiny_song: Path, out: Path, tmp_path: Path):
    place = tmp_path / "OUT2"
    mixtrace.simplify(out, place, song=tiny_song, most_loss=10.0, audio=False, page=False)
    before = digests(place)
    with pytest.raises(MixtraceError, match="--fresh"):
        mixtrace.simplify(out, place, song=tiny_song, most_loss=0.5, audio=False, page=False)
    assert digests(place) == before
