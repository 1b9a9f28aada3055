"""Saturation against numpy's tanh, in blocks and in words."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor

from mixtrace.graph import INPUT, OUTPUT, Graph
from mixtrace.processors import (
    PROCESSORS,
    Heard,
    NodeSettings,
    Passing,
    Settings,
    TimeDomainProcessor,
)
from mixtrace.rendering import render_scheduled, render_song, render_walk

KIND = "saturation"
SATURATION = PROCESSORS[KIND]


def node(drive_db: float, bias: float = 0.0, wet: float = 1.0) -> NodeSettings:
    values = {"drive_db": torch.tensor(drive_db), "bias": torch.tensor(bias)}
    return NodeSettings(KIND, values, wet)


def batch(settings: NodeSettings) -> dict[str, Tensor]:
    return {name: value[None].double() for name, value in settings.values.items()}


def bent(audio: np.ndarray, drive_db: float, bias: float) -> np.ndarray:
    """Return tanh(g x + b) - tanh(b) over its slope at zero, sample by sample."""
    gain = 10.0 ** (drive_db / 20.0)
    slope = gain * (1.0 - np.tanh(bias) ** 2)
    return (np.tanh(gain * audio + bias) - np.tanh(bias)) / slope


@pytest.mark.parametrize("rate_hz", [30_000.0, 44_100.0, 48_000.0, 96_000.0])
@pytest.mark.parametrize(("drive_db", "bias"), [(0.0, 0.0), (12.0, 0.4), (18.0, -1.0)])
def test_at_low_frequencies_it_is_the_curve_sample_by_sample(drive_db, bias, rate_hz):
    time_s = np.arange(8000) / rate_hz
    sine = 0.5 * np.sin(2.0 * np.pi * 100.0 * time_s)
    audio = torch.from_numpy(np.stack([sine, -sine]))[None]
    bias = float(torch.tensor(bias))
    output = SATURATION.forward(audio, batch(node(drive_db, bias)), rate_hz)[0].numpy()
    reach, _ = SATURATION.reach(rate_hz, {})
    # The filters of the higher rate are flat to .001 where this sine has harmonics.
    expected = bent(audio[0].numpy(), drive_db, bias)
    inside = slice(reach, -reach)
    error = np.abs(output - expected)[:, inside].max()
    assert error < 1e-3 * np.abs(expected).max()


def test_the_weight_mixes_the_clean_sound_back_in():
    assert isinstance(SATURATION, TimeDomainProcessor)
    audio = torch.from_numpy(0.3 * np.random.default_rng(0).standard_normal((1, 2, 2000)))
    values = batch(node(18.0, 0.3))
    reach, _ = SATURATION.reach(44_100.0, {})
    padded = torch.nn.functional.pad(audio, (0, reach))
    passing = Passing(padded, None, audio.new_zeros(1), 44_100.0)
    rest = SATURATION.rest(passing, values)
    mixed, _ = SATURATION.follow(passing, values, audio.new_full((1,), 0.25), rest)
    wet = SATURATION.forward(audio, values, 44_100.0)
    torch.testing.assert_close(mixed, 0.75 * audio + 0.25 * wet, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("block_samples", [50, 997])
@pytest.mark.parametrize("rate_hz", [30_000.0, 96_000.0])
def test_blocks_joined_are_the_whole(block_samples, rate_hz):
    nodes = [(INPUT, "a"), (KIND, "a"), (KIND, "a"), (OUTPUT, "mix")]
    graph = Graph.of(nodes, [(0, 1), (1, 2), (2, 3)])
    settings = Settings.of({1: node(18.0, 0.5, 0.7), 2: node(9.0, -0.2)}).map(Tensor.double)
    audio = torch.from_numpy(0.3 * np.random.default_rng(0).standard_normal((2, 3000)))
    args = graph, settings, [audio], rate_hz
    walk = render_walk(*args)
    # What the first one rings ahead of the song is cut by the walk and kept by blocks, and what it
    # rings behind the end likewise.
    reach, _ = SATURATION.reach(rate_hz, {})
    for output in (render_song(*args, block_samples=block_samples), render_scheduled(*args)):
        assert output[:, 2 * reach : -2 * reach].isfinite().all()
        difference = (output - walk)[:, 2 * reach : -2 * reach]
        assert difference.abs().max() < 1e-12
    whole = render_song(*args, block_samples=1 << 20)
    blocks = render_song(*args, block_samples=block_samples)
    assert (blocks - whole).abs().max() < 1e-12


def test_a_state_goes_on_where_it_was():
    assert isinstance(SATURATION, TimeDomainProcessor)
    values, rate_hz = batch(node(24.0, 0.2)), 44_100.0
    audio = torch.from_numpy(0.3 * np.random.default_rng(0).standard_normal((1, 2, 700)))
    reach, _ = SATURATION.reach(rate_hz, {})
    padded = torch.nn.functional.pad(audio, (0, reach))
    one = audio.new_ones(1)
    whole = SATURATION.forward(audio, values, rate_hz)
    state = SATURATION.rest(Passing(padded, None, 0.0 * one, rate_hz), values)
    pieces, edges = [], [0, 7, 300, 301, 700]  # also pieces shorter than what is remembered
    for start, end in pairwise(edges):
        passing = Passing(padded[..., start : end + reach], None, start / rate_hz * one, rate_hz)
        piece, state = SATURATION.follow(passing, values, one, state)
        pieces.append(piece)
    torch.testing.assert_close(torch.cat(pieces, -1), whole, rtol=1e-12, atol=1e-13)


def distortion(settings: NodeSettings) -> float:
    """Return the share that the words tell, as a number."""
    words = dict(SATURATION.dials(settings))["THD of a -12 dB sine"]
    return float(words.removesuffix(" %")) / 100.0


def test_the_distortion_told_is_that_of_the_audio():
    rate_hz, hz = 48_000.0, 1000.0
    for settings in (node(6.0), node(18.0, 0.5), node(24.0, wet=0.5)):
        sine = 10.0 ** (-12.0 / 20.0) * np.sin(2.0 * np.pi * hz * np.arange(48_000) / rate_hz)
        audio = torch.from_numpy(np.stack([sine, sine]))[None]
        wet = SATURATION.forward(audio, batch(settings), rate_hz)
        mixed = ((1.0 - settings.wet) * audio + settings.wet * wet)[0, 0].numpy()
        power = np.abs(np.fft.rfft(mixed[4800:43_200])) ** 2  # 800 periods
        harmonics = power[800::800]
        measured = math.sqrt(harmonics[1:].sum() / harmonics[0])
        # Two digits are told; harmonics above 22 kHz are not in the audio.
        assert distortion(settings) == pytest.approx(measured, rel=0.06)


def test_a_small_distortion_is_that_of_the_cubic_term():
    # tanh x = x - x^3 / 3: the third harmonic of a sine a is a^3 / 12, a^2 / 12 of the first.
    level = 10.0 ** (-12.0 / 20.0)
    assert distortion(node(0.0)) == pytest.approx(level**2 / 12.0, rel=0.06)


def test_words():
    assert SATURATION.describe(node(12.0, 0.25, 0.8)).startswith("drive 12 dB, bias 0.25, ")
    assert SATURATION.describe(node(12.0, 0.25, 0.8)).endswith(" THD at -12 dB, wet 80 %")
    (odd,) = SATURATION.say(node(18.0), Heard()).words
    assert odd.startswith("saturation, ") and odd.endswith("THD at -12 dB (mostly odd harmonics)")
    (even,) = SATURATION.say(node(6.0, 0.6), Heard()).words
    assert even.endswith("(mostly even harmonics)")
    clean = SATURATION.say(node(6.0, 0.0, 0.01), Heard())
    assert clean.doubts == ("the saturation leaves a -12 dB sine clean",)
    assert not clean.words


def test_the_picture_shows_the_curve():
    settings = node(12.0, 0.3)
    picture = SATURATION.picture(settings, Heard())
    assert picture is not None
    curve = picture.panels[0].traces[-1]
    np.testing.assert_allclose(curve.y, bent(curve.x, 12.0, settings.number("bias")), atol=1e-12)
    assert picture.panels[0].up.low <= curve.y.min()
    glyph = SATURATION.glyph(settings, Heard())
    assert glyph is not None
    assert glyph.values[-1] == pytest.approx(bent(np.ones(1), 12.0, settings.number("bias"))[0])
