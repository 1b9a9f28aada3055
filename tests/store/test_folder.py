"""An output folder belongs to one fit; what others left in it is not overwritten."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from mixtrace.errors import StoreError
from mixtrace.session import Alignment, Session, Track
from mixtrace.store import (
    CAPTURES,
    FIT,
    FIT_SCHEMA,
    FITS,
    GRAPH,
    MIX_AUDIO,
    claimed_folder,
    find_graph,
    session_fingerprint,
    write_document,
)


def finish(folder: Path, fingerprint: str) -> None:
    (folder / GRAPH).write_text("{}")
    write_document(folder / FIT, FIT_SCHEMA, {"fingerprint": fingerprint})


def test_a_new_folder_is_made_and_an_own_one_taken_again(tmp_path: Path):
    folder = tmp_path / "a" / "out"
    for _ in range(2):
        with claimed_folder(folder, "me", fresh=False) as checkpoint:
            checkpoint.save({}, {"step": 1})
    finish(folder, "me")
    with claimed_folder(folder, "me", fresh=False) as checkpoint:
        assert checkpoint.load() == ({}, {"step": 1})


def test_a_folder_that_stays_empty_vanishes_on_an_error(tmp_path: Path):
    with pytest.raises(KeyboardInterrupt), claimed_folder(tmp_path / "out", "me", fresh=False):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "mine").mkdir()
    with pytest.raises(KeyboardInterrupt), claimed_folder(tmp_path / "mine", "me", fresh=False):
        raise KeyboardInterrupt
    assert (tmp_path / "mine").is_dir()  # it was there before


def test_another_fits_result_is_refused_unless_fresh(tmp_path: Path):
    finish(tmp_path, "you")
    with pytest.raises(StoreError, match="--fresh"), claimed_folder(tmp_path, "me", fresh=False):
        pass
    with claimed_folder(tmp_path, "me", fresh=True):
        pass
    assert (tmp_path / GRAPH).exists()  # replaced by the new result, not before


def test_another_fits_checkpoint_is_refused_unless_fresh(tmp_path: Path):
    with claimed_folder(tmp_path, "you", fresh=False) as checkpoint:
        checkpoint.save({}, {})
    with pytest.raises(StoreError, match="--fresh"), claimed_folder(tmp_path, "me", fresh=False):
        pass
    with claimed_folder(tmp_path, "me", fresh=True) as checkpoint:
        assert checkpoint.load() is None


def test_an_own_checkpoint_goes_on_over_a_result_it_was_to_replace(tmp_path: Path):
    finish(tmp_path, "you")
    with claimed_folder(tmp_path, "me", fresh=True) as checkpoint:
        checkpoint.save({}, {"step": 1})
    with claimed_folder(tmp_path, "me", fresh=False) as checkpoint:
        assert checkpoint.load() is not None


HOLD = """
import sys
from pathlib import Path
from mixtrace.store import claimed_folder
with claimed_folder(Path(sys.argv[1]), "me", fresh=False):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held_by_another_process(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdin=pipe, stdout=pipe) as by:
        assert by.stdout is not None and by.stdout.readline() == b"held\n"
        yield by


def test_a_folder_that_another_process_has_is_refused_and_says_whose_it_is(tmp_path: Path):
    out = tmp_path / "out"
    with held_by_another_process(out) as other:
        for fresh, results in ((False, FITS), (True, FITS), (False, CAPTURES)):
            with pytest.raises(StoreError, match=rf"process {other.pid} on .+, since 20\d\d-"):
                with claimed_folder(out, "me", fresh=fresh, results=results):
                    pass
        assert out.is_dir()
    with claimed_folder(out, "me", fresh=False):
        pass
    assert list(out.iterdir()) == []


def test_the_lock_of_a_killed_process_is_taken_over(tmp_path: Path):
    out = tmp_path / "out"
    with held_by_another_process(out) as other:
        other.kill()
    assert len(list(out.iterdir())) == 2
    (out / ".mixtrace-0123456789abcdef.part").write_bytes(b"half")
    with claimed_folder(out, "me", fresh=False) as checkpoint:
        checkpoint.save({}, {})
    assert [path.name for path in out.iterdir()] == ["checkpoint.safetensors"]


@pytest.mark.parametrize("fresh", [False, True])
def test_a_users_own_mix_is_never_overwritten(tmp_path: Path, fresh: bool):
    (tmp_path / MIX_AUDIO).write_text("weeks of work")
    with pytest.raises(StoreError, match=r"holds mix\.wav, which no fit"):
        with claimed_folder(tmp_path, "me", fresh=fresh):
            pass
    assert (tmp_path / MIX_AUDIO).read_text() == "weeks of work"


def test_a_file_is_no_folder(tmp_path: Path):
    (tmp_path / "out").write_text("")
    with pytest.raises(StoreError, match="is a file"):
        with claimed_folder(tmp_path / "out", "me", fresh=False):
            pass


def test_graphs_are_found_by_folder_or_file(tmp_path: Path):
    assert find_graph(tmp_path) is None
    (tmp_path / GRAPH).write_text("")
    (tmp_path / "other.json").write_text("")
    assert find_graph(tmp_path) == tmp_path / GRAPH
    assert find_graph(tmp_path / "other.json") == tmp_path / "other.json"
    assert find_graph(tmp_path / "session.toml") is None


def session(audio: np.ndarray, group: str = "drums", rate: int = 30_000) -> Session:
    track = Track("kick", group, audio, Alignment(), False, None, 0)
    return Session("song", rate, np.zeros((2, 4), np.float32), (track,), ())


def test_a_fingerprint_changes_with_all_that_matters_and_nothing_else():
    audio = np.zeros((1, 4), np.float32)
    other = audio.copy()
    other[0, 2] = 1e-30
    config = {"seed": 0, "tolerance": 0.01}
    reference = session_fingerprint(session(audio), config)
    assert session_fingerprint(session(audio.copy()), dict(reversed(config.items()))) == reference
    for changed in (session(other), session(audio, "bass"), session(audio, rate=44_100)):
        assert session_fingerprint(changed, config) != reference
    assert session_fingerprint(session(audio), config | {"seed": 1}) != reference


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("name", ["checkpoint.safetensors", "checkpoint.previous.safetensors"])
def test_a_file_called_as_a_checkpoint_opens_no_folder_of_other_files(
    tmp_path: Path, name: str, fresh: bool
):
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_text("mine")
    (out / "mix.wav").write_text("mine too")
    with (
        pytest.raises(StoreError, match=r"holds mix\.wav, which no capture wrote"),
        claimed_folder(out, "me", fresh=fresh, results=CAPTURES),
    ):
        raise AssertionError
    assert (out / name).read_text() == "mine" and (out / "mix.wav").read_text() == "mine too"
