"""Exports of a small song with hostile names, character by character."""

from make_golden_daws import GOLDEN, texts


def test_golden_files_are_what_is_written():
    found = texts()
    assert {path.name for path in GOLDEN.iterdir()} == set(found)
    for name, text in found.items():
        assert (GOLDEN / name).read_text("utf-8") == text, f"{name}: run make_golden_daws.py"
