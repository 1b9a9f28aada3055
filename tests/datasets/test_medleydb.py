"""MedleyDB: raws by stem, both releases in one folder, errata with the songs they concern."""

from pathlib import Path

import pytest
from dataset_trees import MEDLEY_SONGS, medleydb

from mixtrace.datasets import open_dataset
from mixtrace.datasets.medleydb import MedleyDB
from mixtrace.errors import SessionError


def test_tracks_are_grouped_by_stem_and_instruments_told(tmp_path: Path):
    medleydb(tmp_path)
    dataset = MedleyDB(tmp_path)
    assert dataset.ids() == MEDLEY_SONGS
    song = dataset.song("Own_Bleeding")
    assert [(t.name, t.group) for t in song.tracks] == [
        ("S01 R01 kick drum", "S01 drum set"),
        ("S01 R02 snare drum", "S01 drum set"),
        ("S02 R01 male singer", "S02 male singer"),
    ]
    facts = dataset.facts("Own_Bleeding")
    assert (facts.artist, facts.title, facts.genre) == ("Music Delta", "Bleeding", "Rock")
    assert facts.instruments["S01 R02 snare drum"] == "snare drum"
    assert facts.notes == (
        "The data set says that the tracks of this song bleed into one another.",
    )


def test_an_erratum_goes_with_its_song(tmp_path: Path):
    medleydb(tmp_path)
    (note,) = MedleyDB(tmp_path).facts("MusicDelta_Country2").notes
    assert "S03 R01 and S04 R01" in note


def test_both_releases_are_one_data_set(tmp_path: Path):
    medleydb(tmp_path / "first")
    (tmp_path / "V1").mkdir()
    (tmp_path / "V2").mkdir()
    for song, release in zip(MEDLEY_SONGS, ("V1", "V2"), strict=True):
        (tmp_path / "first" / "Audio" / song).rename(tmp_path / release / song)
    for left in ("first/Audio", "first/Annotations", "first"):
        (tmp_path / left).rmdir()
    dataset = open_dataset(tmp_path)
    assert isinstance(dataset, MedleyDB)
    assert dataset.ids() == MEDLEY_SONGS


@pytest.mark.parametrize(
    "harm",
    [
        ("kick drum", "!!python/object:os.system x"),
        ("MusicDelta_Country2_RAW_01_01.wav", "../../../elsewhere.wav"),
        ("raw_dir: MusicDelta_Country2_RAW", "raw_dir: .."),
        ("stems:", "stem:"),
    ],
)
def test_hostile_metadata_are_one_flaw(tmp_path: Path, harm: tuple[str, str]):
    medleydb(tmp_path)
    path = next(tmp_path.rglob("MusicDelta_Country2_METADATA.yaml"))
    path.write_text(path.read_text().replace(*harm))
    flaws = list(MedleyDB(tmp_path).validate())
    assert [flaw.song for flaw in flaws] == ["MusicDelta_Country2"]
    assert flaws[0].what.startswith("Expected")
    with pytest.raises(SessionError):
        MedleyDB(tmp_path).song("MusicDelta_Country2")
