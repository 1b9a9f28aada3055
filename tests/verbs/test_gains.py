"""Gains over a song against closed forms: what a step does to a compressor, and a ride's lines."""

import numpy as np
import pytest

from mixtrace.corpus import GainCurves
from mixtrace.interpret import Desk, TrackStrip, node_of
from mixtrace.session import Alignment, Session, Track
from mixtrace.store import StoredGraph, StoredTrack
from mixtrace.verbs.gains import measured_gains

RATE_HZ = 20_000
FRAME = 400
"""Samples of a frame: 20 ms."""

ATTACK_MS, RELEASE_MS, WET, MAKE_UP_DB = 30.0, 200.0, 0.75, 3.0
TIMES_S, RIDE_DB = (0.5, 1.5, 2.5), (0.0, -12.0, 4.0)


@pytest.fixture(scope="module")
def measured() -> tuple[StoredGraph, GainCurves]:
    """Return gains of squares: one of 0 and -20 dB after silence, one of -6 dB."""
    clock = np.arange(3 * RATE_HZ)
    square = np.where(clock // 20 % 2 == 0, 1.0, -1.0)
    steps = np.repeat([0.0, 1.0, 0.1], RATE_HZ) * square
    compressor = node_of(
        "compressor",
        WET,
        threshold_db=-10.0,
        ratio=2.0,
        knee_db=0.0,
        attack_ms=ATTACK_MS,
        release_ms=RELEASE_MS,
        make_up_db=MAKE_UP_DB,
        look_ahead_ms=0.0,
        detector=0.0,
        linked=1.0,
        smoothing=0.0,
    )
    limiter = node_of("limiter", 1.0, gain_db=2.0, ceiling_db=-9.0)
    ride = node_of("fader_automation", 1.0, knot_s=TIMES_S, knot_db=RIDE_DB)
    fader = node_of("fader", 1.0, level_db=-3.0)
    desk = Desk([TrackStrip("a", "", [compressor, fader]), TrackStrip("b", "", [limiter, ride])])
    graph, settings = desk.built()
    names = [graph.name(i) for i in graph.inputs]
    audio = {"a": steps, "b": 10.0 ** (-6.0 / 20.0) * square}
    tracks = tuple(
        Track(n, "", audio[n][None].astype(np.float32), Alignment(), False, None, 0) for n in names
    )
    stored = StoredGraph(
        "song", tuple(StoredTrack(n, "", Alignment()) for n in names), graph, settings
    )
    mix = np.zeros((2, 3 * RATE_HZ), np.float32)
    session = Session("song", RATE_HZ, mix, tracks, ())
    return stored, measured_gains(stored, session, lambda *_: None)


def of_kind(measured: tuple[StoredGraph, GainCurves], kind: str) -> np.ndarray:
    stored, curves = measured
    (node,) = stored.graph.of_kind(kind)
    return curves.gains_db[node]


def test_gains_are_those_of_what_moves_and_of_nothing_else(
    measured: tuple[StoredGraph, GainCurves],
):
    stored, curves = measured
    kinds = {stored.graph.nodes[i].kind for i in curves.gains_db}
    assert kinds == {"compressor", "limiter", "fader_automation"}
    assert curves.step_s == 0.02
    assert {len(gains) for gains in curves.gains_db.values()} == {150}


def test_a_compressor_follows_a_step_as_its_times_say(measured: tuple[StoredGraph, GainCurves]):
    """10 dB above the threshold at 2:1 is 5 dB less: reached in the attack, left in the release."""
    gains = of_kind(measured, "compressor")
    assert np.isnan(gains[:50]).all()  # a second of silence
    after = np.arange(1, RATE_HZ + 1) / RATE_HZ * 1000.0
    attacked = 5.0 * (1.0 - np.exp(-after / ATTACK_MS))
    released = attacked[-1] * np.exp(-after / RELEASE_MS)
    less_db = np.concatenate([attacked, released])
    gain = 1.0 - WET + WET * 10.0 ** ((MAKE_UP_DB - less_db) / 20.0)
    expected = 10.0 * np.log10((gain**2).reshape(-1, FRAME).mean(1))
    # Both sides are the same recursion; single precision is exact to some millionths of its range.
    np.testing.assert_allclose(gains[50:], expected, atol=1e-3)


def test_a_limiter_takes_what_exceeds_its_ceiling(measured: tuple[StoredGraph, GainCurves]):
    # -6 dB enters, -9 dB may leave; the first frame holds the attack of its look-ahead.
    np.testing.assert_allclose(of_kind(measured, "limiter")[1:], -3.0, atol=1e-3)


def test_a_ride_is_its_lines_in_the_middle_of_each_frame(measured: tuple[StoredGraph, GainCurves]):
    moments_s = (np.arange(150) + 0.5) * 0.02
    expected = np.interp(moments_s, TIMES_S, RIDE_DB)
    # Single precision of a level that is kept in nepers.
    np.testing.assert_allclose(of_kind(measured, "fader_automation"), expected, atol=1e-4)
