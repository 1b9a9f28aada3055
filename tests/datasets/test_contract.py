"""What holds for every data set, on small trees in exactly their layouts."""

import os
from pathlib import Path

import numpy as np
import pytest
from dataset_trees import FRAMES, MAKERS, RATE_HZ, write_audio

from mixtrace.datasets import DATASETS, Dataset, SongSize, Tree, open_dataset, size_of
from mixtrace.names import plain_name
from mixtrace.session import decoding, read_session

NAMES = tuple(MAKERS)


@pytest.fixture
def made(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """Return the folder of the data set that the test asks for by name."""
    MAKERS[request.param](tmp_path / "corpus")
    return tmp_path / "corpus"


def test_every_data_set_has_a_tree_here():
    assert set(MAKERS) == set(DATASETS)
    assert tuple(DATASETS)[-1] == "tree"  # it recognises everything


@pytest.mark.parametrize("made", NAMES, indirect=True)
def test_each_is_recognised_by_its_own_class_alone(made: Path, request: pytest.FixtureRequest):
    name = request.node.callspec.params["made"]
    assert open_dataset(made).name == name
    takers = {kind.name for kind in DATASETS.values() if kind.recognises(made)}
    assert takers == {name, "tree"}


@pytest.mark.parametrize("made", NAMES, indirect=True)
def test_a_strange_song_beside_them_makes_it_a_plain_tree(made: Path):
    for name in ("kick", "mix"):
        write_audio(made / "my own song" / f"{name}.wav")
    assert open_dataset(made).name == "tree"


@pytest.mark.parametrize("made", NAMES, indirect=True)
def test_an_empty_folder_is_none_of_them(tmp_path: Path, made: Path):
    (tmp_path / "empty").mkdir()
    assert open_dataset(tmp_path / "empty").name == "tree"


@pytest.mark.parametrize("made", NAMES, indirect=True)
def test_identities_are_printable_sorted_and_each_once(made: Path):
    ids = open_dataset(made).ids()
    assert list(ids) == sorted(set(ids))
    assert len(ids) >= 2
    assert all(plain_name(identity) == identity for identity in ids)


@pytest.mark.parametrize("made", NAMES, indirect=True)
def test_every_song_can_be_read_as_a_session(made: Path):
    dataset = open_dataset(made)
    for identity in dataset.ids():
        song = dataset.song(identity)
        session = read_session(song, align=False)
        assert session.sample_rate_hz == RATE_HZ
        assert len(session.tracks) == len(song.tracks) >= 2
        assert np.any(session.mix)


@pytest.mark.parametrize("made", NAMES, indirect=True)
def test_sizes_are_those_of_the_files(made: Path):
    dataset = open_dataset(made)
    for identity in dataset.ids():
        inspected = dataset.inspect(identity)
        song = dataset.song(identity)
        size = size_of(song)
        assert inspected.size == size
        assert isinstance(size, SongSize)
        assert size.tracks == len(song.tracks)
        assert size.channels >= size.tracks
        # Of MoisesDB the longest track has 900 samples more.
        assert size.seconds in (FRAMES / RATE_HZ, (FRAMES + 900) / RATE_HZ)
        assert size.sample_rate_hz == RATE_HZ


@pytest.mark.parametrize("made", NAMES, indirect=True)
def test_facts_name_tracks_of_the_song_and_whole_sentences(made: Path):
    dataset = open_dataset(made)
    for identity in dataset.ids():
        facts = dataset.facts(identity)
        if dataset.name != "tree":
            tracks = {track.name for track in dataset.song(identity).tracks}
            assert tracks <= set(facts.instruments)
        assert all(note.endswith(".") and note.isprintable() for note in facts.notes)


@pytest.mark.parametrize("made", NAMES, indirect=True)
def test_a_file_that_is_cut_off_empty_or_no_audio_is_told(made: Path):
    dataset = open_dataset(made)
    damaged = {}
    for identity, damage in zip(dataset.ids(), ("cut", "text"), strict=False):
        path = next(p for t in dataset.files(identity).tracks for p in t.paths)
        content = path.read_bytes()
        path.write_bytes(b"no audio at all" if damage == "text" else content[:40])
        damaged[identity] = path
    told = {flaw.song: flaw.what for flaw in dataset.validate() if flaw.song in damaged}
    for identity, path in damaged.items():
        assert str(path) in told[identity]
        assert dataset.inspect(identity).size is None


@pytest.mark.parametrize("made", NAMES, indirect=True)
def test_a_missing_track_is_told(made: Path):
    dataset = open_dataset(made)
    identity = dataset.ids()[0]
    path = dataset.files(identity).tracks[-1].path
    path.unlink()
    again = open_dataset(made, dataset.name)
    if isinstance(again, Tree):  # nothing says which tracks there should be
        assert identity in again.ids()
    else:
        assert any(path.name in flaw.what for flaw in again.validate() if flaw.song == identity)


@pytest.mark.parametrize("made", NAMES, indirect=True)
def test_looking_decodes_nothing_and_writes_nothing(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_: object) -> None:
        raise AssertionError("samples were asked for")

    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    monkeypatch.setattr(decoding, "_blocks", lambda *_: iter(refuse, None))
    before = {path: path.stat().st_mtime_ns for path in made.rglob("*")}
    dataset = open_dataset(made)
    list(dataset.validate())
    assert {path: path.stat().st_mtime_ns for path in made.rglob("*")} == before
    assert os.listdir(scratch) == []


@pytest.mark.parametrize("made", NAMES, indirect=True)
def test_no_damage_to_what_describes_a_song_ends_in_anything_but_a_flaw(made: Path):
    dataset = open_dataset(made)
    files = [path for ending in ("yaml", "json", "pickle") for path in made.rglob(f"*.{ending}")]
    rng = np.random.default_rng(0)
    told = 0
    for _ in range(60 if files else 0):
        path = files[rng.integers(len(files))]
        content = path.read_bytes()
        harmed = bytearray(content)
        harmed[rng.integers(len(harmed))] = rng.integers(256)
        path.write_bytes(bytes(harmed[: rng.integers(1, 2 * len(harmed))]))
        told += len(list(dataset.validate())) > len(list(dataset.gaps()))
        path.write_bytes(content)
    assert told > 15 or not files  # half of the harmed files are cut as well


@pytest.mark.parametrize("kind", DATASETS.values(), ids=DATASETS)
def test_each_says_what_it_is(kind: type[Dataset]):
    assert kind.title and kind.licence
    if kind is not Tree:
        assert kind.citation and kind.url.startswith("http")
        assert kind.__doc__


def test_real_songs_are_a_plain_tree(shared_data: Path):
    dataset = open_dataset(shared_data)
    assert isinstance(dataset, Tree)
    assert list(dataset.validate()) == []
    sizes = {identity: dataset.inspect(identity).size for identity in dataset.ids()}
    reggae = sizes["MusicDelta_Reggae"]
    assert reggae is not None
    assert (reggae.tracks, reggae.sample_rate_hz) == (4, 44_100)
    assert reggae.seconds == pytest.approx(17.46, abs=0.01)  # as the folder's README rounds it
    assert dataset.facts("MusicDelta_Reggae").title == "Reggae"
    assert dataset.facts("MusicDelta_Reggae").instruments["S01 R01 drum set"] == "drum set"
