"""The gate with dials: in dB and ms as measured, keyed, in blocks, and in words."""

import numpy as np
import pytest
import torch
from torch import Tensor

from mixtrace.graph import KEY, Edge, Graph
from mixtrace.processors import Heard, NodeSettings, Reduction, Settings
from mixtrace.processors.gate import Gate
from mixtrace.rendering import render_song, render_walk

ENTRY = Gate()
RATES_HZ = (30_000.0, 44_100.0, 48_000.0, 96_000.0)
PLAIN = {
    "threshold_db": -30.0,
    "range_db": -60.0,
    "attack_ms": 0.1,
    "hold_ms": 0.0,
    "release_ms": 5.0,
    "look_ahead_ms": 0.0,
}


def dialled(**changes: float) -> dict[str, Tensor]:
    return {k: torch.tensor([v], dtype=torch.float64) for k, v in (PLAIN | changes).items()}


def gain_db(level_db: np.ndarray, rate_hz: float, **changes: float) -> np.ndarray:
    """Return the gain over time of a mono sound that has a level at each sample."""
    audio = torch.from_numpy(10.0 ** (level_db / 20.0)).expand(1, 2, -1)
    output = ENTRY.from_rest(audio, None, dialled(**changes), rate_hz)
    return 20.0 * torch.log10(output / audio)[0, 0].numpy()


def node(wet: float = 1.0, keyed: bool = False, **changes: float) -> NodeSettings:
    return NodeSettings("gate", {k: v[0] for k, v in dialled(**changes).items()}, wet, keyed)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_attack_hold_and_release_as_measured(rate_hz: float):
    attack, hold, release = (round(t * rate_hz / 1000.0) for t in (2.0, 30.0, 50.0))
    level_db = np.repeat([-10.0, -50.0], [30 * attack, hold + 2 * release])
    found = gain_db(level_db, rate_hz, attack_ms=2.0, hold_ms=30.0, release_ms=50.0)
    assert found[attack - 1] == pytest.approx(-60.0 * np.exp(-1.0), rel=0.02)
    closes = 30 * attack + hold
    # Thirty attacks leave 6e-12 dB.
    assert np.abs(found[30 * attack : closes]).max() < 1e-6
    assert found[closes + release - 1] == pytest.approx(-60.0 * (1.0 - np.exp(-1.0)), rel=0.02)


@pytest.mark.parametrize("look_ahead_ms", [0.0, 2.0, 10.0])
@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_it_opens_early_and_the_sound_comes_no_later(look_ahead_ms: float, rate_hz: float):
    found = gain_db(np.repeat([-50.0, -10.0], 3000), rate_hz, look_ahead_ms=look_ahead_ms)
    assert int(np.argmax(found > -59.9)) == 3000 - round(look_ahead_ms * rate_hz / 1000.0)


@pytest.mark.parametrize("wet", [0.3, 1.0])
def test_the_curve_that_is_drawn_is_the_one_that_sounds(wet: float):
    level_db = np.linspace(-31.0, -29.0, 9)
    drawn = ENTRY.static_gain_db(node(wet), level_db)
    for level, expected in zip(level_db, drawn, strict=True):
        gain = 10.0 ** (gain_db(np.full(3000, level), 44_100.0)[-1] / 20.0)
        assert 20.0 * np.log10(1.0 - wet + wet * gain) == pytest.approx(expected, abs=1e-4)


def by_hand(level_db: np.ndarray, rate_hz: float, attack_ms: float, hold_ms: float) -> np.ndarray:
    """Return the gain in dB of a gate at -30 dB by 60 dB, released in 5 ms, step after step."""
    attack, release = (np.exp(-1000.0 / (t * rate_hz)) for t in (attack_ms, 5.0))
    hold, smooth, gain, is_open = round(hold_ms * rate_hz / 1000.0), 0.0, [], 0.0
    for n in range(len(level_db)):
        excess = level_db[max(0, n - hold) : n + 1].max() + 30.0
        rising, staying = (np.clip(excess + shift + 0.5, 0.0, 1.0) for shift in (0.0, 3.0))
        low, high = (z * z * (3.0 - 2.0 * z) for z in (rising, staying))
        is_open = min(high, max(low, is_open))
        pole = attack if is_open > smooth else release
        smooth = pole * smooth + (1.0 - pole) * is_open
        gain.append(-60.0 * (1.0 - smooth))
    return np.array(gain)


