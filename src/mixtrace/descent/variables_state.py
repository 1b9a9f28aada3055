"""A descent on variables alone as it stands, which can be stored between any two steps."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from mixtrace.descent.variables import Key, Variables
from mixtrace.errors import StoreError

__all__ = ["VariablesState"]

_MOMENTS = ("step", "exp_avg", "exp_avg_sq")

Stored = tuple[Mapping[str, Tensor], Mapping[str, Any]]


@dataclass
class VariablesState:
    """Everything that decides how it goes on.

    Attributes:
        variables: the dials.
        memory: of the optimiser, by tensor.
        seconds: spent so far.
        history: loss and seconds of each step.
    """

    variables: Variables
    memory: dict[Key, dict[str, Tensor]] = field(default_factory=dict)
    seconds: float = 0.0
    history: dict[str, list[float]] = field(default_factory=lambda: {"loss": [], "seconds": []})

    def follow(self, variables: Variables, memory: dict[Key, dict[str, Tensor]]) -> None:
        """Take what the descent moves as what is stored."""
        self.variables, self.memory = variables, memory

    def pack(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return everything as named tensors and JSON facts."""
        tensors = {}
        for key, value in self.variables.values.items():
            tensors["/".join((*key, "value"))] = value.detach().clone()
            for name, moment in self.memory.get(key, {}).items():
                tensors["/".join((*key, name))] = moment.clone()
        return tensors, {"seconds": self.seconds, "history": self.history}

    @classmethod
    def unpack(cls, stored: Stored | None, start: Variables, steps: int) -> "VariablesState":
        """Return the state that was packed, or the start where nothing was.

        Args:
            stored: tensors and facts, if any.
            start: the dials at the start, whose shapes the stored ones have.
            steps: how many the descent takes.

        Raises:
            StoreError: it is not that of this descent.
        """
        if stored is None:
            return cls(start)
        tensors, facts = stored
        values, memory = {}, {}
        for key, value in start.values.items():
            known = _tensor(tensors, "/".join((*key, "value")), value.shape)
            values[key] = known
            if "/".join((*key, "step")) in tensors:
                shapes = ((), value.shape, value.shape)
                memory[key] = {
                    name: _tensor(tensors, "/".join((*key, name)), shape)
                    for name, shape in zip(_MOMENTS, shapes, strict=True)
                }
        history = {name: _numbers(facts, name) for name in ("loss", "seconds")}
        if len(history["loss"]) != len(history["seconds"]) or len(history["loss"]) > steps:
            raise _refused("its history is not one of so many steps")
        seconds = facts.get("seconds")
        if not isinstance(seconds, int | float):
            raise _refused("it does not say how long it took")
        return cls(Variables(values, start.nodes), memory, float(seconds), history)


def _tensor(tensors: Mapping[str, Tensor], name: str, shape: Any) -> Tensor:
    found = tensors.get(name)
    if found is None or found.shape != torch.Size(shape) or not bool(found.isfinite().all()):
        raise _refused(f"{name} is not what it should be")
    return found.clone()


def _numbers(facts: Mapping[str, Any], name: str) -> list[float]:
    found = facts.get("history", {}).get(name)
    if not isinstance(found, list) or not all(isinstance(n, int | float) for n in found):
        raise _refused("it has no history")
    return [float(number) for number in found]


def _refused(what: str) -> StoreError:
    return StoreError(
        f"Expected the stored state of this descent; what is stored is something else ({what}). "
        "Pass --fresh to start anew."
    )
