"""The tables of ratios of the speed benchmarks: read as written, and compared."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def tables(benchmark_module: Callable[[str], ModuleType]) -> ModuleType:
    return benchmark_module("speed_tables")


def row(tables: ModuleType, case: str, ratio: float):
    return tables.Row(case, ratio, 1.0, ratio, 0.9 * ratio, 1.1 * ratio)


def test_a_table_is_read_as_it_was_written(tables: ModuleType):
    rows = [row(tables, "20 chains, mono", 20.0), row(tables, "full console", 15.5)]
    text = "\n".join(["# Title", "", *tables.table(rows), "", "| not | a row |"])
    assert tables.read_ratios(text) == {"20 chains, mono": 20.0, "full console": 15.5}
    assert tables.read_ratios("nothing here") == {}


def test_only_what_fell_by_more_than_its_share_is_told(tables: ModuleType, tmp_path: Path):
    committed = tmp_path / "performance.md"
    before = [row(tables, name, 20.0) for name in ("kept", "fell", "rose", "gone")]
    committed.write_text("\n".join(tables.table(before)))
    now = [row(tables, name, x) for name, x in (("kept", 15.1), ("fell", 14.9), ("rose", 40.0))]
    (told,) = tables.slower([*now, row(tables, "new", 1.0)], committed, 0.25)
    assert told == "fell: 14.9 x, 26% less than the 20.0 x of performance.md"
    assert tables.slower(now, tmp_path / "absent.md", 0.25) == []


def test_turns_give_the_ratio_of_the_times(tables: ModuleType, monkeypatch: pytest.MonkeyPatch):
    times = {"peer": [8.0, 9.0, 8.0], "ours": [1.0, 1.0, 3.0, 1.0, 2.0, 1.0]}
    monkeypatch.setattr(tables, "seconds_of", lambda name: times[name].pop(0))
    found = tables.measure("case", "peer", "ours", rounds=3, ours_a_round=2)
    assert (found.peer_s, found.ours_s) == (8.0, 1.5)
    assert (found.least, found.ratio, found.largest) == (4.5, pytest.approx(16.0 / 3.0), 8.0)


def test_a_section_is_written_in_place_of_its_own(tables: ModuleType, tmp_path: Path):
    page = tmp_path / "page.md"
    tables.write_section(page, ["# Steps", "", "one", ""])
    tables.write_section(page, ["## More", "", "two"])
    assert page.read_text() == "# Steps\n\none\n\n## More\n\ntwo\n"
    tables.write_section(page, ["# Steps", "", "three"])
    assert page.read_text() == "# Steps\n\nthree\n\n## More\n\ntwo\n"
