"""Tables of rows: means in closed form, and text of strangers that stays text."""

import csv
import io

import pytest

from mixtrace.comparing import (
    COLUMNS,
    Row,
    SongRows,
    benchmark_csv,
    benchmark_markdown,
    benchmark_page,
    failures_of,
    markdown_table,
    means_of,
    rows_part,
    told_columns,
)

HOSTILE = "=1+1|<img src=x onerror=alert(1)>"
SONGS = [
    SongRows("a", (Row("sum", {"l_a": 1.0, "mrsd": 4.0}), Row("mixtrace", {"l_a": 0.25}))),
    SongRows("b", (Row("sum", {"l_a": 3.0}), Row("mixtrace", {}, "It crashed.", failed=True))),
    SongRows(HOSTILE, (), "Expected a song; this is none. Give another."),
]


def test_means_are_over_the_songs_that_have_a_figure():
    total, ours = means_of(SONGS)
    assert (total.row.method, total.songs, total.row.figures) == ("sum", 2, {"l_a": 2.0, "mrsd": 4})
    assert (ours.row.method, ours.songs, ours.row.figures) == ("mixtrace", 1, {"l_a": 0.25})


def test_a_column_that_nobody_has_is_left_out():
    assert [column.key for column in told_columns(SONGS[0].rows)] == ["l_a", "mrsd"]
    assert len({column.key for column in COLUMNS}) == len(COLUMNS)


def test_failures_are_told_once_where_all_methods_tell_the_same():
    same = SongRows("c", tuple(Row(name, {}, "No audio.", failed=True) for name in ("x", "y")))
    assert list(failures_of([*SONGS, same])) == [
        ("b", "mixtrace: It crashed."),
        (HOSTILE, "all methods: Expected a song; this is none. Give another."),
        ("c", "all methods: No audio."),
    ]


def test_csv_has_all_figures_and_no_formula():
    lines = list(csv.DictReader(io.StringIO(benchmark_csv(SONGS))))
    assert [line["method"] for line in lines] == ["sum", "mixtrace", "sum", "mixtrace", ""]
    assert (lines[0]["l_a"], lines[0]["mrsd"], lines[0]["mae"]) == ("1", "4", "")
    assert lines[4]["song"] == f"'{HOSTILE}" and lines[4]["note"] == SONGS[2].why


def test_text_of_strangers_is_no_mark_in_any_table():
    text = markdown_table(["song"], [[HOSTILE]])
    assert text.splitlines()[2] == "| =1+1\\|\\<img src=x onerror=alert(1)> |"
    assert "<img" not in benchmark_markdown(HOSTILE, SONGS).replace("\\<img", "")
    assert "<img" not in benchmark_page(HOSTILE, SONGS, {HOSTILE: "songs/x/index.html"})
    assert "<img" not in str(rows_part([Row("sum", {"l_a": 1.0}, HOSTILE)], {}).html)


@pytest.mark.parametrize("what", ["0.318", "NightOwl", "11.127", "EAMI"])
def test_published_figures_stand_beside_ours(what: str):
    assert what in benchmark_markdown("corpus", SONGS) and what in benchmark_page("c", SONGS, {})
