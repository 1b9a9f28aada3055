"""What a search without gradients moves: some settings of a result, as one vector.

Each number is counted in steps of our own descent: what `ParamSpec.rate` says that an unconstrained
value moves by at once. So one step is about as much of a change for each of them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float64

from mixtrace.descent import Recipe, Variables
from mixtrace.descent.variables import Key
from mixtrace.processors import WET, Settings, Stack, processor

__all__ = ["Knobs"]

_MOST_NUMBERS = 16
"""A parameter with more of them is a curve or a response, which nobody turns by hand: it stays."""

_STILL = 1e-3
"""Steps below which a number is where it was: what is left of rounding there and back."""


@dataclass(frozen=True, eq=False)
class Knobs:
    """Settings, and which of their numbers move.

    Attributes:
        settings: where all begin, at the vector of zeros.
        places: of each number that moves: the parameter of a stack, and the place in its tensor.
    """

    settings: Settings
    places: tuple[tuple[Key, int], ...]

    @classmethod
    def heard(cls, settings: Settings, told: Callable[[Settings], object]) -> "Knobs":
        """Return those knobs of which a chain of plug-ins is told anything.

        Args:
            settings: where they begin.
            told: what the chain is told of settings; see `Engine`.
        """
        every = cls(settings, tuple(_movable(settings)))
        before, kept = told(settings), []
        for number, place in enumerate(every.places):
            steps = np.zeros(len(every.places))
            for direction in (1.0, -1.0):
                steps[number] = direction
                if told(every.at(steps)) != before:
                    kept.append(place)
                    break
        return cls(settings, tuple(kept))

    def at(self, steps: Float64[np.ndarray, " number"]) -> Settings:
        """Return the settings so many steps from where they began, within their ranges.

        What has not moved is, to the last bit, what it was.
        """
        start = Variables.from_settings(self.settings)
        values = {key: value.clone() for key, value in start.values.items()}
        moved = {key: torch.zeros(value.shape, dtype=torch.bool) for key, value in values.items()}
        for (key, place), rate, count in zip(self.places, self._rates, steps, strict=True):
            if abs(count) > _STILL:
                values[key].view(-1)[place] += rate * count
                moved[key].view(-1)[place] = True
        found = Variables(values, start.nodes).settings()
        pairs = zip(self.settings.stacks, found.stacks, strict=True)
        return Settings(tuple(_mixed(before, after, moved) for before, after in pairs))

    def project(self, steps: Float64[np.ndarray, " number"]) -> Float64[np.ndarray, " number"]:
        """Return the nearest steps at which every number is within its range."""
        start = Variables.from_settings(self.settings)
        values = {key: value.clone() for key, value in start.values.items()}
        for (key, place), rate, count in zip(self.places, self._rates, steps, strict=True):
            values[key].view(-1)[place] += rate * count
        reached = Variables(values, start.nodes)
        reached.project()
        found = [
            float(reached.values[key].view(-1)[place] - start.values[key].view(-1)[place]) / rate
            for (key, place), rate in zip(self.places, self._rates, strict=True)
        ]
        inside = np.array(found, np.float64)
        return np.where(np.abs(inside - steps) > _STILL, inside, steps)

    @property
    def _rates(self) -> list[float]:
        recipe = Recipe()
        return [recipe.rate(*key) for key, _ in self.places]


def _movable(settings: Settings) -> Iterator[tuple[Key, int]]:
    """Yield every number that our descent moves and that a person could turn."""
    recipe = Recipe()
    for stack in settings.stacks:
        names = [spec.name for spec in processor(stack.kind).params]
        for name in (*names, WET):
            value = stack.tensor(name)
            if recipe.rate(stack.key, name) and value[0].numel() <= _MOST_NUMBERS:
                yield from (((stack.key, name), place) for place in range(value.numel()))


def _mixed(before: Stack, after: Stack, moved: dict[Key, torch.Tensor]) -> Stack:
    """Return a stack of what has moved, and of what was there before for the rest."""
    values = {
        name: torch.where(moved[before.key, name], after.values[name], value)
        for name, value in before.values.items()
    }
    wet = torch.where(moved[before.key, WET], after.wet, before.wet)
    return Stack(before.kind, before.nodes, values, wet)
