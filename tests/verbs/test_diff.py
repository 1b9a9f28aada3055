"""`diff`: two results on disk, in words, as a document and as a page."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from planted_desk import BUS, EDGES, NODES, desk_settings
from planted_desk import STRIPS as DESK_STRIPS
from typer.testing import CliRunner

import mixtrace
from mixtrace.cli.main import app
from mixtrace.errors import StoreError
from mixtrace.graph import Graph
from mixtrace.processors import Settings
from mixtrace.session import Alignment
from mixtrace.store import (
    GRAPH,
    PARAMS,
    SURENESS,
    SURENESS_SCHEMA,
    Interval,
    Setting,
    StoredGraph,
    StoredTrack,
    Sureness,
    write_document,
    write_graph,
)

Write = Callable[..., Path]

STRIPS = {i: replace(strip, name=strip.name[:200]) for i, strip in DESK_STRIPS.items()}
"""The desk's, with names that a stored graph can have."""


def write_desk(folder: Path, threshold_db: float, song: str = "song") -> Path:
    nodes = dict(desk_settings())
    values = {**nodes[5].values, "threshold_db": torch.tensor(threshold_db)}
    nodes[5] = replace(nodes[5], values=values)
    graph = Graph(STRIPS, NODES, EDGES)
    tracks = tuple(StoredTrack(graph.name(i), "all", Alignment()) for i in graph.inputs)
    folder.mkdir()
    stored = StoredGraph(song, tracks, graph, Settings.of(nodes))
    write_graph(stored, folder / GRAPH, folder / PARAMS)
    return folder


@pytest.fixture
def desks(tmp_path: Path) -> tuple[Path, Path]:
    return write_desk(tmp_path / "before", -30.0), write_desk(tmp_path / "after", -26.0)


def test_two_folders_and_two_files_say_the_same(desks: tuple[Path, Path]):
    difference = mixtrace.diff(*desks)
    assert (difference.before, difference.after) == ("before", "after")
    assert [c.words for c in difference.found.changes] == [
        "compressor threshold -30.0 dB -> -26.0 dB"
    ]
    files = mixtrace.diff(*(folder / GRAPH for folder in desks))
    assert files.found == difference.found
    assert files.before == "before/graph.json"


def test_what_is_known_of_a_result_is_read_beside_it(desks: tuple[Path, Path]):
    assert "Not both tell how sure" in mixtrace.diff(*desks).remarks[0]
    sure = Sureness({Setting(5, "threshold_db"): Interval(-31.0, -25.0)})
    for folder in desks:
        write_document(folder / SURENESS, SURENESS_SCHEMA, sure.document())
    assert mixtrace.diff(*desks).remarks == (
        "Nothing differs by more than is known.",
        "1 setting differs by less than is known, and is left out.",
    )


def test_how_well_both_match_is_told_where_both_were_measured(
    tmp_path: Path, write_result: Write, stored_graph: StoredGraph
):
    first, second = (write_result(tmp_path / name) for name in ("a", "b"))
    assert ("L_a", "0.400", "0.400") in mixtrace.diff(first, second).match
    bare = tmp_path / "bare"
    bare.mkdir()
    write_graph(stored_graph, bare / GRAPH, bare / PARAMS)
    assert mixtrace.diff(first, bare).match == ()


def test_results_of_two_songs_are_compared_by_names(tmp_path: Path):
    folders = [write_desk(tmp_path / name, -30.0, name) for name in ("one", "two")]
    difference = mixtrace.diff(*folders)
    assert not difference.same_song
    assert difference.remarks[0].startswith("The results are of different songs, one and two")


def test_nothing_in_common_is_refused(
    desks: tuple[Path, Path], tmp_path: Path, write_result: Write
):
    other = write_result(tmp_path / "other")
    with pytest.raises(StoreError, match="of the same name"):
        mixtrace.diff(desks[0], other, tmp_path / "diff.html")
    assert not (tmp_path / "diff.html").exists()


def test_a_page_shows_names_as_text_and_takes_no_strangers_place(desks: tuple[Path, Path]):
    page = desks[0].parent / "diff.html"
    # The bus and its name come into play as the strip of a change.
    edges = tuple(replace(e, level_db=3.0) if e.source == 14 else e for e in EDGES)
    write = desks[1]
    stored = StoredGraph(
        "<script>alert(1)</script>",
        tuple(StoredTrack(STRIPS[i].name, "all", Alignment()) for i in (1, 2, 3)),
        Graph(STRIPS, NODES, edges),
        Settings.of(desk_settings()),
    )
    write_graph(stored, write / GRAPH, write / PARAMS)
    mixtrace.diff(*desks, page)
    text = page.read_text("utf-8")
    assert "<b>drums" not in text and "&lt;b&gt;drums" in text
    assert "<script>" not in text
    assert BUS in {c.strip for c in mixtrace.diff(*desks, page).found.changes}
    assert "http" not in text.replace("http-equiv", "")
    page.write_text("mine", "utf-8")
    with pytest.raises(StoreError, match="no such page"):
        mixtrace.diff(*desks, page)
    assert page.read_text("utf-8") == "mine"
    with pytest.raises(StoreError) as refused:  # which mixtrace did write
        mixtrace.diff(*desks, desks[0] / "graph.json")
    assert "no such page" in str(refused.value)


def test_the_command_prints_words_or_a_document(desks: tuple[Path, Path]):
    run = CliRunner().invoke
    said = run(app, ["diff", *map(str, desks)])
    assert said.exit_code == 0, said.output
    assert "compressor threshold -30.0 dB -> -26.0 dB" in said.output
    document = json.loads(run(app, ["diff", "--json", *map(str, desks)]).output)
    assert document["schema"] == "mixtrace.diff/1"
    (change,) = document["changes"]
    assert (change["what"], change["dial"], change["unit"]) == ("compressor", "threshold", "dB")
    assert change["difference"] == pytest.approx(4.0)
    assert change["words"] == "compressor threshold -30.0 dB -> -26.0 dB"