def test_a_room_is_gated_by_a_snare():
    rate_hz = 44_100.0
    generator = np.random.default_rng(0)
    room = 0.1 * generator.standard_normal(13_000)
    since_s = np.mod(np.arange(13_000), 6000) / rate_hz
    snare = generator.standard_normal(13_000) * np.exp(-since_s / 0.01)
    graph = Graph.of(
        [("input", "snare"), ("input", "room"), ("gate", "room"), ("output", "mix")],
        [(1, 2), Edge(0, 2, -6.0, KEY), (2, 3)],
    )
    values = dialled(attack_ms=1.0, hold_ms=20.0)
    weight = {"gate": torch.ones(1, dtype=torch.float64)}
    settings = Settings.by_kind(graph.by_kind(), {"gate": values}, weight)
    tracks = [torch.from_numpy(t)[None] for t in (snare, room)]
    rendered = render_walk(graph, settings, tracks, rate_hz)[0].numpy()
    level_db = 10.0 * np.log10(np.square(10.0 ** (-6.0 / 20.0) * snare) + 1e-12)
    expected = by_hand(level_db, rate_hz, 1.0, 20.0)
    np.testing.assert_allclose(rendered, room * 10.0 ** (expected / 20.0), atol=1e-9)
    assert expected.min() < -30.0
    assert expected.max() > -1.0


@pytest.mark.parametrize("block_samples", [700, 4096])
def test_blocks_are_the_whole(block_samples: int):
    generator = torch.Generator().manual_seed(2)
    nodes = [("input", "a"), ("input", "b"), ("gate", "a"), ("gate", "b"), ("output", "mix")]
    graph = Graph.of(nodes, [(0, 2), (1, 3), (2, 4), (3, 4)])
    values = [dialled(hold_ms=5.0, look_ahead_ms=10.0), dialled(hold_ms=90.0, attack_ms=4.0)]
    joined = {name: torch.cat([each[name] for each in values]) for name in PLAIN}
    weight = {"gate": torch.tensor([1.0, 0.7]).double()}
    settings = Settings.by_kind(graph.by_kind(), {"gate": joined}, weight)
    swell = 10.0 ** (2.0 * torch.sin(torch.arange(20_000) / 1500.0).double() - 2.5)
    tracks = [swell * torch.randn(2, 20_000, generator=generator).double() for _ in range(2)]
    walk = render_walk(graph, settings, tracks, 44_100.0)
    blocks = render_song(graph, settings, tracks, 44_100, block_samples=block_samples)
    # Two sums in another order.
    torch.testing.assert_close(blocks, walk, rtol=1e-12, atol=1e-12)


def test_in_words():
    whole = node(0.5, keyed=True, attack_ms=1.0, hold_ms=20.0, release_ms=100.0, look_ahead_ms=2.0)
    assert ENTRY.describe(whole) == (
        "below -30 dB by 60 dB, attack 1 ms, hold 20 ms, release 100 ms, look-ahead 2 ms, keyed, "
        "wet 50 %"
    )
    assert dict(ENTRY.dials(whole)) == {
        "threshold": "-30.0 dB", "range": "-60.0 dB", "attack": "1 ms", "hold": "20 ms",
        "release": "100 ms", "look-ahead": "2 ms", "side-chain": "keyed",
    }  # fmt: skip
    heard = Heard(measured=True, reduction=Reduction(6.0, 0.0, 0.4, 9.0))
    words = "gated below -30 dB (40 % of the time, by up to 9 dB)"
    assert ENTRY.say(node(), heard).words == (words,)
    assert ENTRY.say(whole, heard).words == (f"keyed, {words}",)
