"""MUSDB18-HQ: four stems and their mixture, in two parts."""

from pathlib import Path

import pytest
from dataset_trees import FRAMES, musdb18_hq, write_audio

from mixtrace.datasets.musdb18_hq import Musdb18HQ


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    musdb18_hq(tmp_path)
    return tmp_path


def test_songs_splits_and_errata(folder: Path):
    dataset = Musdb18HQ(folder)
    assert dataset.ids() == ("Leaf - Wicked", "Zeno - Signs")
    facts = [dataset.facts(identity) for identity in dataset.ids()]
    assert [f.split for f in facts] == ["train", "test"]
    assert (facts[0].artist, facts[0].title) == ("Leaf", "Wicked")
    assert "2:20" in facts[0].notes[0]
    assert "One listener reports" in facts[1].notes[0]
    song = dataset.song("Leaf - Wicked")
    assert song.mix_path.name == "mixture.wav"
    stems = ["drums", "bass", "other", "vocals"]
    assert [(t.name, t.group) for t in song.tracks] == [(stem, stem) for stem in stems]


def test_a_part_of_the_set_is_told(folder: Path):
    (flaw,) = Musdb18HQ(folder).validate()
    assert flaw.song == ""
    assert flaw.what == "The whole of MUSDB18-HQ has 150 songs; here it has 2."


def test_all_missing_files_are_named_in_one_sentence(folder: Path):
    for name in ("bass.wav", "mixture.wav"):
        (folder / "test" / "Zeno - Signs" / name).unlink()
    _, flaw = Musdb18HQ(folder).validate()
    assert flaw.song == "Zeno - Signs"
    assert "mixture.wav and bass.wav" in flaw.what


def test_lengths_that_differ_are_told_and_the_song_is_kept(folder: Path):
    write_audio(folder / "test" / "Zeno - Signs" / "bass.wav", 2, FRAMES - 8)
    dataset = Musdb18HQ(folder)
    _, flaw = dataset.validate()
    assert "bass has 0.7490 s" in flaw.what
    assert "0.7500 s" in flaw.what
    assert dataset.inspect("Zeno - Signs").size is not None
