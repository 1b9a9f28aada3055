"""Graphs that are stored beside their songs as a data set: as they are, whole, and in a moment."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import mixtrace
from mixtrace import corpus
from mixtrace.corpus import HereCrew, Job, Ledger, work_through
from mixtrace.errors import StoreError
from mixtrace.store import GRAPH, TRUTH
from mixtrace.verbs import Limits, Shard
from tests.corpus.planted import NAMES, RATE, Planted, write_song, write_truth

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return three songs with their truths, and three without a truth that can be used."""
    folder = tmp_path_factory.mktemp("songs")
    for seed, name in enumerate(("a", "b", "c", "damaged", "of others", "without")):
        write_song(folder / name, seed)
        if name != "without":
            names = ("drum", "bass") if name == "of others" else NAMES
            write_truth(folder / name, names, -float(seed))
    (folder / "damaged" / TRUTH / GRAPH).write_text("{}")
    return folder


@pytest.fixture(scope="module")
def dataset(songs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("truths") / "data set"
    collected = mixtrace.collect_truths(songs, folder)
    assert collected.complete
    assert list(collected.done) == ["a", "b", "c"]
    assert list(collected.failed) == ["damaged", "of others", "without"]
    assert "it is damaged, or another version" in collected.failed["damaged"]
    assert "which has no drum" in collected.failed["of others"]
    assert "there is none. Collect the corpus without --truth" in collected.failed["without"]
    return folder


def test_tables_hold_the_graphs_as_they_were_and_nothing_that_nobody_measured(dataset: Path):
    found = corpus.load(dataset)
    assert list(found) == ["a", "b", "c"]
    for level_db, song in enumerate(found):
        graph = found.graph(song).graph
        rows = [row for row in found.tables["nodes"].to_pylist() if row["song"] == song]
        assert [row["kind"] for row in rows] == [node.kind for node in graph.nodes.values()]
        assert [row["kind"] for row in rows].count("gate") == 1
        faders = [row for row in rows if row["kind"] == "fader"]
        for row in faders:
            (level,) = (each for each in row["settings"] if each["name"] == "level_db")
            assert (level["values"], level["low"]) == ([-float(level_db)], None)
        assert {row["strip_name"] for row in faders} == set(NAMES)
        assert {(row["l_a_without"], row["gain_vector"]) for row in rows} == {(None, None)}
    (song, *_) = found.tables["songs"].to_pylist()
    assert (song["seconds"], song["sample_rate_hz"], song["tracks"]) == (4.0, RATE, 3)
    assert song["found"] is False
    unknown = ("l_a", "l_a_sum", "mae", "console_processors", "seed", "ended", "gains_sha256")
    assert {song[name] for name in unknown} == {None}
    assert found.tables["removed"].num_rows == 0
    with pytest.raises(StoreError, match="the graph alone"):
        found.gains("a")


def test_the_card_says_that_nothing_was_found(dataset: Path):
    card = (dataset / "README.md").read_text()
    assert "as they were when the song was mixed" in card
    assert "estimates" not in card


def test_its_statistics_are_made(dataset: Path, tmp_path: Path):
    page = mixtrace.stats(dataset, tmp_path / "stats").page.read_text()
    assert "not known" in page  # L_a
    assert "Graphs are those that mixed the songs" in page
    assert "estimates" not in page


def test_nothing_is_repeated_and_shards_make_the_same(songs: Path, dataset: Path, tmp_path: Path):
    before = {path: path.stat().st_mtime_ns for path in dataset.glob("songs/*/*")}
    mixtrace.collect_truths(songs, dataset)
    assert {path: path.stat().st_mtime_ns for path in dataset.glob("songs/*/*")} == before
    assert not mixtrace.collect_truths(songs, tmp_path / "parts", shard=Shard(2, 2)).complete
    assert mixtrace.collect_truths(songs, tmp_path / "parts", shard=Shard(1, 2)).complete
    for path in (dataset / "tables").iterdir():
        assert pq.read_table(path).equals(pq.read_table(tmp_path / "parts" / "tables" / path.name))


def test_a_folder_of_found_graphs_is_refused(songs: Path, dataset: Path, tmp_path: Path):
    with pytest.raises(StoreError, match="way to find graphs is recipe truth, not recipe planted"):
        mixtrace.collect(songs, dataset, method=Planted(), crew=Limits(1).crew)


SCRIPT = """
import sys
import mixtrace
mixtrace.collect_truths(sys.argv[1], sys.argv[2])
"""


def test_killed_while_it_writes_it_goes_on(songs: Path, dataset: Path, tmp_path: Path):
    script, folder = tmp_path / "truths.py", tmp_path / "data set"
    script.write_text(SCRIPT)
    command = [sys.executable, script, songs, folder]
    root = Path(__file__).parents[2]
    paths = os.pathsep.join((str(root), str(root / "src")))
    environment = {**os.environ, "PYTHONPATH": paths}
    first = subprocess.Popen(command, env=environment)
    for _ in range(4000):
        if (folder / "songs" / "a" / "song.json").exists():
            break
        time.sleep(0.005)
    first.send_signal(signal.SIGKILL)
    first.wait()
    mixtrace.collect_truths(songs, folder)
    for path in (dataset / "tables").iterdir():
        assert path.read_bytes() == (folder / "tables" / path.name).read_bytes()
    left = [path.name for path in folder.rglob("*") if path.name.startswith(".mixtrace")]
    assert not left


def test_a_mistake_of_ours_is_tried_three_times_and_told(tmp_path: Path):
    tries: list[str] = []

    def task(song: str) -> None:
        tries.append(song)
        if song == "b":
            raise RuntimeError("no such thing")

    ledger = Ledger(tmp_path / "ledger.sqlite")
    ledger.enter("abc")
    jobs = [Job(song, lambda: 0, (song,)) for song in "abc"]
    ended = {each.song: each for each in work_through(jobs, HereCrew(task), ledger)}
    assert sorted(tries) == ["a", "b", "b", "b", "c"]
    assert ended["b"].why == "It failed: RuntimeError: no such thing"
    assert {ended["a"].how, ended["c"].how} == {"done"}
    ledger.close()
