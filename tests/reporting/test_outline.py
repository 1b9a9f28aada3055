"""Outlines follow the sound: master, buses, tracks; each node once, in the order of its chain."""

from dataclasses import replace
from pathlib import Path

import torch

from mixtrace.graph import MOST_NODES, ConsolePreset, Graph, build_console, remove_nodes
from mixtrace.processors import PROCESSORS, Settings
from mixtrace.reporting import Outline, outline_graph, outline_session
from mixtrace.session import Alignment, Session, Track, read_session
from mixtrace.session.belonging import UNHEARD, Hearing
from mixtrace.session.contents import PERHAPS_NOT
from mixtrace.store import Evidence, StoredGraph, StoredTrack


def titles(outline: Outline) -> list[tuple[int, str, str]]:
    return [(row.depth, row.title, row.note.split(",")[0].split(";")[0]) for row in outline.rows]


def test_a_console_is_told_from_master_to_tracks(stored_graph: StoredGraph):
    outline = outline_graph(stored_graph)
    assert titles(outline) == [
        (0, "tiny song", "3 tracks"),
        (1, "master", ""),
        (2, "drums", "bus"),
        (3, "01_Kick", "track"),
        (2, "bass", "bus"),
        (3, "02_Bass", "track"),
        (2, "vocals", "bus"),
        (3, "03_Voice", "track"),
    ]
    assert [line.label for line in outline.rows[1].lines] == ["EQ", "compressor", "gain automation"]
    assert [line.label for line in outline.rows[3].lines] == [
        PROCESSORS[kind].label for kind in list(PROCESSORS)[:7]
    ]
    moved = "moved 12 ms earlier (confidence 0.90), runs 50 ppm fast against the mix: corrected"
    assert f"{moved}, polarity turned over" in outline.rows[5].note


def test_a_pruned_console_tells_what_is_left(stored_graph: StoredGraph):
    graph = stored_graph.graph
    kept = next(i for i in graph.of_kind("stereo_imager") if graph.name(i) == "03_Voice")
    smaller = remove_nodes(graph, set(graph.processors) - {kept})
    settings = stored_graph.settings.only([kept])
    outline = outline_graph(replace(stored_graph, graph=smaller, settings=settings))
    told = {row.title: row.lines for row in outline.rows if row.lines}
    assert list(told) == ["03_Voice"]
    assert [line.label for line in told["03_Voice"]] == ["stereo imager"]
    assert "    stereo imager: side" in str(outline)


def test_a_bus_named_as_its_only_track_has_a_row_of_its_own():
    graph = build_console([("voice", "voice")], ConsolePreset((), ()))
    track = StoredTrack("voice", "voice", Alignment())
    outline = outline_graph(StoredGraph("song", (track,), graph, Settings()))
    assert titles(outline)[2:] == [(2, "voice", "bus"), (3, "voice", "track")]


def test_sentences_and_doubts_stand_before_the_settings(
    stored_graph: StoredGraph, evidence: Evidence
):
    outline = outline_graph(stored_graph, evidence, tolerance=0.01)
    kick = outline.rows[3]
    assert kick.said[0] == kick.sentence
    assert kick.said[1].startswith("Unsure: ")
    text = str(outline)
    assert text.index(kick.sentence) < text.index("EQ:", text.index("01_Kick"))


def test_a_send_is_told_once():
    """A track that feeds the output and a reverb: any graph has an outline."""
    nodes = (
        ("input", "voice"),
        ("stereo_imager", "echo"),
        ("mix", "sum"),
        ("output", "out"),
    )
    graph = Graph.of(nodes, ((0, 1), (0, 2), (1, 2), (2, 3)))
    settings = Settings.by_kind(
        graph.by_kind(),
        {"stereo_imager": {"side_gain_db": torch.tensor([3.0])}},
        {"stereo_imager": torch.tensor([1.0])},
    )
    track = StoredTrack("voice", "vocals", Alignment())
    outline = outline_graph(StoredGraph("song", (track,), graph, settings))
    assert titles(outline)[1:] == [
        (1, "out", "master"),
        (2, "sum", "bus"),
        (3, "voice", "track"),
        (3, "echo", "bus"),
        (4, "voice", "its own sound"),
    ]


def test_deep_graphs_have_outlines():
    """A graph from a stranger may be deeper than Python's recursion."""
    depth = MOST_NODES - 2
    names = [("input", "a"), *(("mix", f"m{i}") for i in range(depth)), ("output", "o")]
    graph = Graph.of(names, [(i, i + 1) for i in range(depth + 1)])
    track = StoredTrack("a", "g", Alignment())
    outline = outline_graph(StoredGraph("song", (track,), graph, Settings()))
    assert len(outline.rows) == depth + 3


def test_a_song_is_told_with_its_groups_and_oddities(tiny_song: Path):
    session = read_session(tiny_song, sample_rate_hz=30_000, align=False)
    turned = Alignment(0.001, -1, 0.8)
    tracks = (
        replace(session.tracks[0], alignment=turned),
        replace(session.tracks[1], silent=True, alignment=Alignment(-20.0)),
        replace(session.tracks[2], duplicate_of="01_Kick"),
    )
    text = str(outline_session(replace(session, tracks=tracks)))
    assert (
        "tiny song  [3 tracks, 5.0 s, read at 30000 Hz, as fit reads it; capture reads at" in text
    )
    assert "took mix.wav for the mix" in text
    assert "01_Kick  [mono, moved 1 ms later (confidence 0.80), polarity turned over]" in text
    assert "02_Bass  [mono, moved 20 s earlier (moved with the others), silent]" in text
    assert "03_Voice  [stereo, the same as 01_Kick]" in text
    assert "[group]" in text and "[bus]" not in text
    assert isinstance(session, Session) and isinstance(tracks[0], Track)


def test_a_refused_mix_is_not_called_uncertain_as_well(tiny_song: Path):
    """Its refusal names the tracks; a second note would say of them that they are kept."""
    session = read_session(tiny_song, sample_rate_hz=30_000, align=False)
    note = f"{PERHAPS_NOT}: 01_Kick and 02_Bass"
    foreign = Hearing(times_chance=1.0, audible_db=-36.0)
    for hearing, told in ((UNHEARD, True), (foreign, False)):
        tracks = tuple(replace(track, hearing=hearing) for track in session.tracks)
        heard = replace(session, tracks=tracks, notes=(note, *session.notes))
        text = str(outline_session(heard))
        assert (note in text, "would refuse it" in text) == (told, not told)
