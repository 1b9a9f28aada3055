"""Untidy songs become tidy sessions: one rate, one length, every oddity named, nothing written."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mixtrace.errors import AudioError
from mixtrace.session import Alignment, Session, read_session
from mixtrace.session.decoding import waiting_decoders

RATE = 22050
TIME = 4 * RATE


def noise(seed: int, time: int = TIME, level: float = 0.1) -> np.ndarray:
    return (level * np.random.default_rng(seed).standard_normal((time, 1))).astype(np.float32)


def write(folder: Path, **audio: np.ndarray) -> Path:
    """Write each array as a WAV file of that name, the mix beside `tracks/`."""
    (folder / "tracks").mkdir(exist_ok=True)
    for name, samples in audio.items():
        place = folder if name == "mix" else folder / "tracks"
        soundfile.write(place / f"{name}.wav", samples, RATE, subtype="FLOAT")
    return folder


def tracks(session: Session) -> dict:
    return {track.name: track for track in session.tracks}


def test_lengths_rates_and_channels_are_made_equal(tmp_path: Path):
    a, b = noise(0), noise(1, TIME + 3 * RATE)
    write(tmp_path, mix=a + b[:TIME], a=a[:-RATE], b=b)
    wide = np.concatenate([noise(2, 2 * TIME), noise(3, 2 * TIME)], axis=1)
    soundfile.write(tmp_path / "tracks/wide.flac", wide, 2 * RATE)
    session = read_session(tmp_path)
    assert session.sample_rate_hz == RATE
    assert session.mix.shape == (2, TIME)
    assert np.array_equal(session.mix[0], session.mix[1])
    assert {n: t.audio.shape for n, t in tracks(session).items()} == {
        "a": (1, TIME),
        "b": (1, TIME),
        "wide": (2, TIME),
    }
    assert all(t.audio.dtype == np.float32 for t in session.tracks)
    np.testing.assert_array_equal(tracks(session)["a"].audio[0, :-RATE], a[:-RATE, 0])
    assert not tracks(session)["a"].audio[0, -RATE:].any()
    np.testing.assert_array_equal(tracks(session)["b"].audio[0], b[:TIME, 0])
    assert "the mix is mono: both channels are equal" in session.notes
    assert "resampled to 22050 Hz: wide (44100 Hz)" in session.notes
    assert "shorter than the mix, padded with silence: a (1.00 s)" in session.notes
    assert "longer than the mix, cropped: b (3.00 s)" in session.notes


def test_tracks_are_moved_turned_and_keep_what_lies_before_and_behind(tmp_path: Path):
    late, turned = noise(0, TIME + 900), noise(1)
    mix = np.repeat(late[300 : 300 + TIME] + turned, 2, axis=1)
    session = read_session(write(tmp_path, mix=mix, late=late, turned=-turned))
    assert tracks(session)["late"].alignment.delay_s == pytest.approx(-300 / RATE)
    assert tracks(session)["turned"].alignment.polarity == -1
    np.testing.assert_array_equal(tracks(session)["late"].audio[0], late[300 : 300 + TIME, 0])
    np.testing.assert_array_equal(tracks(session)["turned"].audio[0], turned[:, 0])


def test_alignment_can_be_left_out_or_reused_at_another_rate(tmp_path: Path):
    late = noise(0, TIME + 900)
    write(tmp_path, mix=late[300 : 300 + TIME] + noise(1), late=late, other=noise(1))
    untouched = read_session(tmp_path, align=False)
    np.testing.assert_array_equal(tracks(untouched)["late"].audio[0], late[:TIME, 0])
    assert [t.alignment for t in untouched.tracks] == [Alignment()] * 2
    assert "alignment off: every track starts where its file starts" in untouched.notes
    measured = {t.name: t.alignment for t in read_session(tmp_path).tracks}
    session = read_session(tmp_path, sample_rate_hz=2 * RATE, alignments=measured)
    assert {t.name: t.alignment for t in session.tracks} == measured
    assert session.mix.shape == (2, 2 * TIME)
    expected = read_session(tmp_path, sample_rate_hz=2 * RATE, align=False)
    np.testing.assert_array_equal(
        tracks(session)["late"].audio[0, :-600], tracks(expected)["late"].audio[0, 600:]
    )
    assert read_session(tmp_path, alignments={}).tracks[0].alignment == Alignment()


def test_silent_duplicate_and_clipped_tracks_are_named(tmp_path: Path):
    a, b = noise(0), noise(1)
    loud = np.clip(40 * noise(2), -1, 1)
    quiet = noise(3, level=1e-5)
    write(tmp_path, mix=a + b, a=a, a2=-0.5 * a, b=b, loud=loud, quiet=quiet, void=0 * a)
    session = read_session(tmp_path)
    found = tracks(session)
    assert [n for n, t in found.items() if t.silent] == ["quiet", "void"]
    assert {n: t.duplicate_of for n, t in found.items() if t.duplicate_of} == {"a2": "a"}
    assert found["loud"].clipped_samples > TIME / 5  # noise driven to 4 sigma: 80 % is flat
    assert [n for n, t in found.items() if t.clipped_samples] == ["loud"]
    assert "silent, adds nothing: quiet and void" in session.notes
    assert "the same recording twice, both are used: a2 (of a)" in session.notes
    assert (
        f"clipped in the file, used as it is: loud ({found['loud'].clipped_samples} samples)"
        in session.notes
    )


def test_similar_tracks_are_no_duplicates(tmp_path: Path):
    """A second take 20 dB below, and the same part delayed by one sample."""
    a = noise(0)
    write(tmp_path, mix=a, a=a, b=a + 0.1 * noise(1), c=np.roll(a, 1))
    assert [t.duplicate_of for t in read_session(tmp_path, align=False).tracks] == [None] * 3


def test_progress_names_every_step(tmp_path: Path):
    calls = []
    write(tmp_path, mix=noise(0), a=noise(0), b=noise(1))
    read_session(tmp_path, progress=lambda what, done, of: calls.append((what, done, of)))
    assert [c for c in calls if c[0] == "reading"] == [("reading", k, 2) for k in range(3)]
    assert any(c[0] == "aligning" for c in calls)


def test_reading_writes_nothing(tmp_path: Path):
    write(tmp_path, mix=noise(0), a=noise(0))
    before = sorted(tmp_path.rglob("*"))
    read_session(tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


def test_memory_is_one_copy_of_the_audio(tmp_path: Path):
    """Peak at most one copy and four files: the block, its whole, its transpose, its magnitude."""
    write(tmp_path, mix=noise(0), **{f"t{k}": noise(k) for k in range(40)})
    tracemalloc.start()
    session = read_session(tmp_path, align=False)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    one_file = session.tracks[0].audio.nbytes
    assert peak < session.mix.nbytes + (len(session.tracks) + 4.5) * one_file


def test_unusable_songs_are_refused(tmp_path: Path):
    write(tmp_path, mix=0 * noise(0), a=noise(0))
    with pytest.raises(AudioError, match="silent"):
        read_session(tmp_path)
    with pytest.raises(AudioError, match="got 500 Hz"):
        read_session(tmp_path, sample_rate_hz=500)
    (tmp_path / "tracks/a.wav").write_text("no audio")
    write(tmp_path, mix=noise(0))
    with pytest.raises(AudioError, match=r"a\.wav cannot be read"):
        read_session(tmp_path)


def test_halves_and_foreign_files_lie_where_they_did(tmp_path: Path, write_av: Callable[..., None]):
    """AAC puts 1024 samples before the sound: without them the track needs no alignment."""
    left, right, voice = noise(0), noise(1), noise(2)
    mix = np.concatenate([left, right], axis=1) + voice
    write(tmp_path, mix=mix, **{"Piano.L": left, "Piano.R": right})
    write_av(tmp_path / "tracks/Voice.m4a", "ipod", "aac", RATE, voice.T)
    session = read_session(tmp_path)
    piano = tracks(session)["Piano"]
    np.testing.assert_array_equal(piano.audio, np.concatenate([left, right], axis=1).T)
    assert [t.alignment.delay_s for t in session.tracks] == [0.0, 0.0]
    assert tracks(session)["Voice"].alignment.confidence > 0.4
    assert "left and right are two files: Piano" in session.notes
    assert waiting_decoders() == ()


@pytest.mark.parametrize("name", ["Vox.sd2", "Vox.wav", "Vox.m4a", "Vox.dsf"])
def test_a_track_that_cannot_be_read_is_never_passed_over(tmp_path: Path, name: str):
    write(tmp_path, mix=noise(0), a=noise(0))
    (tmp_path / "tracks" / name).write_bytes(b"DSD of some kind")
    with pytest.raises(AudioError, match=rf"{name} .*Export it again, as WAV if in doubt\.\Z"):
        read_session(tmp_path)


@pytest.mark.parametrize(
    "stem", ["\u202eVox\u00a0\t1", "Vo\x1b[2Jx", "ﬁddle 🎻\u200d🎸", "a" * 240]
)
def test_no_name_of_a_track_crashes_anything(tmp_path: Path, stem: str):
    write(tmp_path, mix=noise(0), **{stem: noise(0)})
    session = read_session(tmp_path)
    assert all(t.name.isprintable() for t in session.tracks)
    assert all(note.isprintable() for note in session.notes)
