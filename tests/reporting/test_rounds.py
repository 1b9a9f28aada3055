"""Processors left after each round: the table counts, the picture's columns show the same."""

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from mixtrace.reporting import read_result, report_page
from mixtrace.reporting.rounds import RoundTable, rounds, rounds_figure
from mixtrace.store import StoredGraph

Write = Callable[..., Path]
BOX = re.compile(r"M([\d.]+) ([\d.]+)H([\d.]+)V([\d.]+)")


def removed(kind: str, round_: int) -> dict[str, object]:
    return {"node": 90, "kind": kind, "name": "somebody", "round": round_, "loss": 0.4}


def boxes(drawn: str) -> list[tuple[str, float, float, float]]:
    """Return class, left side, width and height of every box."""
    found = []
    for path in ElementTree.fromstring(drawn).iter("path"):
        match = BOX.match(path.attrib["d"])
        if match and path.attrib["class"].startswith("part"):
            left, bottom, right, top = map(float, match.groups())
            found.append((path.attrib["class"], left, right - left, bottom - top))
    return found


def test_rounds_are_counted_back_from_what_is_kept(
    tmp_path: Path, stored_graph: StoredGraph, write_result: Write
):
    gone = [
        removed("noise_reverb", 1),
        removed("noise_reverb", 1),
        removed("one_pole_compressor", 3),
    ]
    table = rounds(read_result(write_result(tmp_path / "OUT", removed=gone)))
    kept = {kind: len(stored_graph.graph.of_kind(kind)) for kind in table.kinds}
    assert table.headers == ("console", "1", "3")
    left = dict(zip(table.kinds, (counts for _, counts in table.rows), strict=True))
    assert left["noise_reverb"] == (
        kept["noise_reverb"] + 2,
        kept["noise_reverb"],
        kept["noise_reverb"],
    )
    assert left["one_pole_compressor"] == (kept["one_pole_compressor"] + 1,) * 2 + (
        kept["one_pole_compressor"],
    )
    total = len(stored_graph.graph.processors)
    assert table.totals == (total + 3, total + 1, total)


def test_a_box_is_as_high_as_its_count():
    table = RoundTable(
        ("console", "2"),
        ("equalizer", "one_pole_compressor", "one_pole_gate"),
        (("EQ", (30, 15)), ("compressor", (20, 5)), ("gate", (10, 0))),
        (60, 20),
    )
    drawn = boxes(str(rounds_figure(table)))
    looks = ["part tone", "part dynamics", "part dynamics pale"]
    assert [look for look, *_ in drawn] == [*looks, *looks[:2]]  # none for a type that is gone
    heights = [height for *_, height in drawn]
    # Coordinates are written with four digits, so to a tenth of a pixel at worst.
    assert [height / heights[0] for height in heights] == pytest.approx(
        [1.0, 20 / 30, 10 / 30, 15 / 30, 5 / 30], abs=0.2 / heights[0]
    )


def test_the_picture_says_how_many_are_left():
    table = RoundTable(("console", "1"), ("noise_reverb",), (("reverb", (8, 3)),), (8, 3))
    drawn = ElementTree.fromstring(str(rounds_figure(table)))
    assert "8 in the console, 3 after round 1" in drawn.attrib["aria-label"]
    words = [element.text for element in drawn.iter("text")]
    assert words == ["reverb", "8", "3", "8", "console", "3", "1", "round"]


@pytest.mark.parametrize("columns", [1, 12, 60])
def test_words_below_the_columns_do_not_overlap(columns: int):
    counts = tuple(range(columns + 100, 100, -1))
    headers = ("console", *map(str, range(1, columns)))
    drawn = str(
        rounds_figure(RoundTable(headers, ("noise_reverb",), (("reverb", counts),), counts))
    )
    texts = ElementTree.fromstring(drawn).iter("text")
    below = [t for t in texts if t.text in headers and t.attrib["class"] == "middle"]
    lowest = max(float(t.attrib["y"]) for t in below)
    row = [t for t in below if float(t.attrib["y"]) == lowest]
    assert row[0].text == "console"
    for left, right in pairwise(row):
        apart = float(right.attrib["x"]) - float(left.attrib["x"])
        assert apart >= 3.0 * (len(left.text or "") + len(right.text or ""))  # 6 px a letter


def test_the_numbers_are_on_the_page_too(tmp_path: Path, write_result: Write):
    page = report_page(write_result(tmp_path / "OUT", removed=[removed("noise_reverb", 1)]))
    assert "Processors left, stacked by type" in page
    assert "<summary>Processors left, in numbers</summary>" in page
