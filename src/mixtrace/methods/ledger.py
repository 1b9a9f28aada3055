"""Runs of one method as they stand: those that ended, the best of them, and the one under way.

They are stored as one, so that work that was killed in any run goes on there.
"""

import math
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import msgspec
from torch import Tensor

from mixtrace.errors import GraphError, StoreError
from mixtrace.keeper import Keeper
from mixtrace.methods.agreement import Standing, agreement_of, standings
from mixtrace.methods.base import Inversion
from mixtrace.methods.packed import packed, unpacked
from mixtrace.store import Agreement, EndedRun

__all__ = ["COMMON", "NOW", "Ledger"]

COMMON, NOW, _BEST = "common", "now", "best"
"""Parts of what is stored: what all runs begin with, the run under way, and the best so far."""

_Part = tuple[dict[str, Tensor], dict[str, Any]]


@dataclass(frozen=True)
class _Entry:
    """A run that ended: what it came to, and the seconds that took."""

    run: EndedRun
    seconds: float
    found: tuple[Standing, ...]


@dataclass(frozen=True)
class _Facts:
    entries: tuple[_Entry, ...]
    kept: int
    parts: dict[str, dict[str, Any]]


class Ledger:
    """What runs came to, and what is stored of them.

    Attributes:
        entries: the runs that ended.
        best: the result of the one with the lowest price; None where none has ended.
    """

    def __init__(self, keeper: Keeper | None, seed: int, runs: int) -> None:
        """Begin, or go on with what is stored.

        Args:
            keeper: where it is stored; None for nowhere.
            seed: of the first run.
            runs: how many there will be.

        Raises:
            StoreError: what is stored is something else.
        """
        self._keeper = keeper
        self.entries: tuple[_Entry, ...] = ()
        self.best: Inversion | None = None
        self._kept = 0
        self._parts: dict[str, _Part] = {}
        stored = None if keeper is None else keeper.load()
        if stored is not None:
            self._unpack(*stored, seed, runs)

    @property
    def seconds(self) -> float:
        """Spent on the runs that ended."""
        return sum(entry.seconds for entry in self.entries)

    @property
    def agreement(self) -> Agreement:
        """What the runs that ended agree on; there is one at least."""
        runs = [entry.run for entry in self.entries]
        return agreement_of(runs, [entry.found for entry in self.entries], self._kept)

    @property
    def kept(self) -> EndedRun:
        """The run that the best result is of."""
        return self.entries[self._kept].run

    def part(self, name: str) -> "Keeper":
        """Return what stores a part, beside all others."""
        return _PartKeeper(self, name)

    def add(self, seed: int, found: Inversion, price: float, *, last: bool) -> None:
        """Take a run that ended, and keep its result if it is the best.

        Args:
            seed: it ran from.
            found: its result.
            price: of that; one that is no number is higher than any.
            last: whether it is the last one: what others would begin with is then forgotten.
        """
        l_a = found.losses["final"]["published"]
        run = EndedRun(seed, _finite(l_a), _finite(price), len(found.graph.processors))
        entry = _Entry(run, found.seconds, standings(found.graph, found.settings))
        if self.best is None or _ranked(run) < _ranked(self.kept):
            self.best, self._kept = found, len(self.entries)
            self._parts[_BEST] = packed(found)
        self.entries = (*self.entries, entry)
        for gone in (NOW, COMMON) if last else (NOW,):
            self._parts.pop(gone, None)
        self._save()

    def load_part(self, name: str) -> _Part | None:
        """Return a part as it was stored, or None."""
        return self._parts.get(name)

    def save_part(self, name: str, part: _Part) -> None:
        """Store a part."""
        self._parts[name] = part
        self._save()

    def _save(self) -> None:
        if self._keeper is None:
            return
        tensors = {
            f"{part}/{name}": tensor
            for part, (own, _) in self._parts.items()
            for name, tensor in own.items()
        }
        facts = _Facts(self.entries, self._kept, {p: f for p, (_, f) in self._parts.items()})
        self._keeper.save(tensors, msgspec.to_builtins(facts))

    def _unpack(
        self, tensors: Mapping[str, Tensor], facts: Mapping[str, Any], seed: int, runs: int
    ) -> None:
        try:
            stored = msgspec.convert(facts, _Facts, strict=True)
            parts: dict[str, _Part] = {name: ({}, own) for name, own in stored.parts.items()}
            for path, tensor in tensors.items():
                part, _, name = path.partition("/")
                parts[part][0][name] = tensor
            self.entries, self._kept, self._parts = stored.entries, stored.kept, parts
            self.best = unpacked(*parts[_BEST]) if stored.entries else None
        except (msgspec.ValidationError, GraphError, ValueError, KeyError) as error:
            raise _refused(str(error)) from error
        if [e.run.seed for e in self.entries] != list(range(seed, seed + len(self.entries))):
            raise _refused("its runs are from other seeds")
        if len(self.entries) > runs or self._kept not in range(max(1, len(self.entries))):
            raise _refused("its runs are others")
        if self.best is not None and self.entries[self._kept].found != standings(
            self.best.graph, self.best.settings
        ):
            raise _refused("its best result is not that of the run that is kept")


@dataclass(frozen=True)
class _PartKeeper:
    """Stores one part of a ledger: a `Keeper`."""

    ledger: Ledger
    name: str

    def load(self) -> _Part | None:
        """Return what was saved last, or None."""
        return self.ledger.load_part(self.name)

    def save(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        """Store tensors and JSON facts as one, as they are now: their owner goes on with them."""
        copied = {name: tensor.clone() for name, tensor in tensors.items()}
        self.ledger.save_part(self.name, (copied, deepcopy(facts)))


def _finite(number: float) -> float | None:
    return float(number) if math.isfinite(number) else None


def _ranked(run: EndedRun) -> float:
    return math.inf if run.price is None else run.price


def _refused(what: str) -> StoreError:
    return StoreError(
        f"Expected the stored runs of this fit; what is stored is something else ({what}). Pass "
        "--fresh to start anew."
    )
