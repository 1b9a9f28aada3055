"""The canonical form: fewer bands, the same sound."""

import numpy as np
import pytest
import torch

from mixtrace.graph import Graph
from mixtrace.interpret import tidied
from mixtrace.interpret.assemble import Desk, TrackStrip
from mixtrace.interpret.nodes import node_of
from mixtrace.processors import NodeSettings, Settings
from mixtrace.rendering import render_song

RATE = 30_000.0
FADER = node_of("fader", level_db=-3.0)


def voice() -> np.ndarray:
    """Return noise between 200 Hz and 5 kHz, and next to nothing elsewhere."""
    rng = np.random.default_rng(0)
    spectrum = np.fft.rfft(rng.standard_normal(int(2 * RATE)))
    hz = np.fft.rfftfreq(int(2 * RATE), 1.0 / RATE)
    spectrum[(hz < 200.0) | (hz > 5000.0)] *= 1e-4
    return np.fft.irfft(spectrum).astype(np.float32)[None] * 0.1


def equalizer(**more: float | list[float]) -> NodeSettings:
    off = {"high_pass_db_per_octave": 0.0, "low_pass_db_per_octave": 0.0}
    bells = {"bell_hz": [1000.0], "bell_db": [0.0], "bell_q": [1.0]}
    return node_of("parametric_equalizer", 1.0, **(off | bells | more))


def tidy(chain: list[NodeSettings]) -> tuple[Graph, Settings, float]:
    """Return a tidied strip, and by how much it sounds otherwise, in dB."""
    graph, settings = Desk([TrackStrip("voice", "", chain)]).built()
    kept, fewer = tidied(graph, settings, {"voice": voice()}, RATE)
    before, after = (
        render_song(g, s, [torch.from_numpy(voice())], RATE)
        for g, s in ((graph, settings), (kept, fewer))
    )
    # Magnitudes: a filter far below a sound also turns its phase a little, which nobody hears.
    ours, theirs = (torch.fft.rfft(audio).abs() for audio in (after, before))
    off = float((ours - theirs).square().sum() / theirs.square().sum())
    return kept, fewer, 10.0 * np.log10(off + 1e-12)


def only(graph: Graph, settings: Settings, kind: str) -> NodeSettings:
    (node,) = [i for i in graph.processors if graph.nodes[i].kind == kind]
    return settings[node]


def test_what_lies_outside_the_sound_leaves():
    chain = equalizer(
        high_pass_db_per_octave=12.0,
        high_pass_hz=40.0,
        high_shelf_hz=14_000.0,
        high_shelf_db=6.0,
        bell_hz=[60.0, 1000.0],
        bell_db=[9.0, 4.0],
        bell_q=[2.0, 1.0],
    )
    graph, settings, off_db = tidy([chain, FADER])
    left = only(graph, settings, "parametric_equalizer")
    assert left.array("bell_hz") == pytest.approx([1000.0])
    assert left.number("high_pass_db_per_octave") == 0.0
    assert left.number("high_shelf_db") == 0.0
    # Each of three may change a sound by .3 dB, -29 dB; here they lie far off.
    assert off_db < -29.0


def test_an_equalizer_without_a_band_leaves():
    graph, _, off_db = tidy([equalizer(), FADER])
    assert [graph.nodes[i].kind for i in graph.processors] == ["fader"]
    assert off_db < -100.0


def test_a_gain_over_all_that_sounds_is_the_faders():
    narrow = np.sin(2 * np.pi * 300.0 * np.arange(int(2 * RATE)) / RATE).astype(np.float32)[None]
    boosted = equalizer(low_shelf_hz=1000.0, low_shelf_db=6.0)
    graph, settings = Desk([TrackStrip("voice", "", [boosted, FADER])]).built()
    kept, fewer = tidied(graph, settings, {"voice": 0.1 * narrow}, RATE)
    assert [kept.nodes[i].kind for i in kept.processors] == ["fader"]
    # The shelf has nearly all of its 6 dB at 300 Hz.
    level_db = only(kept, fewer, "fader").number("level_db")
    assert level_db == pytest.approx(-3.0 + 6.0, abs=0.5)


def test_a_level_in_front_of_a_compressor_stays():
    squeeze = node_of("compressor", threshold_db=-30.0)
    boosted = equalizer(low_shelf_hz=1000.0, low_shelf_db=6.0)
    narrow = np.sin(2 * np.pi * 300.0 * np.arange(int(2 * RATE)) / RATE).astype(np.float32)[None]
    graph, settings = Desk([TrackStrip("voice", "", [boosted, squeeze, FADER])]).built()
    kept, fewer = tidied(graph, settings, {"voice": 0.1 * narrow}, RATE)
    assert only(kept, fewer, "parametric_equalizer").number("low_shelf_db") == pytest.approx(6.0)


def test_what_is_heard_stays():
    graph, settings, off_db = tidy([equalizer(bell_db=[1.0]), FADER])
    assert only(graph, settings, "parametric_equalizer").array("bell_db") == pytest.approx([1.0])
    assert off_db < -100.0
