"""`compare-methods` and `benchmark` as they are typed: what is printed, and exit codes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mixtrace.comparing import METHODS
from mixtrace.verbs import comparing_methods
from tests.comparing.stand_ins import ForSingleTracks, Here

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have methods run in this process, and one known that is not made for most songs."""
    crew = type("Counted", (Here,), {"begun_by_all": []})
    monkeypatch.setattr(comparing_methods, "MethodCrew", crew)
    monkeypatch.setitem(METHODS._entries, "single", ForSingleTracks)


def test_a_table_is_printed_and_a_failure_ends_with_code_1(
    run: Run, tiny_song: Path, tmp_path: Path
):
    out = tmp_path / "out"
    command = ("compare-methods", tiny_song, "--no-page", "-o", out, "--methods")
    code, printed, _ = run(*command, "sum")
    assert code == 0
    assert printed.split()[0] == "method" and "sum" in printed
    assert str(out / "table.md") in printed and "index.html" not in printed
    code, printed, _ = run(*command, "sum, single")
    assert code == 1
    assert "- single came to no result: Expected a song of one track; got 3." in printed


def test_a_benchmark_prints_means(run: Run, tiny_song: Path, tmp_path: Path):
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    tiny_song.rename(corpus / "song")
    command = ("benchmark", corpus, "--no-page", "-o", tmp_path / "out", "--methods")
    code, printed, _ = run(*command, "sum")
    assert code == 0
    assert printed.startswith("Means over 1 song,") and "sum" in printed


@pytest.mark.parametrize("command", ["compare-methods", "benchmark"])
def test_a_method_that_is_none_is_told_with_code_2(
    run: Run, command: str, tiny_song: Path, tmp_path: Path
):
    code, _, told = run(command, tiny_song, "-o", tmp_path / "out", "--methods", "sums")
    assert code == 2
    assert told.startswith("Error: Expected a method among sum,")
    assert not (tmp_path / "out").exists()
