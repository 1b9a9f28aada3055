"""What a graph still lacks: compressors and gates that soft passages ask for."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mixtrace.descent import SongWindows, song_loss
from mixtrace.graph import Graph, remove_nodes
from mixtrace.interpret import Desk, TrackStrip, node_of
from mixtrace.processors import NodeSettings, Settings
from mixtrace.recovery.additions import with_additions
from mixtrace.rendering import render_song
from mixtrace.session import Alignment, Session, Track

RATE, SECONDS = 30_000, 12
WORTH = 0.0015
COMPRESSOR = node_of(
    "compressor", threshold_db=-28.0, ratio=4.0, knee_db=0.0, attack_ms=5.0, release_ms=80.0
)
GATE = node_of("gate", threshold_db=-30.0, range_db=-20.0, attack_ms=1.0, release_ms=50.0)


def audio(seed: int) -> np.ndarray:
    """Return noise of one level for 8 s, then 24 dB below it."""
    rng = np.random.default_rng(seed)
    sound = 0.1 * rng.standard_normal(SECONDS * RATE)
    sound[8 * RATE :] *= 10.0 ** (-24.0 / 20.0)
    return sound.astype(np.float32)[None]


def song(of_guitar: NodeSettings) -> tuple[Graph, Settings, Session]:
    """Return the graph that mixed a guitar behind a processor with a bass, and the song."""
    desk = Desk(
        [
            TrackStrip("guitar", "guitars", [of_guitar, node_of("fader", level_db=-3.0)]),
            TrackStrip("bass", "bass", [node_of("fader", level_db=-6.0)]),
        ]
    )
    graph, settings = desk.built()
    dry = [audio(seed) for seed in range(2)]
    mix = render_song(graph, settings, [torch.from_numpy(each) for each in dry], float(RATE))
    tracks = tuple(
        Track(name, name, each, Alignment(0.0, 1, 1.0), False, None, 0)
        for name, each in zip(("guitar", "bass"), dry, strict=True)
    )
    return graph, settings, Session("faded", RATE, np.asarray(mix, np.float32), tracks, ())


def lacking(graph: Graph, settings: Settings, kind: str, louder_db: float):
    """Return the graph without the processors of a kind, the guitar's fader moved."""
    bare = remove_nodes(graph, set(graph.of_kind(kind)))
    own = {i: settings[i] for i in bare.processors}
    guitar = next(i for i in bare.processors if bare.name(i) == "guitar")
    level = {"level_db": own[guitar].values["level_db"] + louder_db}
    own[guitar] = replace(own[guitar], values={**own[guitar].values, **level})
    return bare, Settings.of(own)


@pytest.mark.parametrize(
    ("planted", "louder_db"), [(COMPRESSOR, -6.0), (GATE, 0.0)], ids=["compressor", "gate"]
)
def test_what_is_lacking_enters_where_it_was(planted: NodeSettings, louder_db: float):
    graph, settings, session = song(planted)
    bare, without = lacking(graph, settings, planted.kind, louder_db)
    windows, done = SongWindows(session), []
    found = with_additions(
        bare, without, session, windows, WORTH, lambda *how_far: done.append(how_far)
    )
    assert found is not None
    grown, set_to = found
    (node,) = set(grown.processors) - set(bare.processors)
    assert grown.nodes[node].kind == planted.kind
    assert grown.name(node) == "guitar"
    # Of the thresholds that are tried the nearest, a grid of 7 and 10 dB.
    assert set_to[node].number("threshold_db") == pytest.approx(
        planted.number("threshold_db"), abs=7.0
    )
    before, after = song_loss(bare, without, windows), song_loss(grown, set_to, windows)
    assert after["published"] < before["published"] - WORTH
    assert done[0] == (0, 18)  # eight trials a track, and the whole song for each track
    assert done[-1] == (18, 18)
    assert done == sorted(done)


@pytest.mark.parametrize("at_db", [-9.0, 18.0])
def test_the_fader_makes_up_for_a_compressor_as_far_as_it_goes(at_db: float):
    graph, settings, session = song(COMPRESSOR)
    bare, without = lacking(graph, settings, "compressor", at_db + 3.0)
    louder = replace(session, mix=session.mix * 10.0 ** ((at_db + 9.0) / 20.0))
    found = with_additions(bare, without, louder, SongWindows(louder), WORTH, lambda *_: None)
    assert found is not None
    grown, set_to = found
    (node,) = (i for i in grown.of_kind("compressor") if grown.name(i) == "guitar")
    (fader,) = (i for i in grown.of_kind("fader") if grown.name(i) == "guitar")
    ratio, made_up_db = set_to[node].number("ratio"), set_to[node].number("make_up_db")
    taken_db = set_to[fader].number("level_db") - without[fader].number("level_db")
    by_db = {3.0 * (1.0 - 1.0 / ratio), 10.0 * (1.0 - 1.0 / ratio)}
    assert any(taken_db + made_up_db == pytest.approx(db, abs=1e-3) for db in by_db)
    most_db = 20.0 - without[fader].number("level_db")  # the end of its range
    assert taken_db == pytest.approx(min(taken_db + made_up_db, most_db), abs=1e-3)


def test_tracks_that_are_asked_in_turns_get_the_same(monkeypatch: pytest.MonkeyPatch):
    graph, settings, session = song(COMPRESSOR)
    bare, without = lacking(graph, settings, "compressor", -6.0)
    windows = SongWindows(session)
    together = with_additions(bare, without, session, windows, WORTH, lambda *_: None)
    monkeypatch.setattr("mixtrace.recovery.additions._TRACKS", 1)
    apart = with_additions(bare, without, session, windows, WORTH, lambda *_: None)
    assert together is not None
    assert apart is not None
    assert together[0] == apart[0]
    assert all(map(torch.equal, together[1].tensors(), apart[1].tensors()))


def test_nothing_enters_where_nothing_is_lacking():
    graph, settings, session = song(COMPRESSOR)
    windows = SongWindows(session)
    assert with_additions(graph, settings, session, windows, WORTH, lambda *_: None) is None


def test_a_silent_track_is_asked_for_nothing():
    graph, settings, session = song(COMPRESSOR)
    silent = tuple(replace(track, kept=np.zeros_like(track.audio)) for track in session.tracks)
    quiet, done = replace(session, tracks=silent), []
    windows = SongWindows(quiet)
    found = with_additions(graph, settings, quiet, windows, WORTH, lambda *how: done.append(how))
    assert found is None
    assert done == []
