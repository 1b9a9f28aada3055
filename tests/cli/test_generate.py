"""`mixtrace generate`: what it prints, and that mistakes end with one sentence."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mixtrace.store import read_graph

Run = Callable[..., tuple[int, str, str]]


def test_a_song_is_made_and_told(run: Run, tmp_path: Path):
    command = ("generate", "-n", 1, "-o", tmp_path / "corpus", "--seconds", 8, "--seed", 2)
    code, out, _ = run(*command)
    assert (code, out.splitlines()) == (0, ["1 of 1 songs made.", str(tmp_path / "corpus")])
    stored = read_graph(tmp_path / "corpus" / "0001" / "truth" / "graph.json")
    assert stored.song == "0001"
    code, out, _ = run(*command)
    assert code == 0 and out.startswith("0 of 1 songs made; the others were there already.")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("-n", 0), "Expected songs, -n, of 1 to 1,000,000; got 0."),
        (("-n", 1, "--workers", 0), "Expected --workers of 1"),
        (("-n", 1, "--seconds", "inf"), "Expected songs of 8 to 600 seconds; got inf."),
        (("-n", 1, "--seed", -3), "Expected a seed of 0 to"),
    ],
)
def test_a_mistake_ends_with_one_sentence(run: Run, tmp_path: Path, options: tuple, words: str):
    code, out, err = run("generate", "-o", tmp_path / "corpus", *options)
    assert (code, out) == (2, "")
    (sentence,) = [line for line in err.splitlines() if line != "generating"]
    assert words in sentence
    assert not (tmp_path / "corpus").exists()


def test_a_file_in_the_place_of_the_folder_is_refused(run: Run, tmp_path: Path):
    (tmp_path / "corpus").touch()
    code, out, err = run("generate", "-n", 1, "-o", tmp_path / "corpus")
    assert (code, out) == (2, "") and "is a file" in err


def test_truths_are_collected_without_a_search(run: Run, tmp_path: Path):
    code, out, _ = run("generate", "-n", 1, "-o", tmp_path / "corpus", "--seconds", 8, "--seed", 2)
    assert code == 0
    command = ("collect", tmp_path / "corpus", "-o", tmp_path / "data set", "--truth")
    code, out, _ = run(*command)
    assert (code, out.splitlines()) == (0, ["1 of 1 songs, 0 failed.", str(tmp_path / "data set")])
    for option in (("--steps", 3), ("--workers", 2), ("--audio",), ("--seed", 1), ("--no-prune",)):
        code, out, err = run(*command, *option)
        assert (code, out) == (2, "") and "Expected --truth alone" in err
