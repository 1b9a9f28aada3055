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


def test_every_processor_and_parameter_says_what_it_is():
    for entry in PROCESSORS.values():
        assert entry.about, entry.kind
        assert entry.short, entry.kind
        for spec in entry.params:
            assert spec.meaning, (entry.kind, spec.name)
