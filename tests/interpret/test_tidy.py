"""The canonical form: fewer bands, the same sound."""

import numpy as np
import pytest
import torch

from mixtrace.graph import Graph
from mixtrace.interpret import Missed, tidied
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


def unmissed() -> Missed:
    """Return a loss that rises with nothing."""
    return Missed(lambda _: 0.5, 0.0015, 0.5)


def equalizer(**more: float | list[float]) -> NodeSettings:
    off = {"high_pass_db_per_octave": 0.0, "low_pass_db_per_octave": 0.0}
    bells = {"bell_hz": [1000.0], "bell_db": [0.0], "bell_q": [1.0]}
    return node_of("parametric_equalizer", 1.0, **(off | bells | more))


def with_three_idle() -> NodeSettings:
    """Return an equalizer with one bell in the voice, and three bands outside."""
    return equalizer(
        high_pass_db_per_octave=12.0,
        high_pass_hz=40.0,
        high_shelf_hz=14_000.0,
        high_shelf_db=6.0,
        bell_hz=[60.0, 1000.0],
        bell_db=[9.0, 4.0],
        bell_q=[2.0, 1.0],
    )


def tidy(chain: list[NodeSettings]) -> tuple[Graph, Settings, float]:
    """Return a tidied strip, and by how much it sounds otherwise, in dB."""
    graph, settings = Desk([TrackStrip("voice", "", chain)]).built()
    kept, fewer = tidied(graph, settings, {"voice": voice()}, RATE, unmissed())
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
    chain = with_three_idle()
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
    kept, fewer = tidied(graph, settings, {"voice": 0.1 * narrow}, RATE, unmissed())
    assert [kept.nodes[i].kind for i in kept.processors] == ["fader"]
    # The shelf has nearly all of its 6 dB at 300 Hz.
    level_db = only(kept, fewer, "fader").number("level_db")
    assert level_db == pytest.approx(-3.0 + 6.0, abs=0.5)


def test_a_level_in_front_of_a_compressor_stays():
    squeeze = node_of("compressor", threshold_db=-30.0)
    boosted = equalizer(low_shelf_hz=1000.0, low_shelf_db=6.0)
    narrow = np.sin(2 * np.pi * 300.0 * np.arange(int(2 * RATE)) / RATE).astype(np.float32)[None]
    graph, settings = Desk([TrackStrip("voice", "", [boosted, squeeze, FADER])]).built()
    kept, fewer = tidied(graph, settings, {"voice": 0.1 * narrow}, RATE, unmissed())
    assert only(kept, fewer, "parametric_equalizer").number("low_shelf_db") == pytest.approx(6.0)


def test_what_is_heard_stays():
    graph, settings, off_db = tidy([equalizer(bell_db=[1.0]), FADER])
    assert only(graph, settings, "parametric_equalizer").array("bell_db") == pytest.approx([1.0])
    assert off_db < -100.0


@pytest.mark.parametrize("worth", [0.0015, 0.03])
def test_a_band_that_the_mix_asks_for_stays(worth):
    # Of three bands that change nothing of the voice, a loss of the mix misses one: by .02.
    chain = with_three_idle()
    graph, settings = Desk([TrackStrip("voice", "", [chain, FADER])]).built()
    asked = []

    def loss(trial: Settings) -> float:
        own = only(graph, trial, "parametric_equalizer")
        asked.append(own)
        return 0.3 + (0.02 if own.number("high_pass_db_per_octave") == 0.0 else 0.0)

    missed = Missed(loss, worth, 0.3)
    kept, fewer = tidied(graph, settings, {"voice": voice()}, RATE, missed)
    left = only(kept, fewer, "parametric_equalizer")
    assert left.number("high_shelf_db") == 0.0
    assert left.array("bell_hz") == pytest.approx([1000.0])
    stays = 0.02 > 3 * worth
    assert left.number("high_pass_db_per_octave") == (12.0 if stays else 0.0)
    assert missed.before == pytest.approx(0.3 if stays else 0.32)
    assert len(asked) == 1 or stays


def test_the_level_of_a_band_goes_to_the_fader_only_with_the_band():
    narrow = np.sin(2 * np.pi * 300.0 * np.arange(int(2 * RATE)) / RATE).astype(np.float32)[None]
    boosted = equalizer(low_shelf_hz=1000.0, low_shelf_db=6.0)
    graph, settings = Desk([TrackStrip("voice", "", [boosted, FADER])]).built()
    missed = Missed(lambda trial: float(trial != settings), 0.0015, 0.0)
    kept, fewer = tidied(graph, settings, {"voice": 0.1 * narrow}, RATE, missed)
    assert only(kept, fewer, "parametric_equalizer").number("low_shelf_db") == pytest.approx(6.0)
    assert only(kept, fewer, "fader").number("level_db") == pytest.approx(-3.0)
