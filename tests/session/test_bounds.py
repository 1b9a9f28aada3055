"""Manifests, metadata and audio of strangers: bounded before the work, refused in one sentence."""

import shutil
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mixtrace.errors import AudioError, SessionError
from mixtrace.session import Song, TrackSource, find_song, read_session
from mixtrace.session.audio import read_recording
from mixtrace.session.manifest import read_manifest
from mixtrace.session.medleydb import read_medleydb

RATE = 8_000
METADATA = """mix_filename: S_MIX.wav
raw_dir: S_RAW
stems:
  S01:
    instrument: drums
    raw:
      R01: {filename: a.wav, instrument: kick}
"""


def noise(seconds: float) -> np.ndarray:
    return 0.1 * np.random.default_rng(0).standard_normal(round(seconds * RATE))


def medleydb_song(folder: Path, metadata: str) -> Path:
    (folder / "S_RAW").mkdir(parents=True)
    soundfile.write(folder / "S_MIX.wav", noise(1.0), RATE)
    soundfile.write(folder / "S_RAW" / "a.wav", noise(1.0), RATE)
    path = folder / "S_METADATA.yaml"
    path.write_text(metadata)
    return path


def bomb(levels: int) -> str:
    lines = ["a0: &a0 [lol, lol]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, levels)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (METADATA + bomb(12), "aliases"),
        (METADATA.replace("drums", "&a drums") + "x: *a\n", "aliases"),
        (METADATA + "x: " + "[" * 100_000, "recursion"),
        (METADATA + "# " + "a" * 250_000, "250 kB"),
        (METADATA.replace("kick", "k" * 300), "255 characters"),
    ],
    ids=["a bomb of aliases", "an alias", "deep lists", "a large file", "a long name"],
)
def test_metadata_that_would_take_long_is_refused(tmp_path: Path, text: str, reason: str):
    path = medleydb_song(tmp_path / "S", text)
    started = time.perf_counter()
    with pytest.raises(SessionError, match=reason):
        read_medleydb(path)
    assert time.perf_counter() - started < 3.0  # at most half a second here


@pytest.mark.parametrize("tag", ["!!timestamp x", "!!int y", "!!binary '@@'", "!!set [a]", "!x y"])
def test_tags_in_metadata_are_refused(tmp_path: Path, tag: str):
    """Some make values that are no text, some fail in the library."""
    with pytest.raises(SessionError, match="aliases or tags"):
        read_medleydb(medleydb_song(tmp_path / "S", METADATA + f"x: {tag}\n"))


def test_bleed_is_told_however_it_is_written(tmp_path: Path):
    song = read_medleydb(medleydb_song(tmp_path / "S", METADATA + "has_bleed: yes\n"))
    assert any("bleed" in note for note in song.notes)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a" + ".a" * 100_000 + " = 1\n", "100 dots"),
        ("# " + "a" * 250_000, "250 kB"),
        ("x = " + "[" * 100_000, "recursion"),
        ("x = " + "1" * 100_000, "digits"),
    ],
    ids=["a key of many parts", "a large file", "deep lists", "a long number"],
)
def test_manifests_that_would_take_long_are_refused(tmp_path: Path, text: str, reason: str):
    path = tmp_path / "session.toml"
    path.write_text(text)
    started = time.perf_counter()
    with pytest.raises(SessionError, match=reason):
        read_manifest(path)
    assert time.perf_counter() - started < 3.0  # milliseconds here; a key of many parts hung


@pytest.mark.parametrize("field", ["song", "track", "group"])
def test_names_have_a_largest_length(field: str):
    names = {"song": "a", "track": "b", "group": "c"} | {field: "a" * 256}
    with pytest.raises(SessionError, match="255 characters"):
        Song(
            names["song"],
            Path("mix.wav"),
            (TrackSource(names["track"], Path("a.wav"), names["group"]),),
        )


def song_of(folder: Path, track: np.ndarray) -> Path:
    (folder / "tracks").mkdir(parents=True)
    soundfile.write(folder / "mix.wav", noise(2.0), RATE)
    soundfile.write(folder / "tracks" / "a.flac", track, RATE)
    return folder


def test_a_track_of_hours_is_read_as_far_as_the_mix_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Three hours of silence behind two seconds of sound take half a megabyte of FLAC."""
    hours = np.zeros(3 * 3600 * RATE, np.float32)
    hours[: 2 * RATE] = noise(2.0)
    folder = song_of(tmp_path / "song", hours)
    read: list[int] = []
    monkeypatch.setattr(
        "mixtrace.session.audio._check_samples", lambda audio, path: read.append(len(audio))
    )
    session = read_session(find_song(folder), align=False)
    assert max(read) < 400 * RATE  # the mix, 300 s that a track may be moved by, a block
    assert session.tracks[0].audio.shape[1] == 2 * RATE
    assert any("longer than the mix, cropped: a (10798.00 s)" in note for note in session.notes)


def test_what_is_wanted_of_a_recording_equals_the_whole(tmp_path: Path):
    soundfile.write(tmp_path / "a.wav", noise(20.0), RATE)
    whole = read_recording(tmp_path / "a.wav", 11_025)
    part = read_recording(tmp_path / "a.wav", 11_025, most_s=12.5)
    assert part.audio.shape[1] == np.ceil(12.5 * 11_025)
    assert part.duration_s == whole.duration_s == 20.0
    # The second that is read beyond the end outlasts the resampler's filter.
    np.testing.assert_allclose(part.audio, whole.audio[:, : part.audio.shape[1]], atol=1e-6)


def test_a_recording_that_is_cut_off_within_what_is_wanted_is_refused(tmp_path: Path):
    path = tmp_path / "a.wav"
    soundfile.write(path, noise(20.0), RATE)
    path.write_bytes(path.read_bytes()[: 10 * 2 * RATE])
    with pytest.raises(AudioError, match="cut off"):
        read_recording(path, most_s=15.0)


def test_a_sparse_file_of_gigabytes_is_refused(tmp_path: Path):
    path = tmp_path / "mix.wav"
    soundfile.write(path, np.zeros(100, np.float32), RATE, subtype="FLOAT")
    head = bytearray(path.read_bytes())
    size = 3_200_000_000
    head[4:8] = (size - 8).to_bytes(4, "little")
    at = head.index(b"data") + 4
    head[at : at + 4] = (size - at - 4).to_bytes(4, "little")
    with path.open("wb") as file:
        file.write(head)
        file.truncate(size)
    started = time.perf_counter()
    with pytest.raises(AudioError, match="Expected"):
        read_recording(path)
    assert time.perf_counter() - started < 3.0  # it was half a minute and 3 GB


def test_formats_that_are_not_documented_are_not_read(tmp_path: Path):
    """libsndfile knows the sample dumps of MIDI, whose reader has hung before."""
    soundfile.write(tmp_path / "a.sds", noise(0.5), RATE, format="SDS", subtype="PCM_16")
    for name in ("a.wav", "a.mp3", "a.aif"):
        shutil.copy(tmp_path / "a.sds", tmp_path / name)
        with pytest.raises(AudioError):
            read_recording(tmp_path / name)
