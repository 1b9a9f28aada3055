"""The demo song's mix: few processors, no clipping, and the same song from disk as from memory."""

from pathlib import Path

import numpy as np
import pytest

from mixtrace.examples import DEMO_GROUPS, demo_session, plant_demo, write_demo_song
from mixtrace.examples import mix as module
from mixtrace.session import Session, read_session


@pytest.fixture(scope="module")
def song() -> Session:
    return demo_session(44_100)


def test_the_graph_is_what_a_person_would_dial():
    graph, settings = plant_demo()
    assert [graph.name(i) for i in graph.inputs] == list(DEMO_GROUPS)
    assert {strip.role for strip in graph.strips.values()} == {"track", "bus", "return", "master"}
    settings.check({i: graph.nodes[i].kind for i in graph.processors})


def test_the_mix_peaks_near_minus_1_dbfs(song: Session):
    assert song.mix.dtype == np.float32 and song.mix.shape == (2, 24 * 44_100)
    assert -1.3 < 20.0 * np.log10(np.abs(song.mix).max()) < -0.5


def test_every_track_has_its_bus(song: Session):
    assert {track.name: track.group for track in song.tracks} == DEMO_GROUPS
    assert [track.name for track in song.tracks] == list(DEMO_GROUPS)


def test_another_rate_is_the_same_song(song: Session, monkeypatch: pytest.MonkeyPatch):
    # Half a second, and a plain sum for the mix: only the way to another rate is tried here.
    takes = {track.name: track.audio[:, 600_000:622_050] for track in song.tracks}
    monkeypatch.setattr(module, "synthesise_tracks", lambda sample_rate_hz: takes)
    monkeypatch.setattr(
        module, "render_song", lambda graph, settings, dry, rate: sum(t.expand(2, -1) for t in dry)
    )
    slow = demo_session(30_000)
    assert slow.sample_rate_hz == 30_000 and slow.mix.shape == (2, 15_000)
    for audio, take in [
        *((track.audio, takes[track.name]) for track in slow.tracks),
        (slow.mix, sum(takes.values())),
    ]:
        expected = np.fft.rfft(take)[:, :6000] * 15_000 / 22_050
        # Bins of 2 Hz up to 12 kHz; the ends of the cut ring by less than two percent.
        error = np.fft.rfft(audio)[:, :6000] - expected
        assert np.linalg.norm(error) < 0.02 * np.linalg.norm(expected)


def test_what_is_written_is_read_again(
    song: Session, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(module, "demo_session", lambda sample_rate_hz: song)
    write_demo_song(tmp_path / "song")
    read = read_session(tmp_path / "song", align=False)
    assert {track.name: track.group for track in read.tracks} == DEMO_GROUPS
    assert (read.name, read.sample_rate_hz) == ("demo", 44_100)
    # 24 bits: steps of 2^-23, rounded to half of one.
    np.testing.assert_allclose(read.mix, song.mix, atol=2.0**-23)
    for ours, theirs in zip(song.tracks, read.tracks, strict=True):
        np.testing.assert_allclose(theirs.audio, ours.audio, atol=2.0**-23)
