"""The limiter: its ceiling at every rate, its gain, in blocks, and in words."""

import numpy as np
import pytest
import torch
from torch import Tensor

from mixtrace.graph import Graph
from mixtrace.processors import Heard, NodeSettings, Reduction, Settings
from mixtrace.processors.limiter import Limiter
from mixtrace.rendering import render_song, render_walk

ENTRY = Limiter()
RATES_HZ = (30_000.0, 44_100.0, 48_000.0, 96_000.0)
PLAIN = {"gain_db": 0.0, "ceiling_db": -6.0, "release_ms": 50.0, "look_ahead_ms": 5.0}


def dialled(**changes: float) -> dict[str, Tensor]:
    return {k: torch.tensor([v], dtype=torch.float64) for k, v in (PLAIN | changes).items()}


def node(wet: float = 1.0, **changes: float) -> NodeSettings:
    return NodeSettings("limiter", {k: v[0] for k, v in dialled(**changes).items()}, wet)


def noise(time: int) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return 0.3 * torch.randn(1, 2, time, dtype=torch.float64, generator=generator)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("gain_db", [0.0, 24.0])
@pytest.mark.parametrize("look_ahead_ms", [1.0, 10.0])
def test_no_peak_is_above_the_ceiling(rate_hz: float, gain_db: float, look_ahead_ms: float):
    values = dialled(gain_db=gain_db, look_ahead_ms=look_ahead_ms)
    output = ENTRY.forward(noise(9000), values, rate_hz)
    # Reductions are averaged in steps of 1.5e-11 dB.
    assert -6.1 < 20.0 * torch.log10(output.abs().max()) < -6.0 + 1e-9


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_the_gain_is_one_before_the_limit(rate_hz: float):
    louder = ENTRY.forward(noise(5000) * 10.0 ** (9.0 / 20.0), dialled(), rate_hz)
    driven = ENTRY.forward(noise(5000), dialled(gain_db=9.0), rate_hz)
    # The floor of -120 dB lies elsewhere, and whole steps of 1.5e-11 dB.
    torch.testing.assert_close(driven, louder, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_it_falls_over_the_look_ahead_and_rises_with_the_release(rate_hz: float):
    ahead, release = round(0.004 * rate_hz), round(0.05 * rate_hz)
    audio = torch.full((1, 2, 6000 + 2 * release), 0.1).double()
    audio[..., 3000] = 10.0
    output = ENTRY.forward(audio, dialled(look_ahead_ms=4.0), rate_hz)
    gain_db = 20.0 * torch.log10(output / audio)[0, 0].numpy()
    assert np.abs(gain_db[: 3000 - ahead]).max() < 1e-9
    assert gain_db[3000 - ahead // 2] == pytest.approx(-13.0, rel=0.02)
    assert gain_db[3000] == pytest.approx(-26.0, abs=1e-6)
    start = gain_db[3000 + ahead + 1]
    assert gain_db[3000 + ahead + 1 + release] == pytest.approx(start * np.exp(-1.0), rel=1e-3)


def test_the_curve_that_is_drawn_is_the_one_that_sounds():
    level_db = np.linspace(-40.0, 0.0, 9)
    for wet in (0.4, 1.0):
        drawn = ENTRY.static_gain_db(node(wet, gain_db=9.0), level_db)
        for level, expected in zip(level_db, drawn, strict=True):
            audio = torch.full((1, 2, 2000), 10.0 ** (level / 20.0), dtype=torch.float64)
            gain = float((ENTRY.forward(audio, dialled(gain_db=9.0), 44_100.0) / audio)[0, 0, -500])
            assert 20.0 * np.log10(1.0 - wet + wet * gain) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("block_samples", [700, 4096])
def test_blocks_are_the_whole(block_samples: int):
    graph = Graph.of([("input", "a"), ("limiter", "a"), ("output", "mix")], [(0, 1), (1, 2)])
    weight = {"limiter": torch.tensor([0.9]).double()}
    values = {"limiter": dialled(gain_db=6.0)}
    settings = Settings.by_kind(graph.by_kind(), values, weight)
    audio = noise(20_000)[0]
    walk = render_walk(graph, settings, [audio], 44_100.0)
    blocks = render_song(graph, settings, [audio], 44_100, block_samples=block_samples)
    # The weight is worked in before or after.
    torch.testing.assert_close(blocks, walk, rtol=1e-12, atol=1e-12)


def test_in_words():
    driven = node(gain_db=6.0)
    assert ENTRY.describe(driven) == (
        "+6.0 dB into -6.0 dB, release 50 ms, look-ahead 5 ms, wet 100 %"
    )
    assert dict(ENTRY.dials(driven)) == {
        "gain": "+6.0 dB", "ceiling": "-6.0 dB", "release": "50 ms", "look-ahead": "5 ms",
    }  # fmt: skip
    assert ENTRY.say(driven, Heard()).words == ("+6 dB into a limiter at -6.0 dB",)
    heard = Heard(measured=True, reduction=Reduction(1.0, 0.0, 0.1, 4.2))
    assert ENTRY.say(node(), heard).words == ("a limiter at -6.0 dB, which takes up to 4 dB away",)
    idle = ENTRY.say(node(), Heard(measured=True, reduction=Reduction(0.0, 0.0, 0.0, 0.2)))
    assert idle.doubts == ("the limiter takes less than 0.5 dB away",)
    assert not idle.words
