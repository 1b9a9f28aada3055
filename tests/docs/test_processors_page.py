"""The committed page is the one that the code writes."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from mixtrace.processors import PROCESSORS

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "make_processors.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_processors", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_committed_page_is_up_to_date(script: ModuleType):
    committed = script.PAGE.read_text("utf-8")
    assert committed == script.processors_page(), "run `python docs/make_processors.py`"


def test_words_and_specifications_name_the_same_parameters(script: ModuleType):
    named = {kind: set(meanings) for kind, (_, meanings) in script.WORDS.items()}
    assert named == {k: {spec.name for spec in entry.params} for k, entry in PROCESSORS.items()}
