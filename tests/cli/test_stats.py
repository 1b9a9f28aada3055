"""`mixtrace stats`: what it prints of a data set."""

import json
from collections.abc import Callable
from pathlib import Path

from graph_dataset import PlannedSong, desk, write_dataset

Run = Callable[..., tuple[int, str, str]]


def test_numbers_are_printed_and_the_page_is_named(run: Run, tmp_path: Path):
    write_dataset(tmp_path, {"a": PlannedSong(desk({"kick": []}), {"l_a": 0.25})})
    code, out, _ = run("stats", tmp_path, "-o", tmp_path / "out")
    assert code == 0
    assert out.startswith("1 song\n")
    assert "L_a of the graph" in out and "0.25" in out
    assert out.rstrip().endswith("stats.html")


def test_everything_is_one_json_document(run: Run, tmp_path: Path):
    write_dataset(tmp_path, {"a": PlannedSong(desk({"kick": []}), {"l_a": 0.25})})
    code, out, _ = run("stats", tmp_path, "--json")
    assert code == 0
    told = json.loads(out)
    assert [row["kind"] for row in told["kept"]] == ["fader", "fader"]
    assert (tmp_path / "stats" / "stats.html").is_file()


def test_no_data_set_is_one_sentence(run: Run, tmp_path: Path):
    code, out, err = run("stats", tmp_path)
    assert (code, out) == (2, "")
    assert err.startswith("Error: Expected a data set") and "Traceback" not in err
