"""`mixtrace.stats`: the page and the tables it writes, and what it refuses."""

import csv
from html.parser import HTMLParser
from pathlib import Path

import pytest
from graph_dataset import PlannedSong, desk, write_dataset

import mixtrace
from mixtrace.errors import StoreError
from mixtrace.interpret import Desk, TrackStrip, node_of
from mixtrace.progress import Progress

HOSTILE = "<img src=x onerror=alert(1)>"
TABLES = "correlations facts kept levels published_kept published_means settings tones".split()


def planned(**facts: float | str) -> PlannedSong:
    nodes = [node_of("parametric_equalizer", bell_hz=[500.0], bell_db=[3.0], bell_q=[1.0])]
    made = desk({"kick": [*nodes, node_of("compressor")], "voice": nodes})
    return PlannedSong(made, {"seconds": 5.0, "l_a": 0.3, "l_a_sum": 4.0} | facts)


class Tags(HTMLParser):
    """The tags of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_page_and_tables_are_written_into_the_data_set(tmp_path: Path):
    write_dataset(tmp_path, {"a": planned(), "b": planned(l_a=0.5), "c": planned(l_a=0.4)})
    seen: list[Progress] = []
    found = mixtrace.stats(tmp_path, on_progress=seen.append)
    assert found.folder == tmp_path / "stats"
    names = {path.name for path in found.folder.iterdir()}
    assert names == {"stats.html", *(f"{name}.csv" for name in TABLES)}
    assert [(step.done, step.total) for step in seen] == [(1, 3), (2, 3), (3, 3)]
    with (found.folder / "facts.csv").open(newline="") as file:
        rows = {row["fact"]: row for row in csv.DictReader(file)}
    assert float(rows["l_a"]["mean"]) == pytest.approx(0.4, abs=1e-6)  # six digits are written
    page = Tags(found.page.read_text("utf-8"))
    assert all(words in page.text for words in ("What is kept", "parametric EQ", "0.400"))
    assert "script" not in page.tags


def test_statistics_replace_earlier_ones_and_nothing_else(tmp_path: Path):
    write_dataset(tmp_path / "set", {"a": planned()})
    first = mixtrace.stats(tmp_path / "set", tmp_path / "out").page.read_bytes()
    assert mixtrace.stats(tmp_path / "set", tmp_path / "out").page.read_bytes() == first
    (tmp_path / "out" / "thesis.tex").write_text("years of work")
    with pytest.raises(StoreError, match="holds other things"):
        mixtrace.stats(tmp_path / "set", tmp_path / "out")
    assert (tmp_path / "out" / "thesis.tex").exists()
    (tmp_path / "csv only").mkdir()
    (tmp_path / "csv only" / "budget.csv").write_text("1,2")
    with pytest.raises(StoreError, match="holds other things"):
        mixtrace.stats(tmp_path / "set", tmp_path / "csv only")
    with pytest.raises(StoreError, match="is a file"):
        mixtrace.stats(tmp_path / "set", tmp_path / "csv only" / "budget.csv")


def test_what_is_no_data_set_is_refused_and_nothing_is_written(tmp_path: Path):
    with pytest.raises(StoreError, match="Expected a data set"):
        mixtrace.stats(tmp_path)
    assert not any(tmp_path.iterdir())


def test_a_damaged_graph_leaves_nothing_half_written(tmp_path: Path):
    write_dataset(tmp_path, {"a": planned(), "b": planned()})
    (tmp_path / "songs" / "1" / "graph.json").write_text("{")
    with pytest.raises(StoreError):
        mixtrace.stats(tmp_path)
    assert not (tmp_path / "stats").exists()


def test_an_empty_data_set_has_a_page_that_says_so(tmp_path: Path):
    write_dataset(tmp_path, {})
    page = Tags(mixtrace.stats(tmp_path).page.read_text("utf-8"))
    assert "no song yet" in page.text
    assert "svg" not in page.tags


def test_one_song_has_words_where_pictures_would_be_empty(tmp_path: Path):
    write_dataset(tmp_path, {"a": planned()})
    text = Tags(mixtrace.stats(tmp_path).page.read_text("utf-8")).text
    assert "All songs have the same numbers" in text
    assert "too few different songs for correlations" in text


def test_a_song_without_processors_and_without_a_match_is_told(tmp_path: Path):
    bare = Desk([TrackStrip("kick", "", [])])
    write_dataset(tmp_path, {"a": PlannedSong(bare, {})})
    text = Tags(mixtrace.stats(tmp_path).page.read_text("utf-8")).text
    assert "The graphs have no processors." in text
    assert "nan" not in text


def test_names_of_strangers_are_text(tmp_path: Path):
    folder = tmp_path / HOSTILE.replace("/", "")
    songs = {f"{HOSTILE}{n}": planned(licence=HOSTILE, dataset=f"{HOSTILE}{n}") for n in range(3)}
    write_dataset(folder, songs)
    page = Tags(mixtrace.stats(folder).page.read_text("utf-8"))
    assert "img" not in page.tags
    assert page.text.count(HOSTILE) >= 4
