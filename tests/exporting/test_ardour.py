"""Sessions of Ardour: their structure, and what the program itself makes of them."""

import base64
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import numpy as np
import planted
import pytest
import soundfile

from mixtrace.exporting import TARGETS, Project
from mixtrace.exporting.ardour.lines import drawn, points_of
from mixtrace.exporting.rides import Line
from mixtrace.graph import Graph

RATE = 44_100

DESK = """\
Route K<i>ck & "co"'s [AudioTrack] -> bus
  diskreader player:K<i>ck & "co"'s
  lv2 EQ
  amp 1
Route 声-низ- [AudioTrack] -> master
  diskreader player:声-низ-
  luaproc saturation
  intsend hall 0.398107
  amp 0.853652
Route bass [AudioTrack] -> bus
  diskreader player:bass
  luaproc compressor
  amp 0.853652
Route hall [AudioBus] -> master
  intreturn Return
  lv2 captured reverb
  intsend hall to master 0.707946
  luaproc sends alone
  amp 1
Route bus [AudioBus] -> master
  intreturn Return
  intsend bus 2 1
  luaproc compressor
  intsend bus 2 0.501187
  luaproc sends alone
  amp 1
Route bus 2 [AudioBus] -> master
  intreturn Return
  luaproc stereo imager
  amp 1
Route hall to master [AudioBus] -> master
  intreturn Return
  amp 1
Route master [MasterOut] -> system:playback_1
  luaproc limiter
  amp 1
Route BASS 2 [AudioTrack] -> master (muted)
  diskreader player:BASS 2
  amp 1
"""


@pytest.fixture(scope="module")
def exports(benchmark_module: Callable[[str], ModuleType]) -> ModuleType:
    return benchmark_module("exports")


def written(project: Project, folder: Path) -> tuple[str, ...]:
    folder.mkdir()
    return TARGETS["ardour"].write(project, folder, lambda *step: None)


def test_a_side_chain_has_a_channel_that_leads_to_it(exports: ModuleType, tmp_path: Path):
    project = exports.keyed(RATE)
    (note,) = written(project, tmp_path / "out")
    assert "listens to another sound" in note
    session = ElementTree.parse(next((tmp_path / "out").glob("*.ardour"))).getroot()
    lines = told(session).splitlines()
    assert "Route kick to bass side-chain [AudioBus] -> side-chain 3" in lines
    assert "  intsend kick to bass side-chain 1.99526" in lines


def told(session: ElementTree.Element) -> str:
    """Return the routes of a session in lines: what stands on them, and where they lead."""
    lines = []
    for route in session.iter("Route"):
        (flags,) = (info.get("flags", "") for info in route.iter("PresentationInfo"))
        outputs = next(io for io in route.findall("IO") if io.get("direction") == "Output")
        others = [c.get("other", "") for c in outputs[0].iter("Connection")]
        led = ", ".join(other.split("/audio_in")[0] for other in others)
        muted = " (muted)" if route.find("MuteMaster[@muted='1']") is not None else ""
        lines.append(f"Route {route.get('name')} [{flags.split(',')[0]}] -> {led}{muted}")
        for made in route.findall("Processor"):
            kind = made.get("type")
            if kind not in ("meter", "main-outs"):
                control = made.find("Controllable[@name='gaincontrol']")
                gain = "" if control is None else f" {float(control.get('value', '')):.6g}"
                name = "" if kind == "amp" else f" {made.get('name')}"
                lines.append(f"  {kind}{name}{gain}")
    return "".join(f"{line}\n" for line in lines)


def test_a_planted_desk_is_written_as_it_stands(exports: ModuleType, tmp_path: Path):
    project = exports.desk(RATE)
    assert written(project, tmp_path / "out") == ()
    (file,) = (tmp_path / "out").glob("*.ardour")
    assert file.name == "_Söng_ _1_.ardour"
    session = ElementTree.parse(file).getroot()
    assert told(session) == DESK
    assert session.get("sample-rate") == str(RATE)
    ids = [part.get("id") for part in session.iter() if part.get("id") and part.tag != "Port"]
    assert len(ids) == len(set(ids))


LONG = {"kick": "k" * 250, "bass": "k" * 251, "voice": "鍵" * 240, "drums": "d" * 255}


def test_names_too_long_for_ports_are_cut_and_kept_in_comments(tmp_path: Path):
    """Ardour's ports hold 255 bytes, its own name and the direction included."""
    written(planted.song(LONG), tmp_path / "out")
    session = ElementTree.parse(next((tmp_path / "out").glob("*.ardour"))).getroot()
    ports = [port.get("name", "") for port in session.iter("Port") if port.get("name")]
    assert max(len(f"ardour:{name}".encode()) for name in ports) < 225
    routes = {str(route.get("name")): route.findtext("Comment") for route in session.iter("Route")}
    assert len(routes) == len(session.findall("Routes/Route"))
    assert set(LONG.values()) <= set(routes.values())
    assert routes["keys"] is None
    led = {c.get("other", "").split("/audio_in")[0] for c in session.iter("Connection")}
    assert {name for name in led if not name.startswith(("system:", "side-chain "))} <= set(routes)


