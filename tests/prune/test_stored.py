"""A stored search that was made by hand ends in one sentence, not in a traceback."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from mixtrace.descent import SongWindows
from mixtrace.errors import StoreError
from mixtrace.graph import CONSOLES, ConsolePreset, Graph, build_console
from mixtrace.methods import Work
from mixtrace.processors import Settings
from mixtrace.prune import PublishedSearch, SearchConfig
from mixtrace.prune.state import State
from mixtrace.session import Session

Stored = tuple[dict[str, Tensor], dict[str, Any]]
Unpack = Callable[[dict[str, Tensor], dict[str, Any]], State]

CONFIG = SearchConfig(preset="small", console_steps=4, rounds=1, round_steps=1, tolerance=0.1)


class Records:
    def __init__(self) -> None:
        self.last: Stored = ({}, {})

    def load(self) -> None:
        return None

    def save(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        self.last = (tensors, json.loads(json.dumps(facts)))


@pytest.fixture(scope="module")
def stored(planted: tuple[Session, Graph, Settings]) -> tuple[Stored, Unpack]:
    """Return a search as it was stored last, and a function that unpacks such a one."""
    with pytest.MonkeyPatch.context() as patch:
        chain = ("equalizer", "gain_panning")
        patch.setitem(CONSOLES, "small", ConsolePreset(chain, ()))
        keeper = Records()
        PublishedSearch(CONFIG).invert(planted[0], work=Work(keeper=keeper))
        console = build_console([(t.name, t.group) for t in planted[0].tracks], CONSOLES["small"])
        windows, recipe = SongWindows(planted[0]), CONFIG.resolve()
    return keeper.last, lambda t, f: State.unpack(t, f, console, windows, recipe)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value within JSON, of lists only the first and the last entry."""
    if isinstance(value, dict):
        inside = list(value.items())
    else:
        inside = list(enumerate(value)) if isinstance(value, list) else []
        inside = [inside[0], inside[-1]] if inside else []
    found = [path] if path else []
    return found + [p for key, entry in inside for p in places(entry, (*path, key))]


def test_it_comes_back_as_it_was(stored: tuple[Stored, Unpack]):
    (tensors, facts), unpack = stored
    again, told = unpack(tensors, facts).pack()
    assert {"config": facts["config"], **json.loads(json.dumps(told))} == facts
    assert again.keys() == tensors.keys()
    assert all(torch.equal(again[name], tensors[name]) for name in tensors)


@pytest.mark.parametrize("value", [None, "x", -1, [], {}, [[0]], 10**400, "gone"])
def test_wrong_facts_are_refused_or_do_no_harm(stored: tuple[Stored, Unpack], value: Any):
    """Put something else in each place: what is taken all the same can be stored again."""
    (tensors, facts), unpack = stored
    refused = 0
    for *path, last in places(facts):
        wrong = copy.deepcopy(facts)
        parent = wrong
        for key in path:
            parent = parent[key]
        if value == "gone":
            del parent[last]
        else:
            parent[last] = value
        try:
            unpack(tensors, wrong).pack()
        except StoreError as error:
            assert "Pass --fresh to start anew." in str(error)
            refused += 1
    assert refused > 40


def test_wrong_tensors_are_refused(stored: tuple[Stored, Unpack]):
    (tensors, facts), unpack = stored
    for name, value in tensors.items():
        others = [value.double(), torch.zeros(3), value[None]]
        for wrong in [{name: other} for other in others] + [{f"{name}/more": value}]:
            with pytest.raises(StoreError, match="--fresh"):
                unpack(tensors | wrong, facts)
        if name.endswith("/nodes"):
            for wrong in (value + 1, value[:-1], torch.cat([value, value[:1]])):
                with pytest.raises(StoreError, match="--fresh"):
                    unpack(tensors | {name: wrong}, facts)
        if not name.endswith("step"):
            with pytest.raises(StoreError, match="--fresh"):
                unpack({key: tensors[key] for key in tensors if key != name}, facts)
    for key in ("equalizer:knots=3", "equalizer:", "equalizers", ""):
        renamed = {
            path.replace("now/equalizer/", f"now/{key}/"): value for path, value in tensors.items()
        }
        with pytest.raises(StoreError, match="--fresh"):
            unpack(renamed, facts)
    for name in ("", "now", "7/equalizer/wet/value"):
        with pytest.raises(StoreError, match="--fresh"):
            unpack(tensors | {name: torch.zeros(2)}, facts)
