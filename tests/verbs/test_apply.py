"""`apply`: a result on its own song is itself; on others it is what was asked for, and told so."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from planted_desk import settings_of
from typer.testing import CliRunner

import mixtrace
from mixtrace.cli.main import app
from mixtrace.errors import MixtraceError, StoreError
from mixtrace.graph import Edge, Graph, Node, Strip
from mixtrace.methods import Inversion
from mixtrace.processors import Settings
from mixtrace.recovery import Recovery
from mixtrace.session import Session
from mixtrace.store import FIT, METRICS, read_fit, read_graph

Found = Callable[..., Path]


def a_desk(method: Recovery, session: Session, *rest: object) -> Inversion:
    """Stand for a search: compressor, ride and send on the first track, a reverb, a limiter."""
    names = [track.name for track in session.tracks]
    strips = {i: Strip(name, "track") for i, name in enumerate(names)}
    hall, master = len(names), len(names) + 1
    strips |= {hall: Strip("hall", "return"), master: Strip("master", "master")}
    nodes = {i: Node("input", i) for i in range(len(names))}
    nodes |= {10: Node("compressor", 0), 11: Node("fader_automation", 0), 12: Node("send", 0)}
    nodes |= {13: Node("mix", hall), 14: Node("parametric_reverb", hall)}
    nodes |= {15: Node("mix", master), 16: Node("limiter", master), 17: Node("output", master)}
    edges = [Edge(0, 10), Edge(10, 11), Edge(11, 12), Edge(12, 13), Edge(13, 14), Edge(14, 15)]
    edges += [Edge(11, 15), *(Edge(i, 15) for i in range(1, len(names)))]
    edges += [Edge(15, 16), Edge(16, 17)]
    own = {
        10: settings_of("compressor", threshold_db=-30.0, ratio=4.0),
        11: settings_of("fader_automation", knot_s=[0.0, 4.0], knot_db=[-3.0, 3.0]),
        12: settings_of("send", level_db=-10.0),
        14: settings_of("parametric_reverb"),
        16: settings_of("limiter", gain_db=2.0, ceiling_db=-6.0),
    }
    graph = Graph(strips, nodes, tuple(edges))
    losses = {"final": {"published": 0.5, "eq4": 0.5}}
    return Inversion(graph, Settings.of(own), graph, losses)


@pytest.fixture
def result(tiny_song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a fit that found the desk in the tiny song."""
    monkeypatch.setattr("mixtrace.recovery.method.Recovery.invert", a_desk)
    mixtrace.fit(tiny_song, tmp_path / "OUT", page=False)
    return tmp_path / "OUT"


def another(song: Path, folder: Path, gain: float = 1.0, *, mix: bool = True) -> Path:
    """Return a copy of a song as another take: its tracks louder or softer."""
    (folder / "tracks").mkdir(parents=True)
    for path in [*(song / "tracks").glob("*.wav"), *([song / "mix.wav"] if mix else [])]:
        audio, rate = soundfile.read(path)
        soundfile.write(folder / path.relative_to(song), gain * audio, rate, subtype="FLOAT")
    return folder


def heard(path: Path) -> np.ndarray:
    return soundfile.read(path)[0]


def test_on_its_own_song_a_result_is_itself(result: Path, tiny_song: Path, tmp_path: Path):
    again = tmp_path / "again"
    applied = mixtrace.apply(result, tiny_song, again)
    np.testing.assert_array_equal(heard(again / "mix.wav"), heard(result / "mix.wav"))
    assert read_graph(again / "graph.json").graph == read_graph(result / "graph.json").graph
    assert mixtrace.diff(result, again).found.changes == ()
    assert set(applied.matching.how.values()) == {"name"}
    assert not any("hreshold" in note for note in applied.notes)


