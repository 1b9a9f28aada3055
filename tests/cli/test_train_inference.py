"""`mixtrace train-inference`: what it writes and prints, and how mistakes end."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mixtrace.learned import NetworkShape, read_network

Run = Callable[..., tuple[int, str, str]]


def test_a_network_is_trained_and_told(run: Run, tiny_song: Path, tmp_path: Path):
    out = tmp_path / "network"
    command = ("train-inference", tiny_song.parent, "-o", out, "--turns", 1, "--pairs", 1)
    code, printed, _ = run(*command)
    told, where = printed.splitlines()
    assert code == 0 and told.startswith("Trained: 1 of 1 songs, the error of the numbers went")
    assert where == str(out)
    _, facts = read_network(out)
    assert facts.shape == NetworkShape()
    assert facts.training["turns"] == 1 and facts.training["songs"] == 1
    before = (out / "network.safetensors").read_bytes()
    assert run(*command)[0] == 0  # it is done already
    assert (out / "network.safetensors").read_bytes() == before
    code, printed, error = run(*command, "--seed", 1)
    assert (code, printed) == (2, "") and "Pass --fresh" in error


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--turns", 0), "Expected turns of 1 to 1,000,000; got 0."),
        (("--pairs", 0), "Expected pairs a turn of 1 to"),
        (("--engine", "tape"), "got 'tape'"),
        (("--seed", -1), "Expected a seed of 0 to"),
        (("--device", "abacus"), "'abacus' cannot be used"),
        (("--dataset", "mine"), "got 'mine'"),
    ],
)
def test_a_mistake_ends_with_one_sentence(
    run: Run, tiny_song: Path, tmp_path: Path, options: tuple, words: str
):
    out = tmp_path / "network"
    code, printed, error = run("train-inference", tiny_song.parent, "-o", out, *options)
    assert (code, printed) == (2, "")
    assert words in error and "Traceback" not in error
    assert not out.exists()


def test_a_folder_of_something_else_is_refused(run: Run, tiny_song: Path, tmp_path: Path):
    out = tmp_path / "mine"
    out.mkdir()
    (out / "letter.txt").touch()
    code, _, error = run("train-inference", tiny_song.parent, "-o", out)
    assert code == 2 and "letter.txt" in error
    assert [path.name for path in out.iterdir()] == ["letter.txt"]
