"""Levels that enter dynamics, and thresholds that follow them."""

import numpy as np
import pytest
import torch
from planted_desk import EDGES, NODES, RATE_HZ, STRIPS, desk_settings, planted_tracks, settings_of

from mixtrace.graph import KEY, Edge, Graph, Node, Strip
from mixtrace.processors import Settings, processor
from mixtrace.reusing import block_level_db, entering_levels_db, shifted, stages
from mixtrace.session import Alignment
from mixtrace.store import StoredGraph, StoredTrack


def stored(graph: Graph, settings: Settings) -> StoredGraph:
    tracks = tuple(StoredTrack(graph.name(i), "all", Alignment()) for i in graph.inputs)
    return StoredGraph("song", tracks, graph, settings)


def desk() -> StoredGraph:
    return stored(Graph(STRIPS, NODES, EDGES), Settings.of(desk_settings()))


def quiet(what: str, done: int, total: int) -> None:
    """Report nothing."""


def levels(of: StoredGraph, tracks: list[np.ndarray], nodes: list[int]) -> dict[int, float | None]:
    audio = [torch.from_numpy(track) for track in tracks]
    return entering_levels_db(of, audio, RATE_HZ, nodes, quiet)


def test_stages_follow_the_sound_and_the_key():
    # The guitar's compressor listens to the kick behind its gate; the bus sums both.
    assert stages(desk().graph) == [[3, 5], [9], [13], [20], [21]]


def test_silence_between_notes_does_not_count():
    loud = np.full(100, 0.01)
    rests = np.concatenate([loud, np.full(900, 1e-5)])
    assert block_level_db(loud) == pytest.approx(-20.0)
    assert block_level_db(rests) == pytest.approx(-20.0)
    assert block_level_db(np.full(10, 1e-8)) is None


def test_a_compressor_hears_its_key_at_the_level_of_the_wire():
    strips = {1: Strip("a", "track"), 2: Strip("b", "track"), 3: Strip("mix", "master")}
    nodes = {1: Node("input", 1), 2: Node("input", 2), 3: Node("compressor", 1), 4: Node("mix", 3)}
    nodes |= {5: Node("output", 3)}
    edges = (Edge(1, 3), Edge(2, 3, 6.0, KEY), Edge(3, 4), Edge(2, 4), Edge(4, 5))
    graph = Graph(strips, nodes, edges)
    keyed = stored(graph, Settings.of({3: settings_of("compressor")}))
    time = np.arange(RATE_HZ) / RATE_HZ
    sine = (0.1 * np.sin(2.0 * np.pi * 100.0 * time)).astype(np.float32)[None]
    found = levels(keyed, [np.zeros_like(sine), sine], [3])
    # The mean square of a sine of 0.1 is -23.01 dB; blocks of 50 ms hold whole periods of it.
    assert found[3] == pytest.approx(-23.01 + 6.0, abs=0.01)


def test_thresholds_that_follow_leave_the_gain_as_it_was():
    """A track that is 6 dB softer, its thresholds 6 dB lower, comes out 6 dB softer."""
    strips = {1: Strip("a", "track"), 2: Strip("mix", "master")}
    nodes = {1: Node("input", 1), 2: Node("compressor", 1), 3: Node("output", 2)}
    graph = Graph(strips, nodes, (Edge(1, 2), Edge(2, 3)))
    own = stored(graph, Settings.of({2: settings_of("compressor", threshold_db=-30.0, ratio=4.0)}))
    track = planted_tracks()[1]
    soft = (0.5 * track).astype(np.float32)
    before, after = (levels(own, [each], [2])[2] for each in (track, soft))
    assert before is not None and after is not None
    moved, notes = shifted(own, {2: after - before})
    assert notes == ()
    assert moved.settings[2].number("threshold_db") == pytest.approx(-36.02, abs=0.01)
    outputs = []
    for each, audio in ((own, track), (moved, soft)):
        entry = torch.from_numpy(audio)[None]
        values = {name: value[None] for name, value in each.settings[2].values.items()}
        outputs.append(processor("compressor").forward(entry, values, RATE_HZ)[0].numpy())
    # Single precision of levels in dB: 1e-5 of the sound.
    np.testing.assert_allclose(outputs[1], 0.5 * outputs[0], atol=1e-5)


def test_a_ceiling_moves_as_thresholds_do_and_stops_at_full_scale():
    moved, notes = shifted(desk(), {21: 5.0, 3: -3.0})
    assert moved.settings[21].number("ceiling_db") == 0.0  # it was at -3 dB
    assert moved.settings[21].number("gain_db") == 6.0
    assert moved.settings[3].number("threshold_db") == -33.0
    assert notes == (
        "The ceiling of the limiter of mix is at the end of its range, -2.0 dB from where it would "
        "lie.",
    )
