"""A collection from end to end: songs of a corpus become a data set that others can read."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from mixtrace import corpus
from mixtrace.errors import MixtraceError, StoreError
from mixtrace.processors import processor
from mixtrace.store import GRAPH, read_graph
from mixtrace.verbs import Collected, Limits, Shard, collect, stats
from tests.corpus.planted import Planted, write_song

SONGS = ("a", "b", "c")

ROOT = Path(__file__).parents[2]
PYTHON_PATH = os.pathsep.join((str(ROOT), str(ROOT / "src")))


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("songs")
    for seed, name in enumerate(SONGS):
        write_song(folder / name, seed)
    broken = folder / "d broken"
    (broken / "tracks").mkdir(parents=True)
    for path in (broken / "mix.wav", broken / "tracks" / "kick.wav"):
        path.write_bytes(b"no audio")
    return folder


@pytest.fixture(scope="module")
def collected(songs: Path, tmp_path_factory: pytest.TempPathFactory) -> Collected:
    folder = tmp_path_factory.mktemp("collected") / "data set"
    return collect(songs, folder, method=Planted(), crew=Limits(2).crew)


LEVELS_MOVE = ("fader_automation", "limiter")
"""What of a planted desk moves."""


def tables(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "tables").iterdir()}


def test_all_songs_are_done_but_the_broken_one(collected: Collected):
    assert collected.complete
    assert list(collected.done) == list(SONGS)
    assert list(collected.failed) == ["d broken"]
    assert collected.failed["d broken"].startswith("Expected audio")
    assert all(collected.standings[song].peak_bytes > 1e8 for song in SONGS)


def test_tables_say_what_the_graphs_say(collected: Collected):
    found = corpus.load(collected.folder)
    assert list(found) == list(SONGS)
    for song in SONGS:
        folder = collected.folder / "songs" / song
        stored = read_graph(folder / GRAPH)
        nodes = [row for row in found.tables["nodes"].to_pylist() if row["song"] == song]
        assert [row["node"] for row in nodes] == list(stored.graph.nodes)
        for row in nodes:
            if not stored.graph.nodes[row["node"]].is_processor:
                assert (row["wet"], row["settings"]) == (None, [])
                continue
            specs = {spec.name: spec for spec in processor(row["kind"]).params}
            assert {each["name"] for each in row["settings"]} == specs.keys()
            for each in row["settings"]:
                value = stored.settings.value(row["node"], each["name"])
                assert each["unit"] == specs[each["name"]].unit
                if each["vector"] is None:
                    assert np.array(each["values"], np.float32).tolist() == value.flatten().tolist()
                else:
                    assert torch.equal(
                        torch.from_numpy(found.vector(song, row["node"], each["name"])), value
                    )
        wires = [row for row in found.tables["edges"].to_pylist() if row["song"] == song]
        assert [(w["source"], w["destination"], w["level_db"], w["port"]) for w in wires] == [
            (e.source, e.destination, e.level_db, e.port) for e in stored.graph.edges
        ]
        # To and from an amplitude in double precision.
        assert [w["send_db"] for w in wires if w["send_db"] is not None] == pytest.approx([-9.0])


def test_intervals_weights_and_removed_processors_are_told(collected: Collected):
    found = corpus.load(collected.folder)
    faders = [row for row in found.tables["nodes"].to_pylist() if row["kind"] == "fader"]
    level = {each["name"]: each for each in faders[0]["settings"]}["level_db"]
    assert (level["low"], level["high"]) == ([-3.5], [-2.5])
    assert {each["name"]: each for each in faders[1]["settings"]}["level_db"]["low"] is None
    weighed = [row["l_a_without"] for row in found.tables["nodes"].to_pylist()]
    processors = sum(row["processors"] for row in found.tables["songs"].to_pylist())
    assert sum(value is not None for value in weighed) == processors
    assert max(value for value in weighed if value is not None) > 0.0
    (first, *_) = found.tables["removed"].to_pylist()
    assert (first["kind"], first["l_a"]) == ("gate", 0.5)
    row = found.tables["songs"].to_pylist()[0]
    assert row["found"] is True
    assert (row["tracks"], row["returns"], row["l_a_sum"], row["seed"]) == (3, 1, 1.5, 0)
    assert row["seconds"] == pytest.approx(4.0)  # exactly as many samples as were written
    assert {row["family"] for row in found.tables["tracks"].to_pylist()} == {
        "drums",
        "bass",
        "vocals",
    }


def test_gains_over_time_are_kept_with_every_song(collected: Collected):
    found = corpus.load(collected.folder)
    rows = found.tables["nodes"].to_pylist()
    for song in SONGS:
        curves = found.gains(song)
        told = {row["node"]: row["gain_vector"] for row in rows if row["song"] == song}
        assert {i: f"gain.{i}" for i in curves.gains_db} == {i: n for i, n in told.items() if n}
        ride, limiter = (found.graph(song).graph.of_kind(kind)[0] for kind in LEVELS_MOVE)
        assert sorted(curves.gains_db) == sorted((ride, limiter))
        # 22,050 Hz: frames of 441 samples; the last of them is whole.
        assert (curves.step_s, len(curves.gains_db[ride])) == (0.02, 200)
        # From 0 dB to -6 dB in four seconds, in the middle of each frame; steps of 1/256 dB.
        line = -1.5 * (np.arange(200) + 0.5) * 0.02
        np.testing.assert_allclose(curves.gains_db[ride], line, atol=0.002)
        assert (curves.gains_db[limiter] < -1.0).all()  # noise of 0.1 peaks above 0.1


def test_statistics_tell_what_moved_over_the_songs(collected: Collected, tmp_path: Path):
    made = stats(collected.folder, tmp_path / "stats")
    document, page = made.document(), made.page.read_text("utf-8")
    assert "Settings are estimates" in page and "none was found" not in page
    told = {
        (row["kind"], row["setting"]): row for row in document["settings"] if row["place"] == "all"
    }
    ride = told["fader_automation", "mean_gain_db"]
    assert (ride["count"], ride["unit"]) == (3, "dB")
    # A line from 0 to -6 dB; half-precision steps at most 1/256 dB.
    assert ride["mean"] == pytest.approx(-3.0, abs=0.002)
    low = told["fader_automation", "low_gain_db"]
    assert low["mean"] == pytest.approx(-5.7, abs=0.02)  # 95 % of the way, between two frames
    found = corpus.load(collected.folder)
    curves = [found.gains(song).gains_db for song in SONGS]
    limited = [
        gains[found.graph(song).graph.of_kind("limiter")[0]]
        for song, gains in zip(SONGS, curves, strict=True)
    ]
    assert told["limiter", "mean_gain_db"]["mean"] == pytest.approx(np.mean(limited), abs=1e-5)
    assert not [kind for kind, setting in told if setting == "mean_gain_db" and kind == "fader"]


def test_gains_that_are_lost_are_told_in_a_sentence(collected: Collected, tmp_path: Path):
    folder = tmp_path / "data set"
    shutil.copytree(collected.folder, folder)
    (folder / "songs" / "a" / corpus.GAINS).unlink()
    with pytest.raises(StoreError, match="Collect the corpus anew"):
        corpus.load(folder).gains("a")
    with pytest.raises(StoreError, match="Expected a song of the data set"):
        corpus.load(folder).gains("nobody")


@pytest.mark.parametrize("name", ["collection.json", "songs/a/song.json"])
def test_older_data_sets_are_told_in_a_sentence(
    songs: Path, collected: Collected, tmp_path: Path, name: str
):
    folder = tmp_path / "data set"
    shutil.copytree(collected.folder, folder)
    path = folder / name
    path.write_text(path.read_text().replace('/2"', '/1"'))
    with pytest.raises(StoreError, match="Use the version of mixtrace that wrote it"):
        collect(songs, folder, method=Planted())


def test_older_tables_are_told_in_a_sentence(collected: Collected, tmp_path: Path):
    folder = tmp_path / "data set"
    shutil.copytree(collected.folder, folder)
    path = folder / "tables" / "nodes.parquet"
    table = pq.read_table(path).drop_columns("gain_vector")
    pq.write_table(table.replace_schema_metadata({"mixtrace": "mixtrace.dataset/1"}), path)
    with pytest.raises(StoreError, match=r"follows 'mixtrace\.dataset/1'.*collect the corpus anew"):
        corpus.load(folder)


def test_others_read_the_tables_without_code_of_ours(collected: Collected, tmp_path: Path):
    datasets = pytest.importorskip("datasets", reason="needs the package datasets")
    read = datasets.load_dataset(
        str(collected.folder), "nodes", split="train", cache_dir=str(tmp_path)
    )
    assert read.num_rows == pq.read_table(collected.folder / "tables" / "nodes.parquet").num_rows
    assert set(read["kind"]) >= {"input", "fader", "send", "captured_reverb"}


def test_graphs_for_graph_networks_hold_the_settings(collected: Collected):
    pytest.importorskip("torch_geometric", reason="needs the extra graphs")
    found = corpus.load(collected.folder)
    data, stored = found.hetero("a"), found.graph("a")
    assert data.validate()
    names = corpus.feature_names("parametric_equalizer")
    row = data["parametric_equalizer"].x[0]
    node = int(data["parametric_equalizer"].node[0])
    assert row[names.index("bell_hz.1")] == stored.settings.value(node, "bell_hz")[1]
    assert row[names.index("bell_db.count")] == 2.0
    wires = sum(data[kind].edge_index.shape[1] for kind in data.edge_types)
    assert wires == len(stored.graph.edges)
    assert data["input", "main", "parametric_equalizer"].edge_index.tolist() == [[0, 1, 2]] * 2


def test_data_frames(collected: Collected):
    pytest.importorskip("pandas", reason="needs the extra graphs")
    frame = corpus.load(collected.folder).pandas("songs")
    assert list(frame["song"]) == list(SONGS)


SCRIPT = """
import sys
from mixtrace.verbs import Limits, collect
from tests.corpus.planted import Planted
if __name__ == "__main__":
    print(len(collect(sys.argv[1], sys.argv[2], method=Planted(), crew=Limits(2).crew).done))
