"""Free curves as bands: those that bands drew, and those that no bands say."""

import numpy as np
import pytest
import torch
from music_like import RATE_HZ, beats

from mixtrace.interpret import node_of
from mixtrace.processors.equalizer import equalizer_frequencies
from mixtrace.simplifying.free_curve import bands_of, grid_hz, nearest_bands
from mixtrace.simplifying.nearest import Place


def analogue_bell_db(hz: np.ndarray, centre_hz: float, gain_db: float, q: float) -> np.ndarray:
    """Return a textbook bell, as the "Audio EQ Cookbook" has it."""
    a, omega = 10.0 ** (gain_db / 40.0), 2.0 * np.pi * centre_hz
    s = 2j * np.pi * np.maximum(hz, 1.0)
    response = np.polyval([1.0, a * omega / q, omega**2], s)
    response /= np.polyval([1.0, omega / (a * q), omega**2], s)
    return 20.0 * np.log10(np.abs(response))


def drawn(curve_db: np.ndarray, wet: float = 1.0) -> Place:
    magnitudes = torch.from_numpy(curve_db.astype(np.float32))
    return Place(node_of("equalizer", wet, magnitude_db=magnitudes), beats(2.0), RATE_HZ)


def test_a_curve_that_bands_drew_is_said_by_them():
    hz = equalizer_frequencies().numpy()
    curve_db = analogue_bell_db(hz, 300.0, -6.0, 1.2) + analogue_bell_db(hz, 3000.0, 4.0, 0.9) - 3.0
    found = nearest_bands(drawn(curve_db))
    bands, fader = found.chain
    assert found.near
    on = np.abs(bands.array("bell_db")) > 0.5
    order = np.argsort(bands.array("bell_hz")[on])
    # A third of an octave blurs a bell of Q 1 by some tenths of a dB.
    assert bands.array("bell_db")[on][order] == pytest.approx([-6.0, 4.0], abs=0.7)
    assert bands.array("bell_hz")[on][order] == pytest.approx([300.0, 3000.0], rel=0.05)
    assert fader.number("level_db") == pytest.approx(-3.0, abs=0.4)


def test_a_weight_is_worked_into_the_bands():
    hz = equalizer_frequencies().numpy()
    found = nearest_bands(drawn(analogue_bell_db(hz, 1000.0, 8.0, 1.0), wet=0.5))
    bands = found.chain[0]
    assert bands.wet == 1.0
    # 0.5 + 0.5 * 10^(8/20) is 4.9 dB.
    assert bands.array("bell_db").max() == pytest.approx(4.9, abs=0.6)


def test_a_level_alone_is_a_fader():
    found = nearest_bands(drawn(np.full(1024, -4.0)))
    assert [node.kind for node in found.chain] == ["fader"]
    assert found.chain[0].number("level_db") == pytest.approx(-4.0, abs=0.05)


def test_what_so_few_bands_do_not_say_is_told_to_be_far():
    hz = grid_hz(RATE_HZ)
    steps_db = 6.0 * np.sign(np.sin(np.pi * np.log2(hz / 20.0)))  # up and down each octave
    found = bands_of(hz, steps_db, np.ones(len(hz), bool), RATE_HZ, most=2)
    assert not found.near
    assert np.count_nonzero(np.abs(found.chain[0].array("bell_db")) > 0.1) <= 2


def test_where_nothing_sounds_a_curve_may_be_what_it_likes():
    hz = grid_hz(RATE_HZ)
    found = bands_of(hz, np.where(hz < 2000.0, 0.0, 3.0), hz < 1500.0, RATE_HZ)
    assert found.chain == () and found.near
