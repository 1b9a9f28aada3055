"""Documents say what they are."""

import json
from pathlib import Path

import pytest

from mixtrace.store import read_document, write_document


def test_a_document_comes_back_without_its_schema(tmp_path: Path):
    content = {"text": "ü [bold]", "none": None, "tables": [{"a": [1.5, -2]}, {}], "list": [1, [2]]}
    write_document(tmp_path / "x.json", "test/1", content)
    assert read_document(tmp_path / "x.json", "test/1") == content
    assert json.loads((tmp_path / "x.json").read_text("utf-8")) == {"schema": "test/1", **content}


def test_numbers_that_json_lacks_are_not_written(tmp_path: Path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_document(tmp_path / "x.json", "test/1", {"loss": float("nan")})
