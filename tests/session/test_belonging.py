"""Whether each track is in its mix: foreign ones are told, quiet and changed ones are kept."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import lfilter

from mixtrace.session import read_session
from mixtrace.session.contents import examine

RATE = 22050
Play = Callable[..., np.ndarray]


def mixed(*parts: np.ndarray) -> np.ndarray:
    """Return the sum in stereo, each part a little to one side."""
    sides = [(1.0, 0.6), (0.6, 1.0), (0.9, 0.9)]
    panned = [np.array(sides[k % 3])[:, None] * part for k, part in enumerate(parts)]
    return np.sum(panned, axis=0).astype(np.float32)


def verdicts(tracks: list[np.ndarray], mix: np.ndarray) -> list[str]:
    return [hearing.belongs for hearing in examine(tracks, mix, RATE).hearings]


def test_foreign_tracks_are_told_from_true_ones(play: Play):
    own, foreign = [play(1), play(2), play(3)], [play(4), play(5)]
    assert verdicts([*own, *foreign], mixed(*own)) == ["heard"] * 3 + ["not heard"] * 2


def test_a_track_of_the_same_tones_and_tempo_is_foreign(play: Play):
    """Two synthesizers hold the same tones, in turn in one tempo, in whatever phase."""
    clock = np.arange(14 * RATE) / RATE

    def chords(phase: float) -> np.ndarray:
        tones = [np.sin(2 * np.pi * hz * clock + phase * hz) for hz in (220.0, 330.0, 440.0)]
        gates = [np.floor(2.0 * clock + phase) % 3 == k for k in range(3)]
        sound = np.sum([t * g for t, g in zip(tones, gates, strict=True)], axis=0)
        return 0.2 * sound[None].astype(np.float32)

    own = [play(1), chords(0.0)]
    found = verdicts([*own, chords(1.3)], mixed(*own))
    assert found[:2] == ["heard", "heard"]
    assert found[2] != "heard"


@pytest.mark.parametrize("level_db", [-30.0, -40.0])
def test_a_quiet_track_is_kept(play: Play, level_db: float):
    own = [play(1), play(2), play(3)]
    gain = 10 ** (level_db / 20) * np.std(mixed(*own)) / np.std(own[0])
    quiet = play(6)
    found = verdicts([*own, quiet], mixed(*own, gain * quiet))
    assert found[3] != "not heard"


def test_processed_tracks_are_heard(play: Play):
    """An equaliser, an echo, a clipping amplifier and a mastering limiter hide no track."""
    own = [play(1), play(2, low_hz=300.0), play(3)]
    wet = [
        np.asarray(lfilter([0.2], [1.0, -0.8], own[0])),
        own[1] + 0.7 * np.roll(own[1], 4000),
        np.tanh(30.0 * own[2]) / 10.0,
    ]
    assert verdicts(own, np.tanh(3.0 * mixed(*wet))) == ["heard"] * 3


def test_a_track_behind_a_sample_is_not_foreign(play: Play):
    """What plays the very rhythm of the mix is kept, though no waveform of it is there."""
    own = [play(1), play(2)]
    behind, sample = play(7, score=7), play(8, score=7)
    found = verdicts([*own, behind], mixed(*own, 2.0 * sample))
    assert found == ["heard", "heard", "not certain"]


def test_two_tracks_of_one_sound_are_both_heard(play: Play):
    direct = play(1)
    filtered = np.asarray(lfilter([0.3], [1.0, -0.7], direct))
    amplified = np.tanh(5.0 * filtered).astype(np.float32)
    own = [direct, amplified, direct.copy(), play(2)]
    assert verdicts(own, mixed(*own)) == ["heard"] * 4


def test_silence_and_short_songs_are_not_judged(play: Play):
    own, silence = [play(1), play(2)], np.zeros((1, 14 * RATE), np.float32)
    assert verdicts([*own, silence], mixed(*own)) == ["heard", "heard", "not certain"]
    short = [track[:, :4000] for track in own]
    assert "not heard" not in verdicts(short, mixed(*own)[:, :4000])
    hair = [track[:, :40] for track in own]
    assert verdicts(hair, mixed(*own)[:, :40]) == ["not certain"] * 2


def test_the_session_names_what_does_not_belong(
    tmp_path: Path, play: Play, write_song: Callable[..., Path]
):
    own = {"a": play(1), "b": play(2)}
    session = read_session(
        write_song(tmp_path, mix=mixed(*own.values()), **own, other=play(4)), align=True
    )
    assert [track.unused for track in session.tracks] == [False, False, True]
    note = "not heard in the mix: other"
    assert session.notes[0] == note
    unaligned = read_session(tmp_path, align=False)
    assert not any(track.unused for track in unaligned.tracks)


@pytest.mark.parametrize(
    "song", ["MusicDelta_Reggae", "MusicDelta_Zeppelin", "EIF_Caesium_ex195", "Beatles_known"]
)
def test_every_track_of_real_songs_is_heard_and_none_missing(shared_data: Path, song: str):
    session = read_session(shared_data / song, sample_rate_hz=30000)
    assert {track.hearing.belongs for track in session.tracks} == {"heard"}
    assert session.missing is None
