"""What a corpus holds: counted by hand on small trees, and on the real songs."""

from pathlib import Path

import pytest
from dataset_trees import FRAMES, RATE_HZ, enst_drums, musdb18_hq, slakh2100, tree

import mixtrace
from mixtrace.errors import SessionError, StoreError
from mixtrace.progress import Progress
from mixtrace.verbs import Split


def test_songs_splits_and_instruments_are_counted(tmp_path: Path):
    slakh2100(tmp_path)
    found = mixtrace.index(tmp_path)
    assert (found.dataset, found.licence) == ("slakh2100", "CC BY 4.0")
    assert [song.identity for song in found.songs] == ["Track00001", "Track00002", "Track00446"]
    minutes = FRAMES / RATE_HZ / 60.0
    train, omitted = found.splits
    assert (train.name, train.songs, train.tracks) == ("train", 2, 5)
    assert train.minutes == pytest.approx(2 * minutes)
    assert omitted == Split("omitted", 1, 3, minutes)
    heard = {"Drums": 3, "Fretless Bass": 3, "Distortion Guitar": 2}
    assert list(found.instruments.items()) == list(heard.items())
    assert [flaw.song for flaw in found.flaws] == ["", "Track00446"]


def test_a_song_that_cannot_be_read_is_a_flaw_and_no_song(tmp_path: Path):
    musdb18_hq(tmp_path)
    (tmp_path / "test" / "Zeno - Signs" / "vocals.wav").write_bytes(b"RIFF")
    found = mixtrace.index(tmp_path)
    assert [song.identity for song in found.songs] == ["Leaf - Wicked"]
    assert [split.name for split in found.splits] == ["train"]
    assert found.instruments == {"bass": 1, "drums": 1, "other": 1, "vocals": 1}
    assert found.flaws[-1].song == "Zeno - Signs"


def test_the_data_set_may_be_chosen_and_progress_is_told(tmp_path: Path):
    enst_drums(tmp_path)
    seen: list[Progress] = []
    assert mixtrace.index(tmp_path, on_progress=seen.append).dataset == "enst-drums"
    assert [(step.done, step.total) for step in seen] == [(1, 2), (2, 2)]
    with pytest.raises(SessionError, match="Choose one of them"):
        mixtrace.index(tmp_path, "enst")
    with pytest.raises(StoreError, match="the name of a folder"):
        mixtrace.index("")


def test_groups_stand_for_instruments_that_nobody_told(tmp_path: Path):
    tree(tmp_path)
    found = mixtrace.index(tmp_path)
    assert found.instruments == {"drums": 2, "vocals": 2}
    assert found.citation == ""


def test_the_real_songs(shared_data: Path):
    found = mixtrace.index(shared_data)
    assert (len(found.songs), found.flaws) == (5, ())
    (every,) = found.splits
    assert every.tracks == 34
    # 36, 217, 30 and twice 17.5 s, as the folder's README rounds them.
    assert every.minutes == pytest.approx(318 / 60, abs=0.03)
