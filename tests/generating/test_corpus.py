"""A corpus on disk: whole songs, the same however many processes made it and died on the way."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

import mixtrace
from mixtrace.datasets import open_dataset
from mixtrace.errors import MixtraceError, StoreError
from mixtrace.generating import CORPUS, CORPUS_SCHEMA, corpus
from mixtrace.metrics import measure
from mixtrace.progress import Progress
from mixtrace.rendering import render_song
from mixtrace.session import find_song, read_session
from mixtrace.store import GRAPH, PARAMS, TRUTH, read_document, read_graph, write_document

SECONDS = 8.0
SCRIPT = """
import sys
import mixtrace
if __name__ == "__main__":
    mixtrace.generate(sys.argv[1], 3, seed=3, seconds=8.0, workers=int(sys.argv[2]))
"""


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated") / "corpus"
    generated = mixtrace.generate(folder, 3, seed=3, seconds=SECONDS)
    assert (generated.songs, generated.made) == (3, 3)
    return folder


def test_a_song_is_read_as_any_song_and_its_truth_as_any_graph(made: Path):
    assert open_dataset(made, None).ids() == ("0001", "0002", "0003")
    for number in ("0001", "0002", "0003"):
        song = made / number
        session = read_session(song, align=False)
        assert (session.name, session.sample_rate_hz) == (number, 44_100)
        stored = read_graph(song / TRUTH / GRAPH)
        assert [track.name for track in stored.tracks] == [t.name for t in session.tracks]
        assert [track.group for track in stored.tracks] == [t.group for t in session.tracks]
        dry = [torch.from_numpy(np.ascontiguousarray(track.audio)) for track in session.tracks]
        mix = render_song(stored.graph, stored.settings, dry, 44_100).numpy()
        # 24 bits: steps of 2^-23, rounded to half of one.
        np.testing.assert_allclose(mix, session.mix, atol=2.0**-24 + 1e-9)


def test_the_truth_is_beside_the_song_and_no_track_of_it(made: Path):
    paths = {path.relative_to(made / "0001").parts[0] for path in find_song(made / "0001").paths}
    assert paths == {"tracks", "mix.wav"}
    assert {path.name for path in (made / "0001" / TRUTH).iterdir()} == {GRAPH, PARAMS}


def test_more_songs_are_added_and_none_is_made_again(made: Path, monkeypatch: pytest.MonkeyPatch):
    before = digests(made)
    monkeypatch.setattr(corpus, "generate_song", None)  # nothing may be made
    for songs in (1, 3):
        assert mixtrace.generate(made, songs, seed=3, seconds=SECONDS).made == 0
    assert digests(made) == before


def test_two_processes_make_the_same_corpus(made: Path, tmp_path: Path):
    generated = mixtrace.generate(tmp_path, 3, seed=3, seconds=SECONDS, workers=2)
    assert generated.made == 3
    assert digests(tmp_path) == digests(made)


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_killed_and_run_again_it_goes_on_and_ends_the_same(made: Path, tmp_path: Path):
    folder = tmp_path / "corpus"
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    process = subprocess.Popen([sys.executable, str(script), str(folder), "1"])
    deadline = time.monotonic() + 200.0  # loops may have to be compiled
    while not (folder / "0001").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=20)
    begun = digests(folder / "0001")
    left = folder / f".mixtrace-{'0' * 16}.part"
    left.mkdir()  # what a song under way leaves, wherever the kill met this one
    (left / "mix.wav").write_bytes(b"half a song")
    generated = mixtrace.generate(folder, 3, seed=3, seconds=SECONDS)
    assert 1 <= generated.made <= 2
    assert digests(folder / "0001") == begun
    assert digests(folder) == digests(made)
    assert not left.exists()


def test_a_song_that_cannot_be_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device", str(tmp_path / "0001" / "truth" / GRAPH))

    monkeypatch.setattr("mixtrace.generating.song_folder.write_graph", full)
    with pytest.raises(OSError, match="No space left"):
        mixtrace.generate(tmp_path, 1, seconds=SECONDS)
    assert [path.name for path in tmp_path.iterdir()] == [CORPUS]


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_a_worker_that_dies_is_told_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(corpus, "_make", _die)
    with pytest.raises(MixtraceError, match=r"ended from outside.*it goes on\.$"):
        mixtrace.generate(tmp_path, 2, seconds=SECONDS, workers=2)


def test_a_stopped_run_ends_its_processes_at_once_and_leaves_whole_songs(tmp_path: Path):
    stopped_at = []

    def stop(progress: Progress) -> None:
        if progress.done == 1:
            stopped_at.append(time.monotonic())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mixtrace.generate(tmp_path, 40, seed=3, seconds=SECONDS, workers=2, on_progress=stop)
    # A song takes a second, and the processes end within a moment, not after the songs they hold.
    assert time.monotonic() - stopped_at[0] < 5.0
    assert not any("spawn_main" in " ".join(c.cmdline()) for c in psutil.Process().children(True))
    names = {path.name for path in tmp_path.iterdir()}
    assert len(names) <= 4 and all(name in (CORPUS, "0001", "0002", "0003") for name in names)


def _die(*arguments: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": 4}, "seed is 3, not 4.*give the seed"),
        ({"seconds": 9.0}, r"last, in seconds, 8\.0, not 9\.0.*give the length"),
    ],
)
def test_a_folder_of_another_corpus_is_refused(made: Path, change: dict, message: str):
    before = digests(made)
    with pytest.raises(StoreError, match=message):
        mixtrace.generate(made, 4, **({"seed": 3, "seconds": SECONDS} | change))
    assert digests(made) == before


def test_a_corpus_of_another_version_is_refused(tmp_path: Path):
    common = {"mixtrace": "0.0.1", "seed": 0, "seconds": 8.0}
    write_document(tmp_path / CORPUS, CORPUS_SCHEMA, common)
    with pytest.raises(StoreError, match=r"made by mixtrace 0\.0\.1, not .*the version that began"):
        mixtrace.generate(tmp_path, 1, seconds=SECONDS)
    assert read_document(tmp_path / CORPUS, CORPUS_SCHEMA) == common


def test_a_folder_with_other_things_is_refused_and_kept(tmp_path: Path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(StoreError, match="holds other things"):
        mixtrace.generate(tmp_path, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_link_in_the_place_of_a_song_is_refused(tmp_path: Path):
    folder, elsewhere = tmp_path / "corpus", tmp_path / "elsewhere"
    elsewhere.mkdir()
    folder.mkdir()
    common = {"mixtrace": mixtrace.__version__, "seed": 0, "seconds": SECONDS}
    write_document(folder / CORPUS, CORPUS_SCHEMA, common)
    (folder / "0001").symlink_to(elsewhere)
    with pytest.raises(StoreError):
        mixtrace.generate(folder, 1, seconds=SECONDS)
    assert not list(elsewhere.iterdir())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"songs": 0}, "Expected songs, -n, of 1 to"),
        ({"songs": 10**9}, "Expected songs, -n, of 1 to"),
        ({"seed": -1}, "Expected a seed of 0 to"),
        ({"workers": 0}, "Expected --workers of 1 to"),
        ({"seconds": 7.9}, "Expected songs of 8 to 600 seconds; got 7.9"),
        ({"seconds": float("nan")}, "Expected songs of 8 to 600 seconds; got nan"),
        ({"seconds": 1e9}, "Expected songs of 8 to 600 seconds"),
    ],
)
def test_arguments_out_of_range_are_refused_before_anything_is_made(
    tmp_path: Path, arguments: dict, message: str
):
    with pytest.raises(MixtraceError, match=message):
        mixtrace.generate(tmp_path / "corpus", arguments.pop("songs", 1), **arguments)
    assert not (tmp_path / "corpus").exists()


def test_the_truth_matches_its_mix(made: Path):
    session = read_session(made / "0002", align=False)
    stored = read_graph(made / "0002" / TRUTH / GRAPH)
    dry = [torch.from_numpy(np.ascontiguousarray(track.audio)) for track in session.tracks]
    estimate = render_song(stored.graph, stored.settings, dry, 44_100).numpy()
    measures = measure(target=session.mix, estimate=estimate, sample_rate_hz=44_100)
    # Rounding to 24 bits lies 138 dB below full scale; what little is left is that.
    assert measures.published.l_a < 1e-3
