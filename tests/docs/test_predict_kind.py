"""The example of docs/corpus.md runs as it is printed, on a data set that is made here."""

import runpy
import sys
from pathlib import Path

import pytest

import mixtrace
from tests.corpus.planted import NAMES, write_song, write_truth

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "predict_kind.py"


@pytest.mark.parametrize("alone", [(), ("alone",)])
def test_the_example_learns_from_four_songs_and_tells_the_fifth(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    alone: tuple[str, ...],
):
    pytest.importorskip("torch_geometric", reason="needs the extra graphs")
    for seed in range(5):
        song = tmp_path / "songs" / f"{seed}"
        write_song(song, seed)
        write_truth(song, NAMES, -1.0)
    mixtrace.collect_truths(tmp_path / "songs", tmp_path / "data set")
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), str(tmp_path / "data set"), "0", *alone])
    runpy.run_path(str(SCRIPT), run_name="__main__")
    first, second = capsys.readouterr().out.splitlines()
    # A gate and three faders in each song, and no other processors.
    assert first.startswith("16 processors to learn from, 4 to tell: ")
    assert second == "75.0% for who always says fader"