def test_what_is_written_is_a_result_like_any_other(result: Path, tiny_song: Path, tmp_path: Path):
    out = tmp_path / "NEW"
    applied = mixtrace.apply(
        result, another(tiny_song, tmp_path / "take"), out, amounts={"eq": 0.5}
    )
    assert applied.lacking == ""
    page = (out / "report.html").read_text("utf-8")
    assert "take: mixed as tiny song" in page and "nothing was searched" in page
    assert "3 tracks" in str(mixtrace.show(out))
    mixtrace.render(out, tmp_path / "take", tmp_path / "again.wav")
    # Both are single precision, then steps of 24 bits.
    np.testing.assert_allclose(heard(tmp_path / "again.wav"), heard(out / "mix.wav"), atol=1e-6)
    mixtrace.export(out, "files", tmp_path / "DIR")  # it knows where its song lies
    assert read_fit(out)["recipe"]["amounts"] == {"eq": 0.5}
    assert mixtrace.report(out).is_file()


def test_thresholds_follow_a_softer_take_in_the_order_of_the_sound(
    result: Path, tiny_song: Path, tmp_path: Path
):
    softer = another(tiny_song, tmp_path / "take", 0.25)
    applied = mixtrace.apply(result, softer, keep_rides=True)
    settings = applied.stored.settings
    # A quarter is -12.04 dB. Behind a compressor that follows, the limiter hears as much less;
    # what a compressor hears in single precision moves that by a hundredth.
    assert settings[10].number("threshold_db") == pytest.approx(-42.04, abs=0.02)
    assert settings[16].number("ceiling_db") == pytest.approx(-18.04, abs=0.05)
    own = mixtrace.apply(result, tiny_song).mix
    np.testing.assert_allclose(applied.mix, 0.25 * own, atol=1e-3)


def test_rides_of_another_song_stay_out_unless_they_are_kept(
    result: Path, tiny_song: Path, tmp_path: Path
):
    take = another(tiny_song, tmp_path / "take", 0.9)
    without = mixtrace.apply(result, take)
    assert without.stored.graph.of_kind("fader_automation") == ()
    assert any("--keep-rides" in note for note in without.notes)
    kept = mixtrace.apply(result, take, keep_rides=True)
    assert kept.stored.graph.of_kind("fader_automation") == (11,)


def test_tracks_alone_have_neither_a_loss_nor_a_page(result: Path, tiny_song: Path, tmp_path: Path):
    take = another(tiny_song, tmp_path / "take", mix=False)
    out = tmp_path / "NEW"
    applied = mixtrace.apply(result, take, out)
    assert applied.measures is None
    assert any("no mix" in note for note in applied.notes)
    assert not (out / METRICS).exists() and not (out / "report.html").exists()
    assert (out / "mix.wav").is_file() and (out / FIT).is_file()
    assert "3 tracks" in str(mixtrace.show(out))
    mixtrace.export(out, "files", tmp_path / "DIR")
    again = mixtrace.apply(out, take)  # its source is found, too
    np.testing.assert_allclose(again.mix, applied.mix, atol=1e-6)


def test_tracks_that_are_not_like_any_pass_as_they_are(
    result: Path, tiny_song: Path, tmp_path: Path
):
    take = another(tiny_song, tmp_path / "take")
    (take / "tracks" / "01_Kick.wav").rename(take / "tracks" / "Zither.wav")
    applied = mixtrace.apply(result, take)
    graph = applied.stored.graph
    assert applied.matching.alone == ("Zither",) and applied.matching.gone == ("01_Kick",)
    # The kick alone fed the compressor and the return.
    assert [graph.nodes[i].kind for i in graph.processors] == ["limiter"]
    assert "hall" not in {strip.name for strip in graph.strips.values()}
    assert {graph.name(i) for i in graph.inputs} == {"02_Bass", "03_Voice", "Zither"}
    named = mixtrace.apply(result, take, tracks={"Zither": "01_Kick"})
    assert named.matching.how["Zither"] == "map"
    assert 10 in named.stored.graph.nodes
    assert [t.name for t in named.stored.tracks] == ["Zither", "02_Bass", "03_Voice"]


