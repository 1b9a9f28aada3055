"""Projects of REAPER: their text read by an independent parser, and the song played from it."""

from pathlib import Path

import pytest
from planted import HOSTILE, RATE_HZ, alone, difference_db, rendered, song

from mixtrace.exporting import Project, target
from mixtrace.exporting.reaper import effects
from mixtrace.exporting.splitting import split
from mixtrace.graph import Graph
from mixtrace.processors import Settings

rpp = pytest.importorskip("rpp", reason="reads projects of REAPER; pip install rpp")

from rpp_host import RppHost, lines  # noqa: E402, it needs rpp


def written(project: Project, folder: Path) -> RppHost:
    folder.mkdir()
    target("reaper").write(project, folder, lambda *step: None)
    (path,) = folder.glob("*.rpp")
    return RppHost(path)


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> RppHost:
    return written(song(), tmp_path_factory.mktemp("reaper") / "plain")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> RppHost:
    return written(song(HOSTILE), tmp_path_factory.mktemp("reaper") / "hostile")


def test_song_is_played_as_mixtrace_renders_it(plain):
    # Effects are below -100 dB each; a line in dB is drawn to 1e-5 of the gain.
    assert difference_db(plain.mix(), rendered(song())) < -90.0


def test_song_is_played_alike_under_hostile_names(plain, hostile):
    assert difference_db(hostile.mix(), plain.mix()) < -200.0  # the same numbers


def test_folders_are_what_feeds_a_bus(plain):
    parents = dict(zip(plain.names(), plain._parents, strict=True))
    told = {name: None if at is None else plain.names()[at] for name, at in parents.items()}
    assert told == {
        "mix": None,
        "bass": "mix",
        "voice": "mix",
        "voice before": "voice",
        "keys": "mix",
        "drums": "mix",
        "kick": "drums",
        "room": "mix",
        "idle kick": None,
    }


def test_sends_have_their_level_and_leave_where_they_did(plain):
    names = plain.names()
    room = plain.tracks[names.index("room")]
    told = [(names[int(line[0])], line[1], float(line[2])) for line in lines(room, "AUXRECV")]
    assert [line[:2] for line in told] == [("voice before", "0"), ("keys", "0")]
    assert [line[2] for line in told] == pytest.approx([10**-0.4, 10**-0.6], abs=1e-9)


def test_side_chain_arrives_on_channels_three_and_four(plain):
    names = plain.names()
    bass = plain.tracks[names.index("bass")]
    assert lines(bass, "NCHAN") == [["4"]]
    assert [(names[int(s)], into) for s, *_, into, _, _, _, _ in lines(bass, "AUXRECV")] == [
        ("kick", "2")
    ]


def test_a_track_that_is_not_heard_is_muted(plain):
    idle = plain.tracks[plain.names().index("idle kick")]
    assert lines(idle, "MUTESOLO") == [["1", "0", "0"]]
    assert lines(idle, "MAINSEND") == [["0", "0"]]


def test_files_stay_in_the_folder_and_their_names_are_plain(hostile):
    files = [path for path in hostile.folder.rglob("*") if path.is_file()]
    root = hostile.folder.resolve()
    assert all(path.resolve().is_relative_to(root) for path in files)
    effects = [path for path in files if path.suffix == ".jsfx"]
    assert effects
    for path in effects:
        assert str(path.relative_to(root)).isascii()
        head = path.read_text("utf-8").split("@init")[0]
        assert head.isascii() and head.startswith("desc:mixtrace ")


def test_hostile_names_come_back_from_the_parser(hostile):
    names = hostile.names()
    assert "鍵盤 🎹 " + 300 * "k" in names
    assert "-..-etc-bass]]>&<b>" in names
    # REAPER has three marks to set a text in: where it holds all, one is replaced.
    assert "kick \"8\" \u2019x\u2019 'y'" in names


def test_note_on_installing_has_two_lines(plain):
    note = (plain.folder / "INSTALL.txt").read_text("utf-8")
    assert note.count("\n") == 2 and "resource path" in note


def test_project_survives_being_written_by_the_parser(hostile):
    again = rpp.loads(rpp.dumps(hostile.project))
    assert [lines(t, "NAME") for t in again.findall(".//TRACK")] == [
        lines(t, "NAME") for t in hostile.tracks
    ]


def test_fader_beyond_the_range_becomes_an_effect(tmp_path):
    project = alone("gain_panning", {"gain_db": [20.0, 20.0]})
    host = written(project, tmp_path / "loud")
    assert host.project.findall(".//JS")
    assert difference_db(host.mix(), rendered(project)) < -100.0


def test_fader_that_moves_before_an_effect_is_a_table_and_told(tmp_path):
    ride = alone("fader_automation", {"knot_s": [0.01, 0.1], "knot_db": [-6.0, 0.0]}).settings[1]
    base = alone("limiter", {"gain_db": 12.0, "ceiling_db": -6.0})
    nodes = [("input", "voice"), ("fader_automation", "voice"), ("limiter", "voice")]
    graph = Graph.of([*nodes, ("output", "mix")], [(0, 1), (1, 2), (2, 3)])
    settings = Settings.of({1: ride, 2: base.settings[1]})
    project = Project("song", RATE_HZ, graph, settings, base.tracks)
    (tmp_path / "ride").mkdir()
    (note,) = target("reaper").write(project, tmp_path / "ride", lambda *step: None)
    assert "fader automation of voice" in note
    (path,) = (tmp_path / "ride").glob("*.rpp")
    assert difference_db(RppHost(path).mix(), rendered(project)) < -90.0  # lines, to 1e-5


def test_response_too_long_for_an_effect_is_played(tmp_path, monkeypatch):
    monkeypatch.setattr(effects, "_MOST_WORDS", 1000)
    project = alone("equalizer", {"magnitude_db": [3.0] * 1024})
    (tmp_path / "long").mkdir()
    (note,) = target("reaper").write(project, tmp_path / "long", lambda *step: None)
    assert note.startswith("No effect is written for the EQ of voice")
    (path,) = (tmp_path / "long").glob("*.rpp")
    assert difference_db(RppHost(path).mix(), rendered(project)) < -120.0  # 32 bits


def test_project_has_the_rate_of_the_mix(plain):
    assert lines(plain.project, "SAMPLERATE") == [[str(RATE_HZ), "1", "0"]]


def test_split_leads_the_feeds_to_the_part_that_is_meant():
    channels = song().channels
    (kick,) = (channel for channel in channels if channel.name == "kick")
    parts = split(channels, lambda channel: {1} if channel.name in ("kick", "bass") else set())
    by_name = {part.name: part for part in parts}
    assert by_name["kick before"].processors == kick.processors[:1]
    assert by_name["kick before"].input is not None and by_name["kick"].input is None
    assert [(f.after, f.into) for f in by_name["kick before"].feeds] == [(1, "kick"), (0, "bass")]
    assert [(f.after, f.into) for f in by_name["kick"].feeds] == [(1, "drums")]
