"""ENST-Drums: a song for each take with its wet mix; the dry one where it is asked for."""

from pathlib import Path

import pytest
from dataset_trees import enst_drums

from mixtrace.datasets.enst_drums import EnstDrums

TAKE = "045_phrase_rock_simple"


@pytest.fixture
def corpus(tmp_path: Path) -> EnstDrums:
    enst_drums(tmp_path)
    return EnstDrums(tmp_path)


def test_each_take_is_a_song_with_its_wet_mix(corpus: EnstDrums):
    assert corpus.ids() == (f"drummer_1 {TAKE} wet", f"drummer_2 {TAKE} wet")
    song = corpus.song(f"drummer_1 {TAKE} wet")
    assert song.mix_path.parent.name == "wet_mix"
    names = ["kick", "snare", "hi-hat", "tom_1", "tom_2", "overheads"]
    assert [track.name for track in song.tracks] == names
    assert {track.group for track in song.tracks} == {"drums"}


def test_the_overheads_are_one_track_of_two_files(corpus: EnstDrums):
    overheads = corpus.song(f"drummer_2 {TAKE} wet").tracks[-1]
    assert [path.parent.name for path in overheads.paths] == ["overhead_L", "overhead_R"]
    size = corpus.inspect(f"drummer_2 {TAKE} wet").size
    assert size is not None
    assert (size.tracks, size.channels) == (7, 8)


def test_the_dry_mix_is_the_same_take(corpus: EnstDrums):
    wet, dry = (corpus.song(f"drummer_2 {TAKE} {kind}") for kind in ("wet", "dry"))
    assert dry.mix_path.parent.name == "dry_mix"
    assert dry.tracks == wet.tracks
    assert corpus.facts(f"drummer_2 {TAKE} dry") == corpus.facts(f"drummer_2 {TAKE} wet")


def test_an_accompaniment_is_told(corpus: EnstDrums):
    notes = [corpus.facts(identity).notes for identity in corpus.ids()]
    assert ["accompaniment" in " ".join(told) for told in notes] == [False, True]
    assert corpus.facts(corpus.ids()[0]).artist == "drummer_1"
