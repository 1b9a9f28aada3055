"""The committed page is the one that the code writes."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from mixtrace.processors import PROCESSORS

TESTS = Path(__file__).resolve().parents[1]
SCRIPT = TESTS.parent / "docs" / "make_processors.py"


def load(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return load("make_processors", SCRIPT)


def test_the_committed_page_is_up_to_date(script: ModuleType):
    committed = script.PAGE.read_text("utf-8")
    assert committed == script.processors_page(), "run `python docs/make_processors.py`"


def test_the_page_tells_the_limits_that_the_rates_are_tested_to(script: ModuleType):
    rates = load("test_rates", TESTS / "processors" / "test_rates.py")
    tested = {kind: rates.OTHERS_DB.get(kind, limit) for kind, limit in rates.LIMITS_DB.items()}
    assert {kind: limit_db for kind, (limit_db, _) in script.RATES.items()} == tested
    assert all(limit_db >= rates.LIMITS_DB[kind] for kind, limit_db in tested.items())


def test_every_processor_and_parameter_says_what_it_is():
    for entry in PROCESSORS.values():
        assert entry.about, entry.kind
        assert entry.short, entry.kind
        for spec in entry.params:
            assert spec.meaning, (entry.kind, spec.name)
