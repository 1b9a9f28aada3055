"""The picture of a graph: where chains stand, what is marked as removed, what strangers wrote."""

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from consoles import STUDIO

from mixtrace.graph import CONSOLES, KEY, Edge, Graph, build_console, remove_nodes
from mixtrace.processors import FAMILIES
from mixtrace.reporting.details import NodeDetail
from mixtrace.reporting.diagram import diagram_part
from mixtrace.reporting.diagram_layout import lay_out
from mixtrace.reporting.templating import web_text

TRACKS = [("kick", "drums"), ("bass", "bass"), ("snare", "drums"), ("voice", "vocals")]


def details_of(graph: Graph) -> dict[int, NodeDetail]:
    return {
        i: NodeDetail(f"{graph.nodes[i].kind} of {graph.name(i)}", (), "", "does a thing")
        for i in graph.processors
    }


def of_name(layout, name: str):
    (lane,) = [lane for lane in layout.lanes if lane.chain.name == name]
    return lane


def test_tracks_stand_by_bus_and_each_bus_amid_its_tracks():
    layout = lay_out(build_console([(n, f"{g} bus") for n, g in TRACKS], STUDIO))
    rows = {lane.chain.name: lane.row for lane in layout.lanes}
    assert sorted(TRACKS, key=lambda track: rows[track[0]]) == [
        ("kick", "drums"),
        ("snare", "drums"),
        ("bass", "bass"),
        ("voice", "vocals"),
    ]
    assert rows["drums bus"] == 0.5
    assert (rows["bass bus"], rows["vocals bus"]) == (2.0, 3.0)
    assert [of_name(layout, n).column for n in ("kick", "drums bus", "master")] == [0, 1, 2]
    assert layout.slots == (7, 7, 3)
    assert layout.rows == 4.0


def test_a_bus_of_the_name_of_its_track_is_a_chain_of_its_own():
    layout = lay_out(build_console([("bass", "bass")], CONSOLES["paper"]))
    assert [(lane.chain.name, lane.column) for lane in layout.lanes] == [
        ("bass", 0),
        ("bass", 1),
        ("master", 2),
    ]


def test_what_was_removed_keeps_its_slot():
    console = build_console([("kick", "drums")], CONSOLES["paper"])
    kinds = {node.kind: i for i, node in console.nodes.items() if console.name(i) == "kick"}
    gone = {kinds[kind] for kind in ("equalizer", "stereo_imager", "noise_reverb")}
    graph = remove_nodes(console, gone)
    lane = of_name(lay_out(graph, console), "kick")
    assert lane.removed == (("equalizer", 0), ("stereo_imager", 3), ("noise_reverb", 6))
    assert [slot for _, slot in lane.kept] == [1, 2, 4, 5]
    alone = of_name(lay_out(graph), "kick")
    assert alone.removed == ()
    assert [slot for _, slot in alone.kept] == [0, 1, 2, 3]


def test_a_chain_that_is_not_the_consoles_is_counted():
    kinds = ("input", "noise_reverb", "equalizer", "output")
    graph = Graph.of([(kind, "kick") for kind in kinds], ((0, 1), (1, 2), (2, 3)))
    console = build_console([("kick", "drums")], CONSOLES["paper"])
    lane = lay_out(graph, console).lanes[0]
    assert [slot for _, slot in lane.kept] == [0, 1]
    assert lane.removed == ()


def test_sends_and_chains_that_skip_a_column_do_not_collide():
    """A voice feeds the output and a shared reverb, a guitar the output alone."""
    names = ("voice", "guitar", "hall", "hall", "master")
    kinds = ("input", "input", "mix", "noise_reverb", "output")
    nodes = tuple((k, n) for k, n in zip(kinds, names, strict=True))
    graph = Graph.of(nodes, ((0, 4), (0, 2), (1, 2), (2, 3), (3, 4), (1, 4)))
    layout = lay_out(graph)
    places = [(lane.column, lane.row) for lane in layout.lanes]
    assert len(set(places)) == len(places) == 4
    assert [of_name(layout, n).column for n in ("voice", "hall", "master")] == [0, 1, 2]
    assert len(layout.wires) == 5


def test_many_tracks_stay_apart():
    tracks = [(f"track {i}", f"bus {i % 9}") for i in range(100)]
    layout = lay_out(build_console(tracks, STUDIO))
    for column in range(3):
        rows = sorted(lane.row for lane in layout.lanes if lane.column == column)
        assert all(below - above >= 1.0 for above, below in pairwise(rows))
    part = diagram_part(*_with_details(tracks))
    # 900 buttons and their details: what pictures may add to is 1.5 MB.
    assert len(part.html) < 1_000_000


def _with_details(tracks) -> tuple[Graph, dict[int, NodeDetail]]:
    graph = build_console(tracks, STUDIO)
    return graph, details_of(graph)


