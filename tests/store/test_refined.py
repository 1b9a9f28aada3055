"""`refined.json`: what is written is read again, and what is not right is refused."""

import json
from pathlib import Path

import pytest

from mixtrace.errors import StoreError
from mixtrace.store import (
    REFINED,
    REFINED_SCHEMA,
    ChainLoss,
    PlugIn,
    Refinement,
    read_refined,
    write_document,
)

DONE = Refinement(
    "pedalboard",
    "spsa",
    55,
    4,
    150,
    ChainLoss(0.18, 0.19),
    ChainLoss(0.2, 0.21),
    ChainLoss(0.1, 0.2),
    (PlugIn("gate of kick", "http://example.org/gate", {"gt": 0.03}),),
)


def test_what_is_written_is_read_again(tmp_path: Path):
    write_document(tmp_path / REFINED, REFINED_SCHEMA, DONE.document())
    assert read_refined(tmp_path / REFINED) == DONE


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("numbers", -1),
        ("windows", "many"),
        ("search", 3),
        ("own", {"song": 1.0}),
        ("plug_ins", [{}]),
    ],
)
def test_what_is_not_right_is_refused(tmp_path: Path, key: str, value: object):
    document = {"schema": REFINED_SCHEMA, **DONE.document(), key: value}
    (tmp_path / REFINED).write_text(json.dumps(document))
    with pytest.raises(StoreError, match=key):
        read_refined(tmp_path / REFINED)
