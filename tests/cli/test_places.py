"""Where results may be written is asked before anything is read; what is shown is a result."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mixtrace.cli.printing import _level
from mixtrace.errors import StoreError
from mixtrace.store import CAPTURES, claimed_folder
from mixtrace.verbs.reporting import page_failure

Run = Callable[..., tuple[int, str, str]]


def refused(run: Run, *arguments: object) -> str:
    """Return the one sentence of a command that is refused before it reads anything."""
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    (sentence,) = err.splitlines()
    return sentence


@pytest.mark.parametrize("verb", ["fit", "capture"])
def test_a_bad_folder_is_refused_before_the_song_is_read(
    run: Run, tiny_song: Path, tmp_path: Path, verb: str, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "file").touch()
    assert "is a file" in refused(run, verb, tiny_song, "-o", tmp_path / "file" / "OUT")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "estimate.wav").touch()
    said = refused(run, verb, tiny_song, "-o", tmp_path / "full")
    assert f"holds estimate.wav, which no {verb} wrote" in said
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path)
    said = refused(run, verb, tiny_song, "-o", tmp_path / "OUT")
    assert f"{tmp_path} cannot. Choose another with -o" in said


def test_a_bad_file_is_refused_before_the_song_is_read(
    run: Run, tiny_song: Path, tmp_path: Path, write_result: Callable[..., Path]
):
    folder = write_result(tmp_path / "OUT")
    (tmp_path / "file").touch()
    render = ("render", folder, tiny_song, "-o")
    assert "is a folder" in refused(run, *render, tmp_path)
    assert "is a file" in refused(run, *render, tmp_path / "file" / "mix.wav")
    said = refused(run, *render, tmp_path / "mix.wav", "--stems", tmp_path / "file")
    assert "is a file" in said
    compare = ("compare", folder, tmp_path / "absent", "-o")
    assert "no such page" in refused(run, *compare, tmp_path / "file")
    assert "is a file" in refused(run, "demo", "-o", tmp_path / "file")


def test_a_lock_that_cannot_be_taken_names_the_folder(tmp_path: Path):
    (tmp_path / ".mixtrace.lock").mkdir()
    with (
        pytest.raises(StoreError) as error,
        claimed_folder(tmp_path, "0", fresh=False, results=CAPTURES),
    ):
        pass
    assert f"{tmp_path} cannot" in str(error.value) and "-o" in str(error.value)
    assert ".mixtrace.lock" not in str(error.value)


def test_choices_of_a_song_are_refused_for_a_result(run: Run, tmp_path: Path):
    (tmp_path / "capture.json").write_text("{}")
    said = refused(run, "show", tmp_path, "--mix", "foo.wav")
    assert "Expected --mix with a song alone" in said
    assert "Leave --no-align out" in refused(run, "show", tmp_path, "--no-align")


def test_captures_are_not_compared(run: Run, tmp_path: Path):
    folder = tmp_path / "my song"
    folder.mkdir()
    (folder / "capture.json").write_text("{}")
    said = refused(run, "compare", folder, folder, "-o", tmp_path / "page.html")
    assert "holds a capture" in said and f"mixtrace show '{folder}'" in said


def test_a_command_to_copy_is_quoted(tmp_path: Path):
    def fails() -> None:
        raise StoreError("no")

    assert page_failure(tmp_path / "a song", fails).endswith(f"report '{tmp_path}/a song'")


def test_no_level_is_minus_zero():
    assert _level(-0.04, "LU", signed=True) == "0.0 LU"
    assert _level(-0.06, "LU", signed=True) == "-0.1 LU"
    assert _level(0.06, "LU", signed=True) == "+0.1 LU"
