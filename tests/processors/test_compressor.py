"""The compressor with dials: in dB and ms as measured, keyed, in blocks, and in words."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from mixtrace.graph import KEY, Edge, Graph
from mixtrace.processors import PROCESSORS, Heard, NodeSettings, Passing, Reduction, Settings
from mixtrace.processors.compressor import Compressor
from mixtrace.rendering import render_song, render_walk

KIND = "compressor"
ENTRY = Compressor()
RATES_HZ = (30_000.0, 44_100.0, 48_000.0, 96_000.0)
PLAIN = {
    "threshold_db": -20.0,
    "ratio": 4.0,
    "knee_db": 0.0,
    "attack_ms": 0.1,
    "release_ms": 5.0,
    "make_up_db": 0.0,
    "look_ahead_ms": 0.0,
    "detector": 0.0,
    "linked": 1.0,
    "smoothing": 0.0,
}


def dialled(**changes: Any) -> dict[str, Tensor]:
    """Return plain settings with changes, a node for each of the values of the longest."""
    named = {k: np.atleast_1d(np.array(v, float)) for k, v in (PLAIN | changes).items()}
    nodes = max(map(len, named.values()))
    return {k: torch.from_numpy(np.broadcast_to(v, nodes).copy()) for k, v in named.items()}


def gain_db(audio: Tensor, rate_hz: float, key: Tensor | None = None, **changes: Any) -> np.ndarray:
    """Return the gain of mono audio over time."""
    keys = None if key is None else key.expand(1, 2, -1)
    both = audio.expand(1, 2, -1)
    output = ENTRY.from_rest(both, keys, dialled(**changes), rate_hz)[0, 0]
    return 20.0 * torch.log10(output / audio).numpy()


def steady(level_db: float, samples: int) -> Tensor:
    return torch.full((samples,), 10.0 ** (level_db / 20.0), dtype=torch.float64)


def node(wet: float = 1.0, keyed: bool = False, **changes: Any) -> NodeSettings:
    return NodeSettings(KIND, {k: v[0] for k, v in dialled(**changes).items()}, wet, keyed)


@pytest.mark.parametrize(
    ("ratio", "level_db", "expected_db"),
    [
        (4.0, -8.0, -9.0),  # 12 dB above: comes out 3 dB above
        (2.0, -8.0, -6.0),
        (20.0, 0.0, -19.0),
        (1.0, 0.0, 0.0),
        (4.0, -25.0, 0.0),  # below the threshold
    ],
)
@pytest.mark.parametrize("detector", [0.0, 1.0], ids=["peak", "rms"])
@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_ratios(ratio, level_db, expected_db, detector, rate_hz):
    audio = steady(level_db, round(0.3 * rate_hz))
    found = gain_db(audio, rate_hz, ratio=ratio, detector=detector)[-1]
    # Thirty of the 10 ms that RMS takes leave nothing; the floor of -120 dB is 1e-9 of it.
    assert found == pytest.approx(expected_db, abs=1e-6)


@pytest.mark.parametrize("wet", [0.3, 1.0])
@pytest.mark.parametrize("knee_db", [0.0, 12.0, 24.0])
def test_the_curve_that_is_drawn_is_the_one_that_sounds(wet: float, knee_db: float):
    level_db = np.linspace(-50.0, 0.0, 26)
    changes: dict[str, Any] = {"knee_db": knee_db, "make_up_db": 5.0, "ratio": 3.0}
    drawn = ENTRY.static_gain_db(node(wet, **changes), level_db)
    for level, expected in zip(level_db, drawn, strict=True):
        gain = 10.0 ** (gain_db(steady(level, 4410), 44_100.0, **changes)[-1] / 20.0)
        assert 20.0 * np.log10(1.0 - wet + wet * gain) == pytest.approx(expected, abs=1e-4)
    # A quarter of the way through the knee, by eq. (4) of Giannoulis et al. 2012.
    if knee_db:
        at = -20.0 - knee_db / 4.0
        bend = (1.0 / 3.0 - 1.0) * (knee_db / 4.0) ** 2 / (2.0 * knee_db) + 5.0
        (alone,) = ENTRY.static_gain_db(node(**changes), np.array([at]))
        assert alone == pytest.approx(bend, abs=1e-9)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize(("attack_ms", "release_ms"), [(1.0, 50.0), (20.0, 400.0)])
def test_attack_and_release_as_measured(attack_ms: float, release_ms: float, rate_hz: float):
    attack, release = (round(t * rate_hz / 1000.0) for t in (attack_ms, release_ms))
    audio = torch.cat([steady(0.0, 30 * attack), steady(-40.0, 2 * release)])
    found = gain_db(audio, rate_hz, attack_ms=attack_ms, release_ms=release_ms)
    # Whole samples: at 1 ms and 30 kHz, thirty of them.
    assert found[attack - 1] == pytest.approx(-15.0 * (1.0 - np.exp(-1.0)), rel=0.02)
    assert found[30 * attack + release - 1] == pytest.approx(-15.0 * np.exp(-1.0), rel=0.02)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("release_ms", [50.0, 400.0])
def test_the_release_of_a_smoothed_level_as_measured(release_ms: float, rate_hz: float):
    release = round(release_ms * rate_hz / 1000.0)
    key = torch.cat([steady(0.0, 500), torch.zeros(2 * release, dtype=torch.float64)])
    dials: dict[str, Any] = {"release_ms": release_ms, "smoothing": 1.0, "threshold_db": -40.0}
    found = gain_db(torch.ones_like(key), rate_hz, key, **dials)
    # In a straight line by 8.69 dB in this time, of which a 4:1 gives back three quarters.
    back = 0.75 * 20.0 / np.log(10.0)
    assert found[499 + release] - found[499] == pytest.approx(back, abs=1e-6)
    assert found[499 + release // 2] - found[499] == pytest.approx(0.5 * back, rel=1e-3)


@pytest.mark.parametrize("look_ahead_ms", [0.0, 2.0, 10.0])
@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_the_gain_comes_early_and_the_sound_no_later(look_ahead_ms: float, rate_hz: float):
    audio = torch.cat([steady(-40.0, 3000), steady(0.0, 3000)])
    found = gain_db(audio, rate_hz, look_ahead_ms=look_ahead_ms)
    assert int(np.argmax(found < -1e-3)) == 3000 - round(look_ahead_ms * rate_hz / 1000.0)


def by_hand(level_db: np.ndarray, rate_hz: float, attack_ms: float, release_ms: float):
    """Return the gain in dB of a 4:1 at -20 dB with a corner, step after step."""
    attack, release = (np.exp(-1000.0 / (t * rate_hz)) for t in (attack_ms, release_ms))
    gain, reduction = np.empty(len(level_db)), 0.0
    for n, level in enumerate(level_db):
        wanted = 0.75 * max(level + 20.0, 0.0)
        pole = attack if wanted > reduction else release
        reduction = pole * reduction + (1.0 - pole) * wanted
        gain[n] = -reduction
    return gain


def kick_and_bass(rate_hz: float) -> tuple[np.ndarray, np.ndarray]:
    """Return two kicks, with silence around them, and a bass note of 0.6 s."""
    time_s = np.arange(round(0.6 * rate_hz)) / rate_hz
    since_s = np.mod(time_s, 0.3)
    kick = 0.9 * np.exp(-since_s / 0.03) * np.sin(2.0 * np.pi * 60.0 * since_s)
    bass = 0.3 * np.sin(2.0 * np.pi * 55.0 * time_s)
    return np.where(time_s > 0.1, kick, 0.0), bass


@pytest.mark.parametrize("rate_hz", [44_100.0, 48_000.0])
def test_a_bass_is_ducked_by_a_kick(rate_hz: float):
    kick, bass = kick_and_bass(rate_hz)
    times: dict[str, Any] = {"attack_ms": 2.0, "release_ms": 80.0}
    graph = Graph.of(
        [("input", "kick"), ("input", "bass"), (KIND, "bass"), ("output", "mix")],
        [(1, 2), Edge(0, 2, -3.0, KEY), (2, 3)],
    )
    weight = {KIND: torch.ones(1, dtype=torch.float64)}
    settings = Settings.by_kind(graph.by_kind(), {KIND: dialled(**times)}, weight)
    tracks = [torch.from_numpy(t)[None] for t in (kick, bass)]
    rendered = render_walk(graph, settings, tracks, rate_hz)[0].numpy()
    level_db = 10.0 * np.log10(np.square(10.0 ** (-3.0 / 20.0) * kick) + 1e-12)
    ducking_db = by_hand(level_db, rate_hz, **times)
    np.testing.assert_allclose(rendered, bass * 10.0 ** (ducking_db / 20.0), atol=1e-9)
    assert ducking_db.min() < -6.0
    song = render_song(graph, settings, tracks, int(rate_hz), block_samples=1000)
    np.testing.assert_allclose(song[0].numpy(), rendered, atol=1e-9)


def mixed_nodes() -> dict[str, Tensor]:
    """Return six nodes of all choices, in no order."""
    return dialled(
        detector=[1.0, 0.0, 1.0, 0.0, 1.0, 0.0],
        linked=[0.0, 0.0, 1.0, 1.0, 0.0, 1.0],
        smoothing=[0.0, 1.0, 1.0, 0.0, 0.0, 1.0],
        look_ahead_ms=[0.0, 10.0, 3.0, 1.0, 0.5, 0.0],
        make_up_db=[0.0, 6.0, 3.0, 1.0, 12.0, 24.0],
    )


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("sides", [0, 1, 2])
def test_nodes_of_different_choices_are_rendered_together_as_alone(channels: int, sides: int):
    generator = torch.Generator().manual_seed(0)
    audio = torch.randn(6, channels, 4000, dtype=torch.float64, generator=generator)
    key = torch.randn(6, max(sides, 1), 4000, dtype=torch.float64, generator=generator)
    values, wet = mixed_nodes(), torch.linspace(0.5, 1.0, 6).double()
    passing = Passing(audio, key if sides else None, torch.zeros(6).double(), 44_100.0)
    rest = ENTRY.rest(passing, values)
    together, after = ENTRY.follow(passing, values, wet, rest)
    for i in range(6):
        row = torch.tensor([i])
        one = {k: v[row] for k, v in values.items()}
        alone, state = ENTRY.follow(passing.rows(row), one, wet[row], rest[row])
        assert torch.equal(together[row], alone)
        assert torch.equal(after[row], state)


@pytest.mark.parametrize("detector", [0.0, 1.0], ids=["peak", "rms"])
@pytest.mark.parametrize("smoothing", [0.0, 1.0], ids=["gain", "level"])
def test_unlinked_channels_are_two_mono_tracks_but_under_a_key(detector: float, smoothing: float):
    generator = torch.Generator().manual_seed(1)
    audio = torch.randn(1, 2, 4000, dtype=torch.float64, generator=generator)
    audio *= torch.tensor([1.0, 0.1])[:, None]
    values = dialled(linked=0.0, detector=detector, smoothing=smoothing)
    apart = ENTRY.from_rest(audio, None, values, 44_100.0)
    for side in range(2):
        alone = ENTRY.from_rest(audio[:, side : side + 1], None, values, 44_100.0)
        assert torch.equal(apart[:, side : side + 1], alone)
    keyed = ENTRY.from_rest(audio, audio.flip(1), values, 44_100.0)
    linked = dialled(linked=1.0, detector=detector, smoothing=smoothing)
    assert torch.equal(keyed, ENTRY.from_rest(audio, audio.flip(1), linked, 44_100.0))


@pytest.mark.parametrize("block_samples", [700, 4096])
def test_blocks_are_the_whole(block_samples: int):
    generator = torch.Generator().manual_seed(2)
    nodes = [("input", "a"), *((KIND, "a") for _ in range(6)), ("output", "mix")]
    graph = Graph.of(nodes, [*((0, i) for i in range(1, 7)), *((i, 7) for i in range(1, 7))])
    weight = {KIND: torch.full((6,), 0.8).double()}
    settings = Settings.by_kind(graph.by_kind(), {KIND: mixed_nodes()}, weight)
    audio = torch.randn(2, 10_000, dtype=torch.float64, generator=generator)
    walk = render_walk(graph, settings, [audio], 44_100.0)
    blocks = render_song(graph, settings, [audio], 44_100, block_samples=block_samples)
    # Six sums in another order.
    torch.testing.assert_close(blocks, walk, rtol=1e-12, atol=1e-12)


def by_pedalboard(audio: np.ndarray, **settings: float) -> np.ndarray:
    pedalboard = pytest.importorskip("pedalboard")
    return pedalboard.Compressor(**settings)(audio.astype(np.float32)[None], 44_100.0)[0]


@pytest.mark.parametrize("ratio", [2.0, 8.0])
@pytest.mark.parametrize("level_db", [-40.0, -21.0, -19.0, -10.0, 0.0])
def test_the_static_curve_of_pedalboard(level_db: float, ratio: float):
    audio = steady(level_db, 44_100)
    theirs = by_pedalboard(
        audio.numpy(), threshold_db=-20.0, ratio=ratio, attack_ms=1.0, release_ms=50.0
    )
    ours = gain_db(audio, 44_100.0, ratio=ratio)
    # float32 in theirs.
    assert 20.0 * np.log10(theirs[-1] / float(audio[-1])) == pytest.approx(ours[-1], abs=1e-4)


@pytest.mark.parametrize(("before_db", "after_db"), [(-10.0, -9.5), (-9.5, -10.0)])
def test_the_time_constants_of_pedalboard(before_db: float, after_db: float):
    """Its times are periods, 2 pi time constants; see tests/dsp/test_compression.py."""
    audio = torch.cat([steady(before_db, 44_100), steady(after_db, 44_100)])
    theirs = by_pedalboard(
        audio.numpy(), threshold_db=-20.0, ratio=4.0, attack_ms=100.0, release_ms=400.0
    )
    turn = 2.0 * np.pi
    ours = gain_db(audio, 44_100.0, attack_ms=100.0 / turn, release_ms=400.0 / turn)
    difference = 20.0 * np.log10(theirs / audio.numpy()) - ours
    # It smooths the level, not the gain in dB: 3 % of half a dB, squared, at most.
    assert np.abs(difference[43_000:]).max() < 0.03 * 0.75 * 0.5


@pytest.mark.parametrize("release_ms", [60.0, 400.0])
def test_the_channels_of_pedalboard_are_levels_smoothed_each_for_itself(release_ms: float):
    """See tests/dsp/test_compression.py."""
    pedalboard = pytest.importorskip("pedalboard")
    noise = np.random.default_rng(0).standard_normal((2, 44_100))
    swell_db = 15.0 * np.sign(np.sin(np.array([[6.0], [5.0]]) * np.linspace(0.0, 6.0, 44_100)))
    audio = (10.0 ** ((swell_db - 20.0) / 20.0) * noise).astype(np.float32)
    dials = {"threshold_db": -24.0, "ratio": 3.0, "attack_ms": 10.0, "release_ms": release_ms}
    theirs = pedalboard.Compressor(**dials)(audio, 44_100.0)
    dials |= {name: dials[name] / (2.0 * np.pi) for name in ("attack_ms", "release_ms")}
    values = dialled(**dials, linked=0.0, smoothing=1.0)
    both = torch.from_numpy(audio).double()[None]
    ours = ENTRY.from_rest(both, None, values, 44_100.0)[0].numpy()
    difference_db = 20.0 * np.log10(ours / theirs.astype(float))
    # float32 in theirs: a pole next to one is rounded, which shifts a time constant by 1e-4.
    assert np.abs(difference_db).max() < 1e-3
    assert np.ptp(20.0 * np.log10(ours / audio), axis=1).min() > 8.0


def test_the_dials_in_words():
    dials: dict[str, Any] = {"threshold_db": -24.0, "knee_db": 6.0, "attack_ms": 10.0}
    dials["release_ms"] = 120.0
    loud = node(0.8, keyed=True, **dials, make_up_db=3.0, detector=1.0)
    assert ENTRY.describe(loud) == (
        "4:1 above -24 dB, knee 6 dB, attack 10 ms, release 120 ms, +3 dB make-up, RMS, keyed, "
        "wet 80 %"
    )
    hard = node(**dials, ratio=18.0, look_ahead_ms=5.0, linked=0.0)
    assert ENTRY.describe(hard) == (
        "limiting above -24 dB, knee 6 dB, attack 10 ms, release 120 ms, look-ahead 5 ms, peak, "
        "per channel, wet 100 %"
    )
    level = node(**dials, smoothing=1.0)
    assert ENTRY.describe(level) == (
        "4:1 above -24 dB, knee 6 dB, attack 10 ms, release 120 ms, peak, level smoothed, wet 100 %"
    )
    assert dict(ENTRY.dials(level))["smoothing"] == "of the level"
    assert dict(ENTRY.dials(hard)) == {
        "threshold": "-24.0 dB", "ratio": "limiting", "knee": "6.0 dB", "attack": "10 ms",
        "release": "120 ms", "look-ahead": "5 ms", "make-up": "0.0 dB", "detector": "peak",
        "smoothing": "of the gain", "channels": "each by its own level",
        "side-chain": "its own sound",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "about 6 dB of compression at 4:1"),
        ({"keyed": True}, "about 6 dB of keyed compression at 4:1"),
        ({"ratio": 20.0}, "about 6 dB of limiting"),
    ],
)
def test_what_it_took_in_words(changes: dict[str, Any], said: str):
    heard = Heard(measured=True, reduction=Reduction(6.2, 0.5, 0.4, 9.0))
    assert ENTRY.say(node(**changes), heard).words == (said,)
    promised = said.removeprefix("about 6 dB of ") + " above -20 dB"
    assert ENTRY.say(node(**changes), Heard()).words == (promised,)


def test_the_registry_has_it():
    assert isinstance(PROCESSORS[KIND], Compressor)
