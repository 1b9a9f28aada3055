"""How a descent steps: from which windows, how far, on what."""

from dataclasses import dataclass, field
from typing import Literal

from mixtrace.descent.objective import Objective
from mixtrace.descent.variables import kind_of
from mixtrace.processors import WET, processor

__all__ = ["Recipe"]

_WET_RATE = 0.18


@dataclass(frozen=True)
class Recipe:
    """How a descent steps.

    Attributes:
        windows: `grid` visits the evaluation windows in shuffled epochs, `uniform` draws a start
            anywhere in the song each step, as published.
        batch: windows a step.
        learning_rate: the step of every unconstrained value that moves, at rate 1; None for the
            one that each parameter states.
        pace: a factor on what the parameters state.
        second_moment: Adam's decay of squared gradients a step; .95 remembers twenty steps.
        level_unheard: whether an EQ curve goes on level, after every step, where its track or bus
            does not sound; nothing else holds it there.
        held: names of parameters that stay where they start, whatever they state.
        objective: what a step minimises.
    """

    windows: Literal["grid", "uniform"] = "grid"
    batch: int = 2
    learning_rate: float | None = None
    pace: float = 1.0
    second_moment: float = 0.95
    level_unheard: bool = True
    held: tuple[str, ...] = ()
    objective: Objective = field(default_factory=Objective)

    def rate(self, stack: str, name: str) -> float:
        """Return the step of a parameter of a stack, or of its dry/wet weights, at rate 1.

        The weight of what starts at 1 does not move: it is inserted, not mixed in.
        """
        if name in self.held:
            return 0.0
        entry = processor(kind_of(stack))
        own = entry.param(name).rate if name != WET else _WET_RATE * (entry.start_wet < 1.0)
        every = self.learning_rate
        return self.pace * own if every is None or own == 0.0 else every
