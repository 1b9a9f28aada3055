"""Numbers of a pickle, without a byte of it being run."""

import pickle
import pickletools
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dataset_trees import offsets

from mixtrace.datasets.pickled_numbers import read_numbers
from mixtrace.errors import SessionError


def written(tmp_path: Path, content: bytes) -> Path:
    (tmp_path / "a.pickle").write_bytes(content)
    return tmp_path / "a.pickle"


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_numbers_are_those_that_were_pickled(tmp_path: Path, protocol: int):
    table: dict[str, Any] = {"a": np.float64(-39.0847), "b": np.int64(-933), "c": 1.5, "d": 70_000}
    table |= {"text": "x", "nested": {"a": [None, (1, 2), True]}, "flag": True}
    content = pickle.dumps(table, protocol)
    if protocol < 3:  # numpy's bytes are then made by a call, which is refused
        del table["a"], table["b"]
        content = pickle.dumps(table, protocol)
    expected = {k: float(v) for k, v in table.items() if k in "abcd"}
    assert read_numbers(written(tmp_path, content)) == expected


def test_both_names_of_numpys_module_are_known(tmp_path: Path):
    content = offsets(np.float64(3.5))
    new, old = b"\x8c\x16numpy._core.multiarray", b"\x8c\x15numpy.core.multiarray"
    assert (new in content) != (old in content)
    other = content.replace(new, old) if new in content else content.replace(old, new)
    # The frame's length changes with the name; without a frame the rest is as valid.
    other = other[:2] + other[11:]
    assert read_numbers(written(tmp_path, other)) == {"mix.wav": 3.5, "rough_mix.wav": 0.0}


def test_what_is_not_finite_is_left_out(tmp_path: Path):
    content = pickle.dumps({"a": float("nan"), "b": float("inf"), "c": 1})
    assert read_numbers(written(tmp_path, content)) == {"c": 1.0}


class Deed:
    """What unpickling would run: it would make a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (subprocess.call, (["touch", str(self.path)],))


def test_a_call_is_refused_and_not_made(tmp_path: Path):
    done = tmp_path / "done"
    content = pickle.dumps({"mix.wav": Deed(done)})
    with pytest.raises(SessionError, match=r"it names subprocess\.call"):
        read_numbers(written(tmp_path, content))
    assert not done.exists()
    pickle.loads(content)
    assert done.exists()  # so the pickle was one that acts


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "damaged"),
        (b"\x80\x04", "damaged"),
        (pickle.dumps({"a": 1})[:-5], "damaged"),
        (pickle.dumps([1, 2]), "something else"),
        (pickle.dumps({1: 2}), "keys that are no texts"),
        (pickle.dumps({"a": {1: 2}}), "keys that are no texts"),
        (pickle.dumps({"a": np.zeros(3)}), "it names numpy"),
        (pickle.dumps({"a": np.float32(1)}), "it calls something"),
        (pickle.dumps({"a": {1}}), "EMPTY_SET"),
        (b"\x80\x04}\x8c\x01a(e.", "damaged"),
        (b"\x80\x04(((t.", "something else"),
        (b"\x80\x04tttt.", "damaged"),
        (b"\x80\x04]h\x07.", "damaged"),
        (b"\x80\x04]]R.", "calls something"),
        (b"\x80\x04Nb.", "damaged"),
        (b"\x80\x04" + b"N" * 99_000 + b".", "something else"),
        (b"\x80\x04" + b"N" * 200_000 + b".", "larger than 100 kB"),
    ],
)
def test_anything_else_is_one_sentence(tmp_path: Path, content: bytes, told: str):
    with pytest.raises(SessionError, match=told) as refused:
        read_numbers(written(tmp_path, content))
    assert "a.pickle" in str(refused.value)


def test_no_damage_of_a_byte_ends_otherwise(tmp_path: Path):
    content = bytearray(offsets(np.float64(3.5)))
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(500):
        harmed = content.copy()
        harmed[rng.integers(len(harmed))] = rng.integers(256)
        try:
            read_numbers(written(tmp_path, bytes(harmed)))
        except SessionError:
            refused += 1
    assert refused > 50  # most of the bytes are texts and numbers, which may be anything


def test_only_instructions_that_pickle_has_are_followed():
    """The reader names instructions as the standard library does."""
    from mixtrace.datasets import pickled_numbers

    known = {code.name for code in pickletools.opcodes}
    assert pickled_numbers._LITERALS | set(pickled_numbers._STEPS) <= known
    assert set(pickled_numbers._CONSTANTS) <= known