def test_a_song_that_moved_leaves_thresholds_where_they_were_and_says_so(
    result: Path, tiny_song: Path, tmp_path: Path
):
    take = another(tiny_song, tmp_path / "take", 0.25)
    shutil.move(tiny_song, tmp_path / "elsewhere")
    applied = mixtrace.apply(result, take)
    assert applied.stored.settings[10].number("threshold_db") == -30.0
    assert any(note.startswith("Thresholds stay where they were") for note in applied.notes)


def test_what_was_measured_at_the_fit_stands_in_for_a_song_that_moved(
    tiny_song: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("mixtrace.recovery.method.Recovery.invert", a_desk)
    mixtrace.fit(tiny_song, tmp_path / "OUT")
    take = another(tiny_song, tmp_path / "take", 0.25)
    shutil.move(tiny_song, tmp_path / "elsewhere")
    settings = mixtrace.apply(tmp_path / "OUT", take).stored.settings
    # What is stored is rounded to 0.06 dB.
    assert settings[10].number("threshold_db") == pytest.approx(-42.04, abs=0.07)


def test_amounts_are_of_tracks_by_either_name(result: Path, tiny_song: Path, tmp_path: Path):
    take = another(tiny_song, tmp_path / "take")
    (take / "tracks" / "01_Kick.wav").rename(take / "tracks" / "kick.wav")
    for name in ("01_Kick", "kick"):
        applied = mixtrace.apply(result, take, amounts={f"{name}/compressor": 0.0, "reverb": 0.5})
        assert 10 not in applied.stored.graph.nodes
        level_db = applied.stored.settings[12].number("level_db")
        assert level_db == pytest.approx(-16.02, abs=0.01)


def test_results_and_songs_are_not_written_over(result: Path, tiny_song: Path, tmp_path: Path):
    before = (result / "graph.json").read_bytes()
    with pytest.raises(StoreError, match="holds the one that is applied"):
        mixtrace.apply(result, tiny_song, result, fresh=True)
    with pytest.raises(StoreError, match="folder of its own"):
        mixtrace.apply(result, tiny_song, tiny_song / "tracks")
    out = tmp_path / "NEW"
    mixtrace.apply(result, tiny_song, out, page=False)
    mixtrace.apply(result, tiny_song, out, page=False)  # the same once more
    with pytest.raises(StoreError, match="--fresh"):
        mixtrace.apply(result, tiny_song, out, amounts={"eq": 0.0}, page=False)
    assert (result / "graph.json").read_bytes() == before


def test_nothing_in_common_or_no_song_writes_nothing(result: Path, tiny_song: Path, tmp_path: Path):
    take = another(tiny_song, tmp_path / "take")
    for number, path in enumerate(sorted((take / "tracks").iterdir())):
        path.rename(path.with_name(f"Zither {number}{'abc'[number]}.wav"))
    for song in (take, tmp_path / "absent"):
        with pytest.raises(MixtraceError):
            mixtrace.apply(result, song, tmp_path / "NEW")
        assert not (tmp_path / "NEW").exists()


def test_the_command_takes_several_amounts_after_one_option(
    result: Path, tiny_song: Path, tmp_path: Path
):
    out = tmp_path / "NEW"
    arguments = ["apply", str(result), str(tiny_song), "-o", str(out)]
    amounts = ["--amount", "dynamics=0", "reverb=50%", "--no-page"]
    said = CliRunner().invoke(app, [*arguments, *amounts, "--map", "01_Kick=01_Kick"])
    assert said.exit_code == 0, said.output
    assert "matched by" in said.output and "L_a against the song's own mix" in said.output
    kinds = {node["kind"] for node in json.loads((out / "graph.json").read_text())["nodes"]}
    assert not kinds & {"compressor", "limiter"}
    document = json.loads(CliRunner().invoke(app, ["diff", "--json", str(result), str(out)]).output)
    assert {(c["how"], c["what"]) for c in document["changes"]} == {
        ("removed", "compressor"),
        ("removed", "limiter"),
        ("turned", "send to hall"),
    }
