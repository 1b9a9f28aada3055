"""Files appear whole or not at all, and no link or foreseen name leads what is written astray."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from mixtrace.errors import StoreError
from mixtrace.store import Checkpoint, claimed_folder, put, stage


def names(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*"))


def test_staged_files_appear_together(tmp_path: Path):
    (tmp_path / "a").write_text("old")
    with stage(tmp_path) as part_of:
        part_of("a").write_text("new a")
        part_of("b").write_text("new b")
        assert (tmp_path / "a").read_text() == "old"
        assert not (tmp_path / "b").exists()
    assert names(tmp_path) == ["a", "b"]
    assert (tmp_path / "a").read_text() == "new a"


def test_when_writing_fails_the_old_files_stay_and_nothing_else(tmp_path: Path):
    (tmp_path / "a").write_text("old")
    with pytest.raises(KeyboardInterrupt), stage(tmp_path, ["a"]) as part_of:
        part_of("b").write_text("half")
        part_of("inner/c").write_text("half")
        raise KeyboardInterrupt
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text() == "old"


def test_files_have_the_usual_permissions(tmp_path: Path):
    (tmp_path / "plain").write_text("")
    with stage(tmp_path) as part_of:
        part_of("staged").write_text("")
    modes = {os.stat(tmp_path / name).st_mode for name in ("plain", "staged")}
    assert len(modes) == 1


def test_what_was_removed_goes_when_the_new_files_are_in_place(tmp_path: Path):
    for name in ("a", "old", "mine"):
        (tmp_path / name).write_text("old")
    with stage(tmp_path, ["old", "a", "never there"]) as part_of:
        part_of("a").write_text("new")
        assert (tmp_path / "old").exists()
    assert names(tmp_path) == ["a", "mine"]


def test_nobody_can_foresee_where_a_file_is_written(tmp_path: Path):
    target = tmp_path / "precious"
    target.write_text("precious")
    for name in (".a.part", "a.part", "a.tmp"):
        (tmp_path / name).symlink_to(target)
    places = set()
    for _ in range(3):
        with stage(tmp_path) as part_of:
            places.add(part_of("a"))
            part_of("a").write_text("new")
    assert len(places) == 3
    assert target.read_text() == "precious"


@pytest.mark.parametrize("inner", [False, True])
def test_a_link_in_the_place_of_a_file_is_refused(tmp_path: Path, inner: bool):
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "out" / "inner").mkdir(parents=True)
    name = "inner/a" if inner else "a"
    (tmp_path / "out" / name).symlink_to(tmp_path / "precious")
    with pytest.raises(StoreError, match="there is a link"), stage(tmp_path / "out") as part_of:
        part_of(name)
    assert (tmp_path / "precious").read_text() == "precious"


def test_a_link_in_the_place_of_a_folder_is_refused(tmp_path: Path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "listen").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="there is a link"), stage(tmp_path / "out") as part_of:
        part_of("listen/a").write_text("new")
    assert names(tmp_path / "elsewhere") == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_in_the_place_of_a_file_is_refused(tmp_path: Path):
    os.mkfifo(tmp_path / "a")
    with pytest.raises(StoreError, match="there is a pipe"), stage(tmp_path) as part_of:
        part_of("a")


def test_a_link_that_replaces_a_half_written_file_is_not_taken_for_it(tmp_path: Path):
    (tmp_path / "precious").write_text("precious")
    with pytest.raises((StoreError, OSError)), stage(tmp_path) as part_of:
        part_of("a").write_text("half")
        part_of("a").unlink()
        part_of("a").symlink_to(tmp_path / "precious")
    assert names(tmp_path) == ["precious"]


def test_another_file_is_not_taken_for_a_half_written_one(tmp_path: Path):
    with pytest.raises(StoreError, match="another file was put"), stage(tmp_path) as part_of:
        part_of("a").write_text("half")
        (tmp_path / "b").write_text("another")
        (tmp_path / "b").replace(part_of("a"))
    assert names(tmp_path) == []


def test_a_full_disk_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(self: Path, content: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StoreError, match=r"b\.json; it failed: No space left.* Make room"):
        with stage(tmp_path) as part_of:
            part_of("a.json")
            put(part_of("b.json"), b"{}")
    assert names(tmp_path) == []


def test_errors_of_other_things_stay_what_they_are(tmp_path: Path):
    with pytest.raises(PermissionError), stage(tmp_path) as part_of:
        part_of("a")
        raise PermissionError(errno.EACCES, "Permission denied", "/somewhere/else")


def test_what_a_killed_run_left_is_removed_when_the_folder_is_claimed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with claimed_folder(tmp_path / "out", "me", fresh=False) as checkpoint:
        monkeypatch.setattr("mixtrace.store.staging._Staged.discard", lambda staged: None)
        with pytest.raises(KeyboardInterrupt), stage(tmp_path / "out") as part_of:
            part_of("listen/a").write_text("half")
            part_of("b").write_text("half")
            raise KeyboardInterrupt
        checkpoint.save({}, {})
        (tmp_path / "out" / "listen" / "mine.part").write_text("mine")
    assert len(names(tmp_path / "out")) == 5
    with claimed_folder(tmp_path / "out", "me", fresh=False):
        pass
    kept = ["checkpoint.safetensors", "listen", "listen/mine.part"]
    assert names(tmp_path / "out") == kept


def test_a_folder_with_nothing_but_what_a_killed_run_left_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def killed(*rest: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("mixtrace.store.staging._Staged.discard", lambda staged: None)
        patched.setattr("mixtrace.store.staging._Staged.move", killed)
        with pytest.raises(KeyboardInterrupt):
            Checkpoint(tmp_path / "checkpoint.safetensors", "me").save({}, {})
    assert len(names(tmp_path)) == 1
    with claimed_folder(tmp_path, "me", fresh=False) as checkpoint:
        assert checkpoint.load() is None
    assert names(tmp_path) == []
