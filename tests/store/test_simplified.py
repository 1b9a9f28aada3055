"""`simplified.json`: what is written is read again, and what is not right is refused."""

import json
from pathlib import Path

import pytest

from mixtrace.errors import StoreError
from mixtrace.store import (
    SIMPLIFIED,
    SIMPLIFIED_SCHEMA,
    Change,
    Simplification,
    read_simplified,
    write_document,
)

CHANGES = (
    Change("voice", ("equalizer",), ("fader",), 0.3, 0.5, "in the tone", 0.01, "replaced"),
    Change("bass", ("twenty_tap_delay",), (), -2.0, -10.0, "in the echoes", None, "too far"),
)


def test_what_is_written_is_read_again(tmp_path: Path):
    done = Simplification(0.4, 0.41, 0.05, CHANGES)
    write_document(tmp_path / SIMPLIFIED, SIMPLIFIED_SCHEMA, done.document())
    assert read_simplified(tmp_path / SIMPLIFIED) == done
    assert [change.made for change in done.changes] == [True, False]


@pytest.mark.parametrize(
    ("key", "value"), [("outcome", "guessed"), ("off_db", "far"), ("was", ["a"] * 9), ("strip", 3)]
)
def test_what_is_not_right_is_refused(tmp_path: Path, key: str, value: object):
    document = Simplification(0.4, 0.41, 0.05, CHANGES).document()
    document["changes"][0][key] = value
    text = json.dumps({"schema": SIMPLIFIED_SCHEMA, **document})
    (tmp_path / SIMPLIFIED).write_text(text)
    with pytest.raises(StoreError, match=key if key != "was" else "length"):
        read_simplified(tmp_path / SIMPLIFIED)
