"""Real songs: delays known from their stems or from how they were mixed."""

from pathlib import Path

import pytest

from mixtrace.session import read_session


@pytest.mark.parametrize("rate", [44100, 30000])
def test_the_vocal_of_reggae_is_late_and_nothing_else(shared_data: Path, rate: int):
    """Raw against stem, the vocal's peak lies at -44.75 samples of 44.1 kHz in every window.

    0.1 samples is what the estimate promises; it must hold at a rate where the delay is no whole
    number (-30.44 samples).
    """
    session = read_session(shared_data / "MusicDelta_Reggae", sample_rate_hz=rate)
    *others, vocal = session.tracks
    assert vocal.group == "S04 male singer"
    assert vocal.alignment.delay_s * 44100 == pytest.approx(-44.75, abs=0.15)
    assert vocal.alignment.polarity == 1
    assert vocal.alignment.confidence > 0.9
    assert [(t.alignment.delay_s, t.alignment.polarity) for t in others] == [(0.0, 1)] * 3
    assert min(t.alignment.confidence for t in others) > 0.4  # even the bass is measured


@pytest.mark.parametrize("song", ["MusicDelta_Zeppelin", "Beatles_known"])
def test_songs_mixed_without_delay_stay_as_they_are(shared_data: Path, song: str):
    session = read_session(shared_data / song, sample_rate_hz=30000)
    assert {(t.alignment.delay_s, t.alignment.polarity) for t in session.tracks} == {(0.0, 1)}
    sure = [t for t in session.tracks if t.alignment.confidence > 0.4]
    assert len(sure) >= len(session.tracks) - 1  # the bass of Zeppelin gives no evidence
