"""MoisesDB: no mix lies there, so it is the sum, made when a song is asked for and gone with it."""

import gc
import json
import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
from dataset_trees import FRAMES, MOISES_SONGS, RATE_HZ, moisesdb, write_audio

from mixtrace.datasets.moisesdb import MoisesDB
from mixtrace.datasets.summed import write_sum
from mixtrace.errors import AudioError, SessionError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    moisesdb(tmp_path / "corpus")
    (tmp_path / "scratch").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "scratch"))
    return tmp_path / "corpus"


def stereo(path: Path, frames: int) -> np.ndarray:
    audio = soundfile.read(path, always_2d=True)[0]
    audio = np.repeat(audio, 2, axis=1) if audio.shape[1] == 1 else audio
    return np.pad(audio, ((0, frames - len(audio)), (0, 0)))


def test_the_mix_is_the_sum_and_vanishes_with_the_song(folder: Path, tmp_path: Path):
    song = MoisesDB(folder).song(MOISES_SONGS[0])
    mix, rate = soundfile.read(song.mix_path)
    expected = sum(stereo(track.path, FRAMES + 900) for track in song.tracks)
    assert rate == RATE_HZ
    # The sum is kept in float32, whose steps at this level are below 3e-8.
    np.testing.assert_allclose(mix, expected, atol=1e-7)
    assert os.listdir(tmp_path / "scratch") != []
    del song
    gc.collect()
    assert os.listdir(tmp_path / "scratch") == []


def test_nothing_is_summed_before_a_song_is_asked_for(folder: Path, tmp_path: Path):
    dataset = MoisesDB(folder)
    assert set(dataset.ids()) == set(MOISES_SONGS)
    for identity in dataset.ids():
        dataset.facts(identity)
        assert not dataset.files(identity).mix_path.exists()
    (flaw,) = dataset.validate()
    assert "240 songs; here it has 2" in flaw.what
    assert os.listdir(tmp_path / "scratch") == []


def test_tracks_are_called_after_their_instruments(folder: Path):
    dataset = MoisesDB(folder)
    tracks = [(t.name, t.group) for t in dataset.files(MOISES_SONGS[0]).tracks]
    fx = "fx-processed sound, scratches"
    assert tracks == [("kick drum 1", "drums"), ("kick drum 2", "drums"), (fx, "other")]
    facts = dataset.facts(MOISES_SONGS[0])
    assert (facts.artist, facts.title, facts.genre) == ("Nobody", "One", "pop")
    assert facts.instruments == {"kick drum 1": "kick drum", "kick drum 2": "kick drum", fx: fx}
    assert facts.notes == (f"The data set says that {fx} has bleed.",)


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (lambda data: data["stems"][0].update(stemName="../elsewhere"), "plain file names"),
        (lambda data: data["stems"][0]["tracks"][0].update(id="../../x"), "plain file names"),
        (lambda data: data["stems"][0]["tracks"][0].update(id=7), "it is none"),
        (lambda data: data.pop("stems"), "it is none"),
        (lambda data: data["stems"].clear(), "1 to 150 tracks"),
        (lambda data: data["stems"][0]["tracks"][0].update(id="absent"), "absent.wav"),
        (lambda data: data.update(song="x" * 300_000), "at most 250 kB"),
    ],
)
def test_hostile_data_are_a_flaw(folder: Path, harm, told: str):
    path = folder / "moisesdb_v0.1" / MOISES_SONGS[0] / "data.json"
    data = json.loads(path.read_text())
    harm(data)
    path.write_text(json.dumps(data))
    flaws = [flaw for flaw in MoisesDB(folder).validate() if flaw.song == MOISES_SONGS[0]]
    assert len(flaws) == 1 and told in flaws[0].what
    path.write_text("[" * 100_000)
    with pytest.raises(SessionError, match="it is none"):
        MoisesDB(folder).facts(MOISES_SONGS[0])


def test_a_failed_sum_leaves_nothing(folder: Path, tmp_path: Path):
    dataset = MoisesDB(folder)
    song = dataset.files(MOISES_SONGS[0])
    song.tracks[1].path.write_bytes(b"no audio")
    with pytest.raises(AudioError, match="cannot be read"):
        dataset.song(MOISES_SONGS[0])
    soundfile.write(song.tracks[1].path, np.zeros(99), 2 * RATE_HZ)
    with pytest.raises(AudioError, match="at one sample rate"):
        dataset.song(MOISES_SONGS[0])
    gc.collect()
    assert os.listdir(tmp_path / "scratch") == []


def test_memory_does_not_grow_with_the_length(tmp_path: Path):
    frames = 3_000_000  # 24 MB in stereo and floating point
    paths = [write_audio(tmp_path / f"{name}.wav", 2, frames) for name in ("a", "b")]
    tracemalloc.start()
    write_sum(paths, tmp_path / "sum.wav")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert soundfile.info(tmp_path / "sum.wav").frames == frames
    assert most < 16e6  # a few blocks of 2 MB each; both files whole would take 48 MB
