"""The mix of another song is refused in one sentence, which says what to do."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from mixtrace.errors import SessionError
from mixtrace.session import Session, read_session, used_session, wrong_mix

RATE = 22050
Play = Callable[..., np.ndarray]
Write = Callable[..., Path]


@pytest.fixture
def other_song(tmp_path: Path, play: Play, write_song: Write) -> Session:
    """Return four tracks beside the mix of four others."""
    mix = sum(play(seed) for seed in (11, 12, 13, 14))
    return read_session(write_song(tmp_path, mix=mix, **{f"t{k}": play(k) for k in range(1, 5)}))


def test_the_mix_of_another_song_is_refused(other_song: Session):
    with pytest.raises(SessionError, match="none of them can be heard in it: t1, t2, t3 and t4"):
        used_session(other_song)
    assert "--mix" in str(wrong_mix(other_song))


def test_force_takes_every_track(other_song: Session):
    assert used_session(other_song, force=True) is other_song


def test_the_right_mix_is_taken_without_what_does_not_belong(
    tmp_path: Path, play: Play, write_song: Write
):
    own = {f"t{k}": play(k) for k in range(1, 4)}
    session = read_session(write_song(tmp_path, mix=sum(own.values()), **own, other=play(9)))
    assert wrong_mix(session) is None
    assert [track.name for track in used_session(session).tracks] == ["t1", "t2", "t3"]


def test_one_track_heard_among_many_does_not_save_a_mix(
    tmp_path: Path, play: Play, write_song: Write
):
    tracks = {f"t{k}": play(k) for k in range(1, 10)}
    mix = sum(play(seed) for seed in (11, 12, 13)) + tracks["t1"]
    session = read_session(write_song(tmp_path, mix=mix, **tracks))
    assert "only t1 can be heard in it" in str(wrong_mix(session))


@pytest.mark.parametrize(("data", "header"), [(44100, 48000), (48000, 44100)])
def test_a_wrong_clock_is_named(
    tmp_path: Path, play: Play, write_song: Write, data: int, header: int
):
    own = {f"t{k}": play(k) for k in range(1, 4)}
    write_song(tmp_path, mix=sum(own.values()))
    for name, audio in own.items():
        samples = soxr.resample(audio[0], RATE, data)
        soundfile.write(tmp_path / "tracks" / f"{name}.wav", samples, header, subtype="FLOAT")
    refusal = str(wrong_mix(read_session(tmp_path)))
    assert f"heard in it at {data:,} Hz, though the header says {header:,}" in refusal
