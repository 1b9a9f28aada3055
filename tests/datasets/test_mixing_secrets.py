"""Mixing Secrets: groups by its YAML, the offset by its pickle, told and never needed."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml
from dataset_trees import RATE_HZ, mixing_secrets, offsets, write_audio

from mixtrace.datasets.mixing_secrets import MixingSecrets
from mixtrace.session import read_session


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    mixing_secrets(tmp_path)
    return tmp_path


def test_groups_are_those_of_the_file_and_others_are_left_out(corpus: Path):
    dataset = MixingSecrets(corpus)
    assert dataset.ids() == ("Band_Song", "JohnAArdelli_Asiza")
    tracks = [(t.name, t.group) for t in dataset.song("Band_Song").tracks]
    assert tracks == [("01_Kick", "DR"), ("02_ElecGtr", "EG")]
    facts = dataset.facts("Band_Song")
    assert (facts.artist, facts.title) == ("Band", "Song")
    assert facts.instruments == {"01_Kick": "drums", "02_ElecGtr": "electric guitar"}
    assert facts.notes == ("S. Lee et al. move its tracks 0.250 s earlier to lie as in the mix.",)
    assert list(dataset.validate()) == []


def test_an_offset_beyond_what_is_looked_for_is_said_to_be(corpus: Path):
    notes = MixingSecrets(corpus).facts("JohnAArdelli_Asiza").notes
    assert "left this song out" in notes[0]
    assert "744.000 s earlier" in notes[1] and "farther than mixtrace looks (300 s)" in notes[1]


def test_the_offset_told_is_the_delay_that_is_measured(corpus: Path):
    """Tracks begin 0.25 s before the mix does: what the pickle says, and the reader hears."""
    rng, late = np.random.default_rng(0), RATE_HZ // 4
    audio = 0.1 * rng.standard_normal((2, 12 * RATE_HZ))
    tracks = corpus / "Band_Song" / "Band_Song_Full"
    for name, track in zip(("01_Kick", "02_ElecGtr"), audio, strict=True):
        soundfile.write(tracks / f"{name}.wav", track, RATE_HZ, subtype="FLOAT")
    mix = audio.sum(axis=0)[late:]
    soundfile.write(corpus / "Band_Song" / "mix.wav", mix, RATE_HZ, subtype="FLOAT")
    session = read_session(MixingSecrets(corpus).song("Band_Song"))
    delays = [track.alignment.delay_s for track in session.tracks]
    assert delays == pytest.approx([-0.25, -0.25], abs=1.0 / RATE_HZ)  # a sample


def test_a_song_without_a_usable_offset_is_read_all_the_same(corpus: Path):
    (corpus / "Band_Song" / "alignment.pickle").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    dataset = MixingSecrets(corpus)
    (flaw,) = dataset.validate()
    assert "cannot" not in flaw.what and "it names os.system" in flaw.what
    assert dataset.inspect("Band_Song").size is not None
    assert "cannot be read" in dataset.facts("Band_Song").notes[0]
    (corpus / "Band_Song" / "alignment.pickle").unlink()
    (flaw,) = dataset.validate()
    assert "alignment.pickle" in flaw.what
    assert dataset.facts("Band_Song").notes == ()


def test_an_offset_that_lacks_a_number_is_told(corpus: Path):
    (corpus / "Band_Song" / "alignment.pickle").write_bytes(offsets("late"))
    (flaw,) = MixingSecrets(corpus).validate()
    assert "'mix.wav' and 'rough_mix.wav'" in flaw.what


def lists(names: list[str]) -> str:
    return yaml.safe_dump({"DR": names})


@pytest.mark.parametrize(
    ("groups", "told"),
    [
        (lambda: lists(["../mix.wav"]), "plain file names"),
        (lambda: lists(["/etc/hosts"]), "plain file names"),
        (lambda: lists(["a\x1b[2J.wav"]), "plain file names"),
        (lambda: lists(["04_Absent.wav"]), "04_Absent.wav"),
        (lambda: "[]", "no table"),
        (lambda: "DR: kick.wav", "lists of files by group"),
        (lambda: "DR: [[a.wav]]", "lists of files by group"),
        (lambda: "DR: &a [01_Kick.wav]\nBA: *a", "aliases"),
        (lambda: "x" * 300_000, "at most 250 kB"),
    ],
)
def test_groups_of_another_kind_are_a_flaw(corpus: Path, groups: Callable[[], str], told: str):
    (corpus / "Band_Song" / "correspondence.yaml").write_text(groups())
    flaws = [flaw for flaw in MixingSecrets(corpus).validate() if flaw.song == "Band_Song"]
    assert len(flaws) == 1
    assert told in flaws[0].what
    assert flaws[0].what.isprintable()


def test_a_song_that_was_published_without_groups_is_said_to_be(corpus: Path):
    (corpus / "Band_Song").rename(corpus / "Galias_Horizon")
    groups = corpus / "Galias_Horizon" / "correspondence.yaml"
    groups.write_text("[]")
    (flaw,) = MixingSecrets(corpus).validate()
    assert "S. Lee et al. found none" in flaw.what


def test_the_tracks_may_lie_in_the_only_folder(corpus: Path):
    home = corpus / "Band_Song"
    (home / "Band_Song_Full").rename(home / "Multitrack")
    assert len(MixingSecrets(corpus).song("Band_Song").tracks) == 2
    write_audio(home / "Extras" / "a.wav")
    assert "01_Kick.wav" in next(iter(MixingSecrets(corpus).validate())).what