"""


def test_a_collection_that_is_killed_goes_on_and_ends_the_same(
    songs: Path, collected: Collected, tmp_path: Path
):
    script, folder = tmp_path / "collecting.py", tmp_path / "data set"
    script.write_text(SCRIPT)
    command = [sys.executable, script, songs, folder]
    environment = {**os.environ, "PYTHONPATH": PYTHON_PATH}
    first = subprocess.Popen(command, env=environment)
    for _ in range(1200):
        if any((folder / "songs").glob("*/song.json")):
            break
        time.sleep(0.05)
    first.send_signal(signal.SIGKILL)
    first.wait()
    before = {path: path.stat().st_mtime_ns for path in (folder / "songs").glob("*/song.json")}
    assert before
    assert not (folder / "tables").exists()
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["3"]
    assert tables(folder) == tables(collected.folder)
    assert all(path.stat().st_mtime_ns == then for path, then in before.items())


def test_a_full_disk_ends_a_collection_in_a_sentence_and_no_song_is_to_blame(
    songs: Path, collected: Collected, tmp_path: Path
):
    script, folder = tmp_path / "collecting.py", tmp_path / "data set"
    script.write_text(
        "import resource, sys\n"
        "largest = int(sys.argv[3])\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))\n" + SCRIPT
    )
    environment = {**os.environ, "PYTHONPATH": PYTHON_PATH}

    def run(largest: int) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, script, songs, folder, str(largest)]
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    # The long settings of a song take 48 kB; all other files, the ledger too, take less than 40.
    full = run(40_000)
    assert full.returncode
    assert "the disk is full. Expected to write" in full.stderr
    assert not list((folder / "songs").glob("*/graph.json"))
    assert run(10**9).stdout.split() == ["3"]
    assert tables(folder) == tables(collected.folder)


def test_shards_make_one_data_set(songs: Path, collected: Collected, tmp_path: Path):
    crew, folder = Limits(1).crew, tmp_path / "data set"
    first = collect(songs, folder, method=Planted(), crew=crew, shard=Shard(1, 2))
    assert not first.complete
    assert list(first.done) == ["a", "c"]
    assert not (folder / "tables").exists()
    assert collect(songs, folder, method=Planted(), crew=crew, shard=Shard(2, 2)).complete
    assert tables(folder) == tables(collected.folder)


def test_what_another_run_holds_is_refused_and_stays(
    songs: Path, collected: Collected, tmp_path: Path
):
    before = tables(collected.folder)
    with pytest.raises(StoreError, match="way to find graphs is recipe planted, seed 0, not"):
        collect(songs, collected.folder, method=Planted(seed=1))
    other = tmp_path / "other"
    write_song(other / "a", 5)
    with pytest.raises(StoreError, match="whose corpus is"):
        collect(other, collected.folder, method=Planted())
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years of work")
    with pytest.raises(StoreError, match="no collection wrote"):
        collect(songs, tmp_path / "mine", method=Planted())
    with pytest.raises(StoreError, match="outside of what it is made from"):
        collect(songs, songs / "out", method=Planted())
    assert tables(collected.folder) == before


def test_versions_mix_only_where_it_is_asked_for(
    songs: Path, collected: Collected, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = tmp_path / "data set"
    shutil.copytree(collected.folder, folder)
    monkeypatch.setattr("mixtrace.verbs.collection_run.mixtrace_version", lambda: "9.9")
    with pytest.raises(StoreError, match=r"version of mixtrace is .*--mix-versions"):
        collect(songs, folder, method=Planted())
    again = collect(songs, folder, method=Planted(), mix_versions=True)
    assert list(again.done) == list(SONGS)


def test_a_lost_result_is_found_again_and_a_mended_song_on_request(
    songs: Path, collected: Collected, tmp_path: Path
):
    mended, folder = tmp_path / "songs", tmp_path / "data set"
    shutil.copytree(songs, mended)
    shutil.copytree(collected.folder, folder)
    document = (folder / "collection.json").read_text().replace(str(songs), str(mended))
    (folder / "collection.json").write_text(document)
    shutil.rmtree(folder / "songs" / "b")
    shutil.rmtree(mended / "d broken")
    write_song(mended / "d broken", 9)
    again = collect(mended, folder, method=Planted())
    assert list(again.done) == list(SONGS)
    assert list(collect(mended, folder, method=Planted(), retry=True).done) == [*SONGS, "d broken"]
    assert corpus.load(folder).graph("d broken").song == "d broken"


@pytest.mark.parametrize("text", ["0/3", "4/3", "3", "a/b", "1/0", "-1/2"])
def test_a_shard_that_is_none_is_refused(text: str):
    with pytest.raises(MixtraceError, match="Count from 1"):
        Shard.parse(text)


def test_damaged_data_sets_are_refused(collected: Collected, tmp_path: Path):
    with pytest.raises(StoreError, match="there is no"):
        corpus.load(tmp_path)
    folder = tmp_path / "data set"
    shutil.copytree(collected.folder, folder)
    (folder / "tables" / "nodes.parquet").write_bytes(b"PAR1 but not really PAR1")
    with pytest.raises(StoreError, match="cannot be read as one"):
        corpus.load(folder)
    shutil.copy(folder / "tables" / "songs.parquet", folder / "tables" / "nodes.parquet")
    with pytest.raises(StoreError, match="it has others"):
        corpus.load(folder)


def test_no_song_lies_outside_its_data_set(collected: Collected, tmp_path: Path):
    folder = tmp_path / "data set"
    shutil.copytree(collected.folder, folder)
    path = folder / "tables" / "songs.parquet"
    table = pq.read_table(path)
    places = ["../../etc", *table["folder"].to_pylist()[1:]]
    index = table.schema.get_field_index("folder")
    moved = table.set_column(index, table.schema.field("folder"), [places])
    pq.write_table(moved, path)
    with pytest.raises(StoreError, match="Do not use this data set"):
        corpus.load(folder).graph("a")


def test_rows_are_read_song_by_song(collected: Collected, tmp_path: Path):
    tables = corpus.load(collected.folder).tables
    wanted = {"nodes": ("node", "kind"), "removed": ("l_a",)}
    seen = list(tables.by_song(wanted))
    assert [song for song, _ in seen] == list(SONGS)
    nodes = [row for _, rows in seen for row in rows["nodes"]]
    assert nodes == tables["nodes"].select(["song", "node", "kind"]).to_pylist()
    assert [rows["removed"] for _, rows in seen] == [[{"song": song, "l_a": 0.5}] for song in SONGS]


def test_rows_in_another_order_are_refused(collected: Collected, tmp_path: Path):
    folder = tmp_path / "data set"
    shutil.copytree(collected.folder, folder)
    path = folder / "tables" / "nodes.parquet"
    table = pq.read_table(path)
    pq.write_table(table.take(list(range(table.num_rows))[::-1]), path)
    with pytest.raises(StoreError, match="in the order of the table of songs"):
        list(corpus.load(folder).tables.by_song({"nodes": ("node",)}))


def test_damage_within_a_table_is_told_when_it_is_read(collected: Collected, tmp_path: Path):
    folder = tmp_path / "data set"
    shutil.copytree(collected.folder, folder)
    path = folder / "tables" / "nodes.parquet"
    content = bytearray(path.read_bytes())
    content[4 : len(content) // 4] = bytes(len(content) // 4 - 4)  # the footer stays as it is
    path.write_bytes(content)
    found = corpus.load(folder)
    with pytest.raises(StoreError, match="cannot be read as one"):
        list(found.tables.by_song({"nodes": ("node", "kind", "strip_name")}))
    with pytest.raises(StoreError, match="cannot be read as one"):
        found.tables["nodes"]
