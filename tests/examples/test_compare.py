"""Comparisons of graphs that do the same in two ways, and of graphs that do not."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from mixtrace.examples import Mixed, compare
from mixtrace.interpret import Desk, TrackStrip, node_of
from mixtrace.processors import NodeSettings
from mixtrace.session import Alignment, Session, Track

RATE_HZ = 30_000
TRACKS = {"kick": "drums", "snare": "drums", "voice": "vocals"}

Chains = Mapping[str, Sequence[NodeSettings]]


@pytest.fixture(scope="module")
def song() -> Session:
    rng = np.random.default_rng(0)
    audio = 0.1 * rng.standard_normal((3, 1, 3 * RATE_HZ)).astype(np.float32)
    tracks = [
        Track(name, group, one, Alignment(), False, None, 0)
        for (name, group), one in zip(TRACKS.items(), audio, strict=True)
    ]
    return Session("noise", RATE_HZ, np.zeros((2, 3 * RATE_HZ), np.float32), tuple(tracks), ())


def mixed(tracks: Chains, buses: Chains = {}, returns: Chains = {}, sends: float = 0.0) -> Mixed:  # noqa: B006
    fed = {name: node_of("send", level_db=sends) for name in returns}
    strips = [
        TrackStrip(name, group, tracks.get(name, []), fed if name == "voice" else {})
        for name, group in TRACKS.items()
    ]
    return Desk(strips, buses, returns).built()


def bell(gain_db: float) -> NodeSettings:
    return node_of(
        "parametric_equalizer",
        high_pass_db_per_octave=0.0,
        low_pass_db_per_octave=0.0,
        bell_hz=[1000.0],
        bell_db=[gain_db],
        bell_q=[0.7],
    )


def test_a_graph_equals_itself(song: Session):
    room = {"room": [node_of("parametric_reverb")]}
    one = mixed({"kick": [bell(4.0)]}, {"drums": [node_of("compressor")]}, room, -6.0)
    rows = compare(one, one, song)
    assert [(row.name, row.is_track) for row in rows] == [
        *((name, True) for name in TRACKS),
        ("drums", False),
    ]
    for row in rows:
        assert row.planted == row.found and row.response_difference_db == 0.0
        assert row.level_db[0] == row.level_db[1] and row.pan_db[0] == row.pan_db[1]
    assert rows[2].planted == ("send", "parametric_reverb")


def test_a_gain_counts_wherever_it_stands(song: Session):
    on_tracks = mixed({name: [node_of("fader", level_db=-6.0)] for name in ("kick", "snare")})
    on_bus = mixed({}, {"drums": [node_of("fader", level_db=-6.0)]})
    rows = {row.name: row for row in compare(on_tracks, on_bus, song)}
    assert rows["kick"].planted == ("fader",) and rows["kick"].found == ()
    for name in ("kick", "snare", "drums"):
        # What enters a bus is the energy of its tracks one by one: noises correlate by 1 %.
        close = 0.05 if name == "drums" else 1e-3
        assert rows[name].level_db == pytest.approx((-6.0, -6.0), abs=close)
        assert rows[name].response_difference_db == pytest.approx(0.0, abs=1e-3)


def test_what_differs_is_told(song: Session):
    panned = [bell(6.0), node_of("fader", pan=0.5)]
    row = compare(mixed({"kick": panned}), mixed({}), song)[0]
    assert row.planted == ("parametric_equalizer", "fader") and row.found == ()
    # A pan of .5 stands at 3/8 of pi: right over left is its tangent.
    assert row.pan_db[0] == pytest.approx(20.0 * np.log10(np.tan(3.0 * np.pi / 8.0)), abs=0.01)
    assert row.pan_db[1] == pytest.approx(0.0, abs=1e-3)
    # The louder side is up by 2.3 dB, the softer one down by 5.3, and the bell is on top of both.
    assert 1.5 < row.response_difference_db < 6.0


def test_what_a_send_makes_heard_counts(song: Session):
    echo = {"echo": [node_of("feedback_delay", time_ms=50.0, feedback=0.0, damping_hz=20_000.0)]}
    rows = compare(mixed({}, returns=echo), mixed({}), song)
    # As loud as the sound itself, and noise: 3 dB on top, as far as 3 s of it tell.
    assert rows[2].level_db == pytest.approx((3.0, 0.0), abs=0.3)
