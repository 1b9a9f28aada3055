"""Slakh2100: stems by class of instrument; what is not there is told, not refused."""

from pathlib import Path

import pytest
from dataset_trees import slakh2100

from mixtrace.datasets.slakh2100 import Slakh2100


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    slakh2100(tmp_path)
    return tmp_path


def test_stems_are_called_after_their_programs(folder: Path):
    dataset = Slakh2100(folder)
    assert dataset.ids() == ("Track00001", "Track00002", "Track00446")
    tracks = [(t.name, t.group) for t in dataset.song("Track00001").tracks]
    assert tracks == [
        ("S00 Distortion Guitar", "Guitar"),
        ("S01 Drums", "Drums"),
        ("S03 Fretless Bass", "Bass"),
    ]
    facts = dataset.facts("Track00001")
    assert facts.split == "train"
    assert facts.instruments["S01 Drums"] == "Drums"
    assert facts.notes == ("Its metadata say that S02 was not made.",)


def test_a_stem_that_is_missing_is_a_note_and_a_flaw(folder: Path):
    dataset = Slakh2100(folder)
    assert [t.name[:3] for t in dataset.song("Track00446").tracks] == ["S01", "S03"]
    notes = " ".join(dataset.facts("Track00446").notes)
    assert "S00 is missing, so" in notes
    assert "missing in the published set" in notes
    whole, flaw = dataset.validate()
    assert "2100 or 1710 songs; here it has 3" in whole.what
    assert flaw.song == "Track00446"
    assert "stems/S00.flac" in flaw.what
    assert dataset.inspect("Track00446").size is not None


def test_what_redux_leaves_out_is_a_part_of_its_own(folder: Path):
    facts = Slakh2100(folder).facts("Track00002")
    assert facts.split == "omitted"
    assert "another song of the set" in facts.notes[0]


def test_songs_may_lie_in_the_folder_itself(folder: Path):
    for song in list(folder.glob("*/Track*")):
        song.rename(folder / song.name)
    for part in ("train", "omitted"):
        (folder / part).rmdir()
    assert Slakh2100.recognises(folder)
    assert Slakh2100(folder).facts("Track00001").split == ""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("stems:", "tracks:", "a table of stems"),
        ("  S00:", "  ../../S00:", "plain file names"),
        ("UUID:", "UUID: &x", "plain YAML"),
    ],
)
def test_hostile_metadata_are_a_flaw(folder: Path, old: str, new: str, told: str):
    path = folder / "train" / "Track00001" / "metadata.yaml"
    path.write_text(path.read_text().replace(old, new) + "again: *x\n" * ("&" in new))
    flaws = [flaw.what for flaw in Slakh2100(folder).validate() if flaw.song == "Track00001"]
    assert len(flaws) == 1 and told in flaws[0]