def test_every_processor_is_a_button_with_its_words():
    graph, details = _with_details(TRACKS)
    html = diagram_part(graph, details).html
    buttons = re.findall(r'role="button" tabindex="(-?\d)".*?data-node="(\d+)"', html)
    assert {int(node) for _, node in buttons} == set(graph.processors)
    assert [stop for stop, _ in buttons].count("0") == 1
    assert 'aria-label="equalizer of kick: does a thing"' in html
    assert "data-removed" not in html


def test_a_long_name_of_a_bus_takes_two_lines():
    graph = build_console([("kick", "S03 clean electric guitar")], STUDIO)
    html = diagram_part(graph, details_of(graph)).html
    pill = re.search(r'<g class="pill bus">.*?</g>', html)
    assert pill is not None
    lines = re.findall(r'<text x="([\d.]+)" y="([\d.]+)">(.*?)</text>', pill[0])
    assert [text for *_, text in lines] == ["S03 clean", "electric guitar"]
    assert lines[0][0] == lines[1][0]
    assert float(lines[1][1]) - float(lines[0][1]) == 11.0  # the height of the letters


def test_removed_processors_are_marked_on_demand():
    console = build_console(TRACKS, CONSOLES["paper"])
    graph = remove_nodes(console, console.processors[:5])
    html = diagram_part(graph, details_of(graph), console).html
    assert "Show 5 removed" in html
    assert html.count(": removed</title>") == 5


def test_a_graph_without_processors_can_be_drawn():
    console = build_console(TRACKS, STUDIO)
    graph = remove_nodes(console, console.processors)
    html = diagram_part(graph, {}, console).html
    assert "Every processor was removed" in html
    assert "nan" not in html


@pytest.mark.parametrize("name", ["<img src=x onerror=alert(1)>", '"><script>alert(1)</script>'])
def test_names_are_escaped(name: str):
    graph, details = _with_details([(name, f"{name} bus")])
    html = diagram_part(graph, details).html
    assert "<img" not in html
    assert "<script" not in html
    assert "&lt;" in html


@pytest.mark.parametrize(
    ("names", "edges"),
    [
        # A track with a sum of its own that another one feeds.
        (("voice", "double", "voice", "mix"), [(0, 2), (1, 2), (2, 3)]),
        # Strips that feed each other.
        (("a", "b", "a", "b", "a", "mix"), [(0, 2), (1, 2), (2, 3), (1, 3), (3, 4), (4, 5)]),
    ],
)
def test_strips_stand_in_columns_whatever_order_their_nodes_have(names, edges):
    kinds = ("input", "input", *["mix"] * (len(names) - 3), "output")
    layout = lay_out(Graph.of(list(zip(kinds, names, strict=True)), edges))
    assert {lane.chain.name for lane in layout.lanes} == set(names)
    places = {(lane.column, lane.row) for lane in layout.lanes}
    assert len(places) == len(layout.lanes)


def a_desk() -> Graph:
    """Return kick and bass, keyed by it; drums feed the master and a parallel bus; a return."""
    nodes = [
        *(("input", "kick"), ("send", "kick"), ("input", "bass"), ("compressor", "bass")),
        *(("mix", "drums"), ("mix", "crush"), ("mix", "band"), ("mix", "room")),
        ("output", "master"),
    ]
    key = Edge(0, 3, 0.0, KEY)
    edges = [(7, 8), (0, 1), (1, 7), (2, 3), key, (0, 4), (4, 5), (4, 6), (5, 6), (3, 6), (6, 8)]
    graph = Graph.of(nodes, edges)
    returned = {n: replace(s, role="return") for n, s in graph.strips.items() if s.name == "room"}
    return Graph({**graph.strips, **returned}, graph.nodes, graph.edges)


def test_a_track_stays_in_the_column_of_the_names_whatever_it_listens_to():
    layout = lay_out(a_desk())
    assert [(n, of_name(layout, n).column, of_name(layout, n).row) for n in ("kick", "bass")] == [
        ("kick", 0, 0.0),
        ("bass", 0, 1.0),
    ]
    ((source, destination, slot),) = layout.keys
    names = [lane.chain.name for lane in layout.lanes]
    assert (names[source], names[destination], slot) == ("kick", "bass", 0)


def test_no_chain_stands_where_another_strip_passes_and_returns_stand_below():
    layout = lay_out(a_desk())
    # The bus passes the parallel one on its way to the band.
    assert of_name(layout, "drums").row != of_name(layout, "crush").row
    others = [lane.row for lane in layout.lanes if lane.chain.name != "room"]
    assert of_name(layout, "room").row > max(others)
    names = [lane.chain.name for lane in layout.lanes]
    assert [(names[a], names[b]) for a, b in layout.sends] == [("kick", "room")]


def test_every_family_has_a_colour():
    for family in FAMILIES:
        assert f".{family} {{ --family: var(--{family}); }}" in web_text("page.css")
        assert f"--{family}: #" in web_text("page.css")
