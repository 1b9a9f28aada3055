"""One for two: what is joined sounds as before, and what cannot be joined stays."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from music_like import RATE_HZ, beats

from mixtrace.graph import Edge, Graph
from mixtrace.interpret import Desk, TrackStrip, node_of
from mixtrace.interpret.bands import BANDS, Band
from mixtrace.interpret.nodes import equalizer_of
from mixtrace.processors import NodeSettings, Settings
from mixtrace.rendering import render_song
from mixtrace.simplifying.joining import joined

UP = node_of("fader", level_db=4.0)
PANNED = node_of("gain_panning", gain_db=torch.tensor([-6.0, -1.0]))
BELL = equalizer_of([Band(BANDS["bell"], np.log([500.0, np.e**5.0, 1.0]))])
HIGH_BELL = equalizer_of([Band(BANDS["bell"], np.log([4000.0, np.e**-4.0, 1.2]))])
COMPRESSOR = node_of("compressor", 0.7, threshold_db=-30.0, ratio=4.0)
SEARCHED = node_of("one_pole_compressor", threshold_db=-30.0, slope=-0.5, knee_db=3.0, time_ms=5.0)


def kinds_of(graph: Graph) -> list[str]:
    return [graph.nodes[i].kind for i in graph.order if graph.nodes[i].is_processor]


def off_db(graph: Graph, settings: Settings, simple: Graph, turned: Settings) -> float:
    """Return the energy of what a simpler graph changes."""
    audio = beats(2.0)
    old, new = (
        render_song(g, s, [audio], RATE_HZ) for g, s in ((graph, settings), (simple, turned))
    )
    return 20.0 * float(torch.log10((new - old).norm() / old.norm() + 1e-12))


def simple(chain: list[NodeSettings]) -> tuple[list[str], float, int]:
    """Return the kinds on a strip after joining, how far it is off, and how many were joined."""
    graph, settings = Desk([TrackStrip("voice", "", chain)]).built()
    found, turned, done = joined(graph, settings, {}, RATE_HZ)
    return kinds_of(found), off_db(graph, settings, found, turned), len(done)


@pytest.mark.parametrize(
    ("chain", "kinds"),
    [
        ([UP, PANNED], ["fader"]),
        ([PANNED, UP], ["fader"]),
        ([UP, BELL, PANNED], ["parametric_equalizer", "fader"]),
        ([PANNED, BELL, UP], ["fader", "parametric_equalizer"]),
        ([UP, COMPRESSOR, PANNED], ["compressor", "fader"]),
        ([UP, node_of("fader", level_db=-4.0)], []),
    ],
)
def test_gains_are_joined_and_sound_as_before(chain: list[NodeSettings], kinds: list[str]):
    found, difference_db, _ = simple(chain)
    assert found == kinds
    assert difference_db < -90.0  # the rounding of single precision


@pytest.mark.parametrize(
    "chain",
    [
        [PANNED, node_of("stereo_imager", side_gain_db=6.0), PANNED],
        [PANNED, COMPRESSOR, UP],
        [UP, SEARCHED, PANNED],  # which has a floor that does not move with a level
        [UP, node_of("saturation"), PANNED],
        [BELL, COMPRESSOR, HIGH_BELL],
        [node_of("fader", level_db=15.0), node_of("fader", level_db=15.0)],  # no fader goes there
    ],
)
def test_what_is_not_the_same_joined_stays(chain: list[NodeSettings]):
    kinds, _, count = simple(chain)
    assert count == 0 and kinds == [node.kind for node in chain]


def test_equalizers_are_joined_within_half_a_decibel():
    kinds, difference_db, _ = simple([BELL, PANNED, HIGH_BELL])
    assert sorted(kinds) == ["gain_panning", "parametric_equalizer"]
    assert difference_db < -25.0  # of what is .5 dB off, 6 % are left: -24 dB


def test_a_gain_that_a_send_hears_stays():
    nodes = [("input", "voice"), ("fader", "voice"), ("fader", "voice"), ("output", "mix")]
    graph = Graph.of(nodes, [(0, 1), (1, 2), (2, 3), Edge(1, 3, -6.0)])
    settings = Settings.of({1: UP, 2: PANNED_FADER})
    found, turned, done = joined(graph, settings, {}, RATE_HZ)
    assert done == [] and found == graph
    assert off_db(graph, settings, found, turned) < -90.0


PANNED_FADER = node_of("fader", level_db=-2.0, pan=0.4)


@pytest.mark.parametrize("seed", range(12))
def test_any_graph_sounds_as_before(random_song: Callable, seed: int):
    song = random_song(seed)
    found, turned, _ = joined(song.graph, song.settings, {}, round(song.rate))
    old, new = (
        render_song(g, s, song.tracks, song.rate)
        for g, s in ((song.graph, song.settings), (found, turned))
    )
    assert float((new - old).norm() / old.norm()) < 0.05  # equalizers within .5 dB
