"""`show` tells results from songs."""

from pathlib import Path

import pytest

import mixtrace
from mixtrace.errors import MixtraceError
from mixtrace.store import GRAPH, PARAMS, StoredGraph, write_graph


def test_show_a_result_by_folder_or_file(tmp_path: Path, stored_graph: StoredGraph):
    write_graph(stored_graph, tmp_path / GRAPH, tmp_path / PARAMS)
    text = str(mixtrace.show(tmp_path))
    assert text == str(mixtrace.show(tmp_path / GRAPH))
    assert "01_Kick" in text
    assert "compressor: above" in text


def test_show_a_song(tiny_song: Path):
    steps = []
    text = str(mixtrace.show(tiny_song, on_progress=steps.append))
    assert "took mix.wav for the mix" in text
    assert {step.stage for step in steps} == {"reading", "aligning", "comparing"}
    assert "alignment off" in str(mixtrace.show(tiny_song, align=False))


def test_show_nothing(tmp_path: Path):
    with pytest.raises(MixtraceError, match="nothing at"):
        mixtrace.show(tmp_path / "absent")
