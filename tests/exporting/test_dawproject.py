"""DAWprojects: held against the schema, played from their text, opened by another reader."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree
from zipfile import ZipFile

import numpy as np
import pytest
from dawproject_facts import METADATA, faults
from dawproject_host import DawProjectHost, fact, only, value
from planted import HOSTILE, alone, difference_db, rendered, song

from mixtrace.exporting import Project, target
from mixtrace.graph import Graph

_READER = "MIXTRACE_DAWPROJECT_READER"
"""Names a folder where `npm install @opendaw/lib-dawproject@0.0.77 jsdom@26` was run."""


def written(project: Project, folder: Path) -> tuple[Path, tuple[str, ...]]:
    folder.mkdir(exist_ok=True)
    notes = target("dawproject").write(project, folder, lambda *step: None)
    (path,) = folder.iterdir()
    return path, notes


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> tuple[Path, tuple[str, ...]]:
    return written(song(), tmp_path_factory.mktemp("dawproject") / "plain")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> tuple[Path, tuple[str, ...]]:
    return written(song(HOSTILE), tmp_path_factory.mktemp("dawproject") / "hostile")


def named(host: DawProjectHost, name: str) -> ElementTree.Element:
    (track,) = (track for track in host.tracks if track.get("name") == name)
    return track


@pytest.mark.parametrize("names", ["plain", "hostile"])
def test_project_is_as_the_schema_has_it(names, request):
    path, _ = request.getfixturevalue(names)
    host = DawProjectHost(path)
    assert faults(host.project) == []
    assert host.metadata.tag == "MetaData"
    places = [METADATA.index(child.tag) for child in host.metadata]
    assert places == sorted(set(places))


def test_schema_facts_find_what_is_wrong(plain):
    def faulty(change) -> list[str]:
        project = DawProjectHost(plain[0]).project
        change(project)
        return faults(project)

    def swap(project: ElementTree.Element) -> None:
        channel = next(project.iter("Channel"))
        channel[:] = reversed(list(channel))

    def twice(project: ElementTree.Element) -> None:
        for track in project.iter("Track"):
            track.set("id", "id1")

    assert faulty(swap)[0].startswith("Channel holds")
    assert "id1 twice" in faulty(twice)
    assert faulty(lambda p: next(p.iter("Volume")).attrib.pop("unit")) == ["Volume lacks unit"]
    assert faulty(lambda p: next(p.iter("Send")).set("type", "after")) == ["Send type='after'"]
    assert faulty(lambda p: next(p.iter("Send")).set("destination", "x")) == ["x is nowhere"]


def test_song_sounds_like_the_mix_but_for_its_devices(plain):
    found = difference_db(DawProjectHost(plain[0]).mix(), rendered(song()))
    # One compressor has a knee and hears peaks ahead, the limiter looks ahead: -23 dB.
    assert -30.0 < found < -20.0


def test_song_is_played_alike_under_hostile_names(plain, hostile):
    mixes = [DawProjectHost(path).mix() for path, _ in (plain, hostile)]
    assert difference_db(mixes[1], mixes[0]) < -200.0  # the same numbers


@pytest.mark.parametrize(
    ("kind", "values", "limit_db"),
    [
        ("fader", {"level_db": -3.0, "pan": 0.4}, -120.0),  # 32 bits
        ("gain_panning", {"gain_db": [-2.0, 1.0]}, -120.0),
        ("fader_automation", {"knot_s": [0.0, 0.08], "knot_db": [-3.0, 0.0]}, -95.0),  # lines
        ("saturation", {"drive_db": 12.0}, -120.0),  # played as it was rendered
        (
            "compressor",  # what the format says is all that this one does
            {"threshold_db": -30.0, "ratio": 4.0, "knee_db": 0.0, "detector": 0.0},
            -90.0,
        ),
        ("compressor", {"threshold_db": -30.0, "ratio": 4.0, "knee_db": 6.0}, -12.0),  # RMS, knee
        ("gate", {"threshold_db": -40.0, "range_db": -24.0}, -8.0),  # hold, hysteresis
        ("limiter", {"gain_db": 12.0, "ceiling_db": -6.0}, -20.0),  # look-ahead
        # Near half the rate the cookbook's curves are narrower, and its low-pass turns the phase.
        ("parametric_equalizer", {"bell_db": [3.0, -4.0, 2.0, 6.0]}, -14.0),
        (
            "parametric_equalizer",  # in the bass they are one
            {"low_pass_db_per_octave": 0.0, "bell_hz": [200.0], "bell_db": [6.0], "bell_q": [1.0]},
            -45.0,
        ),
    ],
)
def test_one_processor_alone(kind, values, limit_db, tmp_path):
    project = alone(kind, values)
    path, _ = written(project, tmp_path / "alone")
    host = DawProjectHost(path)
    assert faults(host.project) == []
    assert difference_db(host.mix(), rendered(project)) < limit_db


def test_sends_lead_to_a_muted_return_beside_its_stem(plain):
    host = DawProjectHost(plain[0])
    room = only(named(host, "room"), "Channel")
    stem = only(named(host, "room as rendered"), "Channel")
    sends = [s for s in host.project.iter("Send") if s.get("destination") == room.get("id")]
    assert [value(send, "Volume") for send in sends] == pytest.approx([10**-0.4, 10**-0.6])
    assert room.get("role") == "effect"
    assert [fact(only(c, "Mute"), "value") for c in (room, stem)] == ["true", "false"]


def test_what_is_left_out_of_the_master_is_told_and_played_beside(tmp_path):
    project = alone("saturation", {"drive_db": 12.0})
    strips = {0: project.graph.strips[0], 1: project.graph.strips[1]}
    nodes = dict(project.graph.nodes)
    nodes[1] = type(nodes[1])("saturation", 1)
    project = Project(
        "song",
        project.sample_rate_hz,
        type(project.graph)(strips, nodes, project.graph.edges),
        project.settings,
        project.tracks,
    )
    path, notes = written(project, tmp_path / "master")
    host = DawProjectHost(path)
    assert faults(host.project) == []
    assert "the saturation of mix" in notes[0] and "left out" in notes[0]
    reference = named(host, "mix as rendered by mixtrace")
    assert fact(only(reference, "Channel/Mute"), "value") == "true"
    assert difference_db(host._clips(fact(reference, "id")), rendered(project)) < -120.0


def test_a_level_beyond_volumes_is_played_and_told_why(tmp_path):
    project = alone("fader", {"level_db": 14.8})
    path, (note,) = written(project, tmp_path / "loud")
    assert "(it adds 14.8 dB; volumes end at +12 dB here)" in note
    host = DawProjectHost(path)
    tracks = {track.get("name"): track for track in host.tracks}
    dry = next(track for name, track in tracks.items() if name not in ("voice", "mix"))
    assert fact(only(dry, "Channel/Mute"), "value") == "true"
    assert difference_db(host.mix(), rendered(project)) < -120.0
    (weighted,) = written(alone("compressor", {}, wet=0.5), tmp_path / "wet")[1]
    assert "(it is mixed with the sound that enters it)" in weighted


def test_free_eq_of_the_master_becomes_the_nearest_bands(tmp_path):
    hz = np.linspace(0.0, 15_000.0, 1024)
    bell_db = 6.0 * np.exp(-((np.log2(np.maximum(hz, 1.0) / 1000.0)) ** 2)) - 2.0
    base = alone("equalizer", {"magnitude_db": bell_db.tolist()})
    nodes = [("input", "voice"), ("equalizer", "mix"), ("output", "mix")]
    graph = Graph.of(nodes, [(0, 1), (1, 2)])
    project = Project("song", base.sample_rate_hz, graph, base.settings, base.tracks)
    path, notes = written(project, tmp_path / "bands")
    host = DawProjectHost(path)
    assert faults(host.project) == []
    assert "the nearest bands stand in for it" in notes[0]
    # Bands turn the phase, a free curve does not: that alone is -13 dB here.
    assert difference_db(host.mix(), rendered(project)) < -10.0


def test_notes_are_in_the_file(plain):
    path, notes = plain
    comment = only(DawProjectHost(path).metadata, "Comment").text or ""
    assert notes and all(note in comment for note in notes)
    assert any("saturation of bass" in note for note in notes)
    assert any("without a knee of 10 dB, 1 ms of look-ahead" in note for note in notes)


def test_archive_holds_plain_names_with_sizes_ahead(hostile):
    path, _ = hostile
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    with ZipFile(path) as archive:
        entries = archive.infolist()
        assert archive.testzip() is None
    told = {file.get("path") for file in DawProjectHost(path).project.iter("File")}
    assert {entry.filename for entry in entries} == told | {"project.xml", "metadata.xml"}
    for entry in entries:
        assert ".." not in Path(entry.filename).parts and not entry.filename.startswith("/")
        assert not entry.flag_bits & 8  # some readers want sizes before the content


def test_two_exports_are_the_same_file(plain, tmp_path):
    again, _ = written(song(), tmp_path / "again")
    assert again.read_bytes() == plain[0].read_bytes()


def test_a_fader_that_moves_before_a_device_ends_a_channel_of_its_own(tmp_path):
    base = alone("limiter", {"gain_db": 6.0})
    nodes = [("input", "voice"), ("fader_automation", "voice"), ("limiter", "voice")]
    graph = type(base.graph).of([*nodes, ("output", "mix")], [(0, 1), (1, 2), (2, 3)])
    ride = alone("fader_automation", {"knot_s": [0.0, 0.1], "knot_db": [-6.0, 0.0]}).settings[1]
    settings = type(base.settings).of({1: ride, 2: base.settings[1]})
    project = Project("song", base.sample_rate_hz, graph, settings, base.tracks)
    path, _ = written(project, tmp_path / "ride")
    host = DawProjectHost(path)
    assert faults(host.project) == []
    before = named(host, "voice before")
    assert before in list(named(host, "voice"))
    (points,) = host.project.iter("Points")
    target_of = fact(only(points, "Target"), "parameter")
    assert fact(only(before, "Channel/Volume"), "id") == target_of
    assert np.isfinite(host.mix()).all()


@pytest.mark.parametrize("names", ["plain", "hostile"])
def test_an_independent_reader_opens_it(names, request):
    folder = os.environ.get(_READER, "")
    if shutil.which("node") is None or not folder:
        pytest.skip(f"needs node, and {_READER} to name a folder with @opendaw/lib-dawproject")
    path, _ = request.getfixturevalue(names)
    script = Path(__file__).parent / "read_dawproject.mjs"
    run = ["node", str(script), folder, str(path)]
    told = subprocess.run(run, capture_output=True, text=True, check=True, encoding="utf-8").stdout
    found = json.loads(told.splitlines()[-1])
    host = DawProjectHost(path)
    assert (found["version"], found["application"]) == ("1.0", "mixtrace")
    flat, waiting = [], list(found["tracks"])
    while waiting:
        track = waiting.pop(0)
        flat.append(track)
        waiting[:0] = track["tracks"]
    assert [track["name"] for track in flat] == [track.get("name") for track in host.tracks]
    for track, told_by_us in zip(flat, host.tracks, strict=True):
        channel = only(told_by_us, "Channel")
        assert (track["role"], track["volume"]) == (channel.get("role"), value(channel, "Volume"))
        assert len(track["sends"]) == len(channel.findall("Sends/Send"))
    assert found["lanes"] == len(host.tracks)
    assert sorted(found["audio"]) == sorted(name for name in host.files if name.endswith(".wav"))
