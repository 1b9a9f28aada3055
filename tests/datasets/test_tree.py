"""A plain tree of songs: each folder that holds one is found, whatever lies around it."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from mixtrace.datasets import Tree, open_dataset
from mixtrace.errors import SessionError


def song(folder: Path, tracks: str = "") -> Path:
    """Write a song of two tracks and a mix; tracks in a folder of their own where it is named."""
    for path in (folder / tracks / "kick.wav", folder / tracks / "voice.wav", folder / "mix.wav"):
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, np.zeros(800), 8000)
    return folder


def test_songs_are_found_at_any_depth_and_sorted(tmp_path: Path):
    song(tmp_path / "b")
    song(tmp_path / "1999" / "rock" / "a", "tracks")
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "notes.txt").write_text("no song")
    dataset = open_dataset(tmp_path)
    assert isinstance(dataset, Tree)
    assert dataset.ids() == ("1999-rock-a", "b")
    assert [t.name for t in dataset.song("1999-rock-a").tracks] == ["kick", "voice"]
    assert list(dataset.validate()) == []


def test_a_manifest_and_an_archive_are_songs(tmp_path: Path):
    (song(tmp_path / "named") / "session.toml").write_text(
        'name = "n"\nmix = "mix.wav"\n[[tracks]]\npath = "kick.wav"\n'
    )
    (tmp_path / "packed.zip").write_bytes(b"no archive")
    dataset = Tree(tmp_path)
    assert dataset.ids() == ("named", "packed.zip")
    (flaw,) = dataset.validate()
    assert flaw.song == "packed.zip"
    assert flaw.what.startswith("Expected")


def test_one_song_alone_is_a_corpus_of_one(tmp_path: Path):
    assert Tree(song(tmp_path / "alone")).ids() == ("alone",)


def test_two_songs_of_one_name_are_refused(tmp_path: Path):
    song(tmp_path / "a" / "b")
    song(tmp_path / "a-b")
    with pytest.raises(SessionError, match="name of its own"):
        Tree(tmp_path).ids()


def test_a_folder_without_songs_is_refused(tmp_path: Path):
    with pytest.raises(SessionError, match="holds none"):
        Tree(tmp_path).ids()
    with pytest.raises(SessionError, match="there is none at"):
        open_dataset(tmp_path / "missing")
    with pytest.raises(SessionError, match="Choose one of them"):
        open_dataset(tmp_path, "medleydb-9")