def test_every_track_is_a_whole_stereo_file_in_the_folder(exports: ModuleType, tmp_path: Path):
    project = exports.desk(RATE)
    written(project, tmp_path / "out")
    session = ElementTree.parse(next((tmp_path / "out").glob("*.ardour"))).getroot()
    audio = tmp_path / "out/interchange/_Söng_ _1_/audiofiles"
    names = {source.get("name") for source in session.iter("Source")}
    assert names == {path.name for path in audio.iterdir()}
    tracks = [*project.tracks, *project.unused]
    for path, track in zip(sorted(audio.iterdir()), tracks, strict=True):
        samples, rate_hz = soundfile.read(path, dtype="float32")
        assert rate_hz == RATE
        np.testing.assert_array_equal(samples.T, track)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]  # nothing beside it


def test_lua_has_a_knob_for_every_parameter(exports: ModuleType, tmp_path: Path):
    project = exports.desk(RATE)
    written(project, tmp_path / "out")
    session = ElementTree.parse(next((tmp_path / "out").glob("*.ardour"))).getroot()
    limiter = next(p for p in session.iter("Processor") if p.get("name") == "limiter")
    script = base64.b64decode(limiter.findtext("luaproc/script") or "").decode()
    assert "ceiling_db = c[2]" in script and "function dsp_run" in script
    knobs = {c.get("name"): float(c.get("value", "")) for c in limiter.findall("Controllable")}
    assert knobs == {"gain": 8.0, "ceiling": -6.0, "release": 100.0, "look-ahead": 5.0, "wet": 1.0}


def test_switches_and_bells_have_names_in_lua(exports: ModuleType, tmp_path: Path):
    project, _ = exports.kinds(RATE)
    written(project, tmp_path / "out")
    session = ElementTree.parse(next((tmp_path / "out").glob("*.ardour"))).getroot()
    texts = [base64.b64decode(made.text or "").decode() for made in session.iter("script")]
    scripts = "\n".join(texts)
    assert 'enum = true, scalepoints = { ["peak"] = 0.0, ["RMS"] = 1.0 }' in scripts
    assert '["off"] = 0.0, ["6 dB/oct"] = 6.0' in scripts
    assert 'name = "bell 2 frequency", min = 20.0' in scripts


def test_drawn_lines_follow_a_ride():
    """What the fader makes of the points, step by step, is the ride a quarter of a block later."""
    knots_s, knots_db = np.array([0.0, 0.3, 0.6, 1.0]), np.array([-12.0, -12.0, 3.0, -6.0])

    def gain(moments_s: np.ndarray) -> np.ndarray:
        return 10.0 ** (np.interp(moments_s, knots_s, knots_db) / 20.0)

    samples, gains = points_of(Line(gain, knots_s), RATE)
    line = np.concatenate(
        [
            drawn(first, second, np.arange(end - begin) / (end - begin))
            for begin, end, first, second in zip(
                samples[:-1], samples[1:], gains[:-1], gains[1:], strict=True
            )
        ]
    )
    followed, level = np.empty(len(line)), line[0]
    for place, wanted in enumerate(line):
        followed[place] = level
        level += 156.825 / RATE * (wanted - level)
    expected = gain((np.arange(len(line)) + 256) / RATE)
    # A line is within 1e-5 of the ride, and passes a bend up to a sample late.
    assert np.abs(followed / expected - 1.0).max() < 5e-4
    assert np.sqrt(np.mean((followed / expected - 1.0) ** 2)) < 3e-5


def heard(exports: ModuleType, project: Project, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return what mixtrace and Ardour make of a project."""
    if shutil.which(exports.PROGRAM) is None:
        pytest.skip(f"Ardour is absent: expected {exports.PROGRAM}, of Debian's package ardour")
    written(project, folder)
    want = exports.rendered(project)
    return want, exports.ardour_mix(folder, want)


RIDES_DB = -50.0
"""Ardour moves its faders late by the output latency, which varies from run to run by 16 samples:
at 40 dB a second that is -53 dB."""


@pytest.mark.timeout(600)
def test_every_kind_sounds_in_ardour_as_in_mixtrace(exports: ModuleType, tmp_path: Path):
    project, names = exports.kinds(RATE)
    want, got = heard(exports, project, tmp_path / "out")
    levels_db = exports.slots_db(target=want, estimate=got, count=len(names))
    wrong = {
        name: level_db
        for name, level_db in zip(names, levels_db, strict=True)
        if level_db > (RIDES_DB if name.endswith("automation") else -90.0)
    }
    assert not wrong


@pytest.mark.timeout(600)
def test_a_side_chain_hears_in_ardour_what_it_hears_in_mixtrace(
    exports: ModuleType, tmp_path: Path
):
    """Under names that would be silent if they were not cut."""
    project = exports.keyed(RATE)
    long = {i: replace(s, name=f"{s.name} {240 * 'x'}") for i, s in project.graph.strips.items()}
    graph = Graph(long, project.graph.nodes, project.graph.edges)
    want, got = heard(exports, replace(project, graph=graph), tmp_path / "out")
    assert exports.null_db(target=want, estimate=got) < -90.0


@pytest.mark.timeout(600)
def test_a_desk_sounds_in_ardour_as_in_mixtrace(exports: ModuleType, tmp_path: Path):
    want, got = heard(exports, exports.desk(RATE), tmp_path / "out")
    assert exports.null_db(target=want, estimate=got) < -90.0
