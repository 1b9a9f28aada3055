"""Files appear whole or not at all; documents say what they are."""

import json
import os
from pathlib import Path

import pytest

from mixtrace.store import read_document, stage, write_document


def test_staged_files_appear_together(tmp_path: Path):
    (tmp_path / "a").write_text("old")
    with stage(tmp_path) as part_of:
        part_of("a").write_text("new a")
        part_of("b").write_text("new b")
        assert (tmp_path / "a").read_text() == "old"
        assert not (tmp_path / "b").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b"]
    assert (tmp_path / "a").read_text() == "new a"


def test_when_writing_fails_the_old_files_stay_and_nothing_else(tmp_path: Path):
    (tmp_path / "a").write_text("old")
    with pytest.raises(KeyboardInterrupt), stage(tmp_path) as part_of:
        part_of("a").write_text("half")
        part_of("b").write_text("half")
        raise KeyboardInterrupt
    assert [p.name for p in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_text() == "old"


def test_what_a_killed_run_left_is_replaced(tmp_path: Path):
    with stage(tmp_path) as part_of:
        leftover = part_of("a")
        leftover.write_text("whole")
    leftover.write_text("half of a killed run")
    with stage(tmp_path) as part_of:
        part_of("a").write_text("new")
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_files_have_the_usual_permissions(tmp_path: Path):
    (tmp_path / "plain").write_text("")
    with stage(tmp_path) as part_of:
        part_of("staged").write_text("")
    modes = {os.stat(tmp_path / name).st_mode for name in ("plain", "staged")}
    assert len(modes) == 1


def test_a_document_comes_back_without_its_schema(tmp_path: Path):
    content = {"text": "ü [bold]", "none": None, "tables": [{"a": [1.5, -2]}, {}], "list": [1, [2]]}
    write_document(tmp_path / "x.json", "test/1", content)
    assert read_document(tmp_path / "x.json", "test/1") == content
    assert json.loads((tmp_path / "x.json").read_text("utf-8")) == {"schema": "test/1", **content}


def test_numbers_that_json_lacks_are_not_written(tmp_path: Path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_document(tmp_path / "x.json", "test/1", {"loss": float("nan")})
