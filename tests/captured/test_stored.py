"""What a capture stores of itself: it comes back, and what was made by hand is refused."""

from typing import Any

import pytest
import torch
from torch import Tensor

from mixtrace.captured.stored import Chosen
from mixtrace.errors import StoreError

NAMES = ("a", "b", "c")
GAINS, RESPONSES = torch.ones((2, 5)), torch.ones((2, 3, 8))
TENSORS = {"gains": GAINS, "plain": RESPONSES, "found": 2.0 * RESPONSES}
FACTS: dict[str, Any] = {"left_out": ["b"], "holds": [0.5, 1.0]}


class Memory:
    """A keeper of what is given, or of what it is told to save."""

    def __init__(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        self.stored = (tensors, facts)

    def load(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        return self.stored

    def save(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        self.stored = (tensors, facts)


def taken(tensors: dict[str, Tensor], facts: dict[str, Any]) -> Chosen:
    """Return what is taken from a store for tracks of three channels, with all its checks."""
    chosen = Chosen.load(Memory(tensors, facts), NAMES)
    assert chosen is not None
    chosen.check(torch.zeros((2, 5)), 3, (4, 8))
    return chosen


def test_it_comes_back_as_it_was():
    keeper = Memory({}, {})
    taken(TENSORS, FACTS).save(keeper)
    assert keeper.stored[1] == FACTS
    assert all(torch.equal(keeper.stored[0][name], value) for name, value in TENSORS.items())
    assert Chosen.load(None, NAMES) is None


@pytest.mark.parametrize("name", ["left_out", "holds"])
@pytest.mark.parametrize("value", [None, 3, "b", {}, [3], [None], [["b"]], ["z"], [0.5], "gone"])
def test_wrong_facts_are_refused(name: str, value: Any):
    facts = {key: entry for key, entry in FACTS.items() if key != name or value != "gone"}
    if name in facts:
        facts[name] = value
    with pytest.raises(StoreError, match="--fresh"):
        taken(TENSORS, facts)


@pytest.mark.parametrize("name", list(TENSORS))
def test_wrong_tensors_are_refused(name: str):
    value = TENSORS[name]
    for wrong in (value.double(), value[..., :-1], value[:1], value[None], torch.tensor(1.0)):
        with pytest.raises(StoreError, match="--fresh"):
            taken(TENSORS | {name: wrong}, FACTS)
    with pytest.raises(StoreError, match="finite"):
        taken(TENSORS | {name: value / 0.0}, FACTS)
    with pytest.raises(StoreError, match="--fresh"):
        taken({key: TENSORS[key] for key in TENSORS if key != name}, FACTS)
    with pytest.raises(StoreError, match="--fresh"):
        taken(TENSORS | {"more": value}, FACTS)
