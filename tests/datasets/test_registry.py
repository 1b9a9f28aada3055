"""Data sets of other packages arrive by entry points, or are left out with a word."""

import logging
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from dataset_trees import write_audio

from mixtrace.datasets import Dataset, identities, open_dataset, registry
from mixtrace.datasets.registry import ENTRY_POINTS, Registry
from mixtrace.errors import SessionError
from mixtrace.session import Song, find_song


class Choirs(Dataset):
    """As little as a data set of somebody else may say."""

    name, title, licence, citation, url = "choirs", "Choirs", "CC0", "nobody", "http://nowhere"

    @classmethod
    def recognises(cls, folder: Path) -> bool:
        return (folder / "CHOIRS").is_file()

    def ids(self) -> Sequence[str]:
        folders = (path for path in self.folder.iterdir() if path.is_dir())
        return tuple(identities(self.folder, folders))

    def song(self, identity: str) -> Song:
        return find_song(self.folder / identity)


class Nameless(Choirs):
    name = "medleydb"


class LastOfAll(Choirs):
    name = "tree"


class Untold(Choirs):
    licence = None  # type: ignore[assignment]


class Unfinished(Dataset):
    """Has no method."""


Installed = Callable[[Any], Registry]


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Installed:
    """Return a function that installs a package that adds one thing."""

    def install(added: Any) -> Registry:
        package = ModuleType("package")
        if added is not None:
            package.Toy = added  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "package", package)
        point = EntryPoint("toy", "package:Toy", ENTRY_POINTS)
        monkeypatch.setattr(registry, "entry_points", lambda group: [point])
        found = Registry()
        monkeypatch.setattr(registry, "DATASETS", found)
        return found

    return install


def test_a_data_set_of_an_installed_package_is_read(installed: Installed, tmp_path: Path):
    assert list(installed(Choirs))[-2:] == ["choirs", "tree"]
    for name in ("voice", "mix"):
        write_audio(tmp_path / "amen" / f"{name}.wav")
    assert open_dataset(tmp_path).name == "tree"
    (tmp_path / "CHOIRS").write_text("here")
    dataset = open_dataset(tmp_path)
    assert isinstance(dataset, Choirs)
    size = dataset.inspect("amen").size
    assert size is not None and size.tracks == 1
    assert list(dataset.validate()) == []


def test_the_example_of_the_docs_is_one(installed: Installed, tmp_path: Path):
    page = (Path(__file__).resolve().parents[2] / "docs" / "corpus.md").read_text("utf-8")
    code = page.partition("### How to add one")[2].split("```python\n")[1].split("```")[0]
    namespace: dict[str, Any] = {}
    exec(code, namespace)
    assert "choirs" in installed(namespace["Choirs"])
    for name in ("voice", "mix"):
        write_audio(tmp_path / "amen" / f"{name}.wav")
    (tmp_path / "CHOIRS").write_text("here")
    assert open_dataset(tmp_path).ids() == ("amen",)


@pytest.mark.parametrize(
    ("loaded", "problem"),
    [
        (None, "it fails with"),
        (dict, "it is no mixtrace.datasets.Dataset"),
        (Choirs(Path()), "it is no mixtrace.datasets.Dataset"),
        (Unfinished, "it lacks ids, recognises, song"),
        (Untold, "it does not say its licence"),
        (Nameless, "there is a data set 'medleydb' already"),
        (LastOfAll, "there is a data set 'tree' already"),
    ],
)
def test_what_is_none_is_left_out_with_a_warning(
    installed: Installed, caplog: pytest.LogCaptureFixture, loaded: Any, problem: str
):
    with caplog.at_level(logging.WARNING, "mixtrace"):
        assert "choirs" not in installed(loaded)
    assert problem in caplog.text and "package:Toy" in caplog.text


def test_a_name_that_is_none_is_refused_with_those_there_are(tmp_path: Path):
    with pytest.raises(SessionError, match=r"slakh2100, tree.*got 'slakh'"):
        open_dataset(tmp_path, "slakh")


def test_a_name_decides_where_looks_would_not(tmp_path: Path):
    for name in ("voice", "mix"):
        write_audio(tmp_path / "amen" / f"{name}.wav")
    with pytest.raises(SessionError, match="holds none"):
        open_dataset(tmp_path, "musdb18-hq").ids()
