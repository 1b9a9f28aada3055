"""`mixtrace index`: what it prints of a corpus, and of one made by somebody hostile."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from dataset_trees import MAKERS, mixing_secrets, tree, write_audio

from mixtrace.datasets import DATASETS

Run = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize("name", MAKERS)
def test_every_data_set_is_told_with_licence_and_citation(run: Run, tmp_path: Path, name: str):
    MAKERS[name](tmp_path)
    code, out, _ = run("index", tmp_path)
    assert code == 0
    kind = DATASETS[name]
    assert out.startswith(f"{kind.title}: ")
    assert f"Licence: {kind.licence}" in out
    assert f"Cite: {kind.citation}" in out or name == "tree"
    assert "Tracks by instrument: " in out


def test_everything_is_one_json_document(run: Run, tmp_path: Path):
    mixing_secrets(tmp_path)
    code, out, _ = run("index", tmp_path, "--json", "--dataset", "mixing-secrets")
    assert code == 0
    found = json.loads(out)
    song = found["songs"][0]
    assert (song["identity"], song["size"]["tracks"]) == ("Band_Song", 2)
    assert song["notes"] == ["S. Lee et al. move its tracks 0.250 s earlier to lie as in the mix."]
    assert found["dataset"] == "mixing-secrets"


def test_notes_of_few_songs_are_printed(run: Run, tmp_path: Path):
    mixing_secrets(tmp_path)
    assert "Band_Song: S. Lee et al. move its tracks" in run("index", tmp_path)[1]


def test_many_songs_are_counted_not_listed(run: Run, tmp_path: Path):
    for number in range(41):
        for name in ("voice", "mix"):
            write_audio(tmp_path / f"song {number:02d}" / f"{name}.wav", frames=80)
    code, out, _ = run("index", tmp_path)
    assert code == 0
    assert "Song folders: 41 songs" in out
    assert "song 07" not in out and "--json" in out


def test_names_of_strangers_are_printed_not_obeyed(run: Run, tmp_path: Path):
    for name in ("voice", "mix"):
        write_audio(tmp_path / "[red]a\x1b[2J\u202eb" / f"{name}.wav")
    code, out, _ = run("index", tmp_path)
    assert code == 0
    assert "[red]a [2Jb" in out
    assert "\x1b[2J" not in out and "\u202e" not in out


def test_the_help_names_every_data_set(run: Run):
    code, out, _ = run("index", "--help")
    assert code == 0
    assert all(name in out for name in DATASETS)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["absent"], "there is none at"),
        (["empty"], "holds none"),
        (["songs", "--dataset", "musdb"], "got 'musdb'"),
        (["songs", "--dataset", "medleydb"], "holds none"),
    ],
)
def test_mistakes_are_one_sentence(run: Run, tmp_path: Path, arguments: list[str], told: str):
    (tmp_path / "empty").mkdir()
    tree(tmp_path / "songs")
    code, out, err = run("index", tmp_path / arguments[0], *arguments[1:])
    assert (code, out) == (2, "")
    assert told in err and "Traceback" not in err
    assert err.count("\n") <= 2  # a line where a stage begins, and the sentence
