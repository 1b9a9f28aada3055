"""Song files may be links to files; a pipe or a device is refused at once, wherever it lies."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

import mixtrace
from mixtrace.errors import MixtraceError, SessionError
from mixtrace.session import find_song
from mixtrace.session.audio import read_recording

pytestmark = [
    pytest.mark.skipif(os.name != "posix", reason="needs POSIX files"),
    pytest.mark.timeout(20),  # who opens a pipe that nobody writes to waits for ever
]


@pytest.fixture
def song(tmp_path: Path) -> Path:
    folder = tmp_path / "song"
    (folder / "tracks").mkdir(parents=True)
    for name in ("tracks/kick.wav", "tracks/bass.wav", "mix.wav"):
        soundfile.write(folder / name, np.zeros((100, 2)), 44_100)
    return folder


def put_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


STRANGE: list[Callable[[Path], None]] = [
    os.mkfifo,
    lambda path: path.symlink_to("/dev/zero"),
    put_socket,
]


@pytest.mark.parametrize("put_there", STRANGE, ids=["pipe", "link to a device", "socket"])
@pytest.mark.parametrize("name", ["tracks/a.wav", "mix.wav", "b.wav", "session.toml"])
def test_what_is_no_file_is_refused_by_its_name(
    song: Path, monkeypatch: pytest.MonkeyPatch, put_there: Callable[[Path], None], name: str
):
    (song / name).unlink(missing_ok=True)
    monkeypatch.chdir(song)  # a socket's path may have a hundred characters
    put_there(Path(name))
    with pytest.raises(SessionError, match=f"a file at .*{name}; there is a pipe, a device"):
        find_song(song)


def test_a_link_to_a_pipe_is_refused(song: Path, tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    (song / "tracks" / "a.wav").symlink_to(tmp_path / "pipe")
    with pytest.raises(SessionError, match=r"a\.wav; there is a pipe"):
        find_song(song)


def test_a_pipe_named_in_the_manifest_or_as_the_mix_is_refused(song: Path):
    os.mkfifo(song / "pipe")
    with pytest.raises(SessionError, match="pipe; there is a pipe"):
        find_song(song, mix="pipe")
    (song / "session.toml").write_text('mix = "mix.wav"\n[[tracks]]\npath = "pipe"\n')
    with pytest.raises(SessionError, match="pipe; there is a pipe"):
        find_song(song)


@pytest.mark.parametrize("name", ["song", "song.toml", "song.zip", "song.stem.mp4", "song.wav"])
def test_a_pipe_in_the_place_of_a_song_is_refused(tmp_path: Path, name: str):
    os.mkfifo(tmp_path / name)
    for call in (find_song, mixtrace.show, lambda path: mixtrace.evaluate(path, path)):
        with pytest.raises(MixtraceError, match="there is a pipe"):
            call(tmp_path / name)


def test_links_to_files_are_followed(song: Path, tmp_path: Path):
    (song / "tracks" / "kick.wav").rename(tmp_path / "elsewhere.wav")
    (song / "tracks" / "kick.wav").symlink_to(tmp_path / "elsewhere.wav")
    assert [track.name for track in find_song(song).tracks] == ["bass", "kick"]
    assert read_recording(song / "tracks" / "kick.wav").file_rate_hz == 44_100


def test_a_manifest_that_is_no_text_of_a_person_is_not_read_whole(song: Path):
    with open(song / "session.toml", "wb") as file:
        file.truncate(250_001)
    with pytest.raises(SessionError, match="at most 250 kB"):
        find_song(song)


@pytest.mark.parametrize("mix", ["a" * 300 + ".wav", "b/" * 3000 + "mix.wav"])
def test_a_name_longer_than_a_system_takes_is_of_no_file(song: Path, mix: str):
    (song / "session.toml").write_text(f'mix = "{mix}"\n')
    with pytest.raises(SessionError):
        find_song(song)


def test_an_endless_key_of_a_manifest_is_told_in_short(song: Path):
    (song / "session.toml").write_text(f"{'k' * 2000} = 1\n")
    with pytest.raises(SessionError) as refused:
        find_song(song)
    assert len(str(refused.value)) < 1000
