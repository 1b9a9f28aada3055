"""What a user chooses for a search."""

import math
from dataclasses import dataclass, replace
from typing import Literal

from mixtrace.descent import RECIPES, Recipe
from mixtrace.errors import MixtraceError
from mixtrace.graph import CONSOLES

__all__ = ["SearchConfig"]

_PUBLISHED_STEPS_BEFORE_PRUNING = 6_000
_POLICIES = ("ordered", "hybrid", "brute-force", "dry-wet", "none")

_LARGEST_SEED = 2**63 - 1
"""What both generators of random numbers take."""

_MOST_STEPS = 1_000_000
"""The published recipe takes some ten thousand."""


@dataclass(frozen=True)
class SearchConfig:
    """What a user chooses.

    Attributes:
        recipe: a key of `RECIPES`.
        preset: a key of `CONSOLES`; the published recipe is defined for `paper`.
        policy: how processors are removed: `ordered` is ours, the next three are as published,
            `none` keeps the console.
        tolerance: how far the result's L_a may lie above the console's.
        seed: of everything random.
        console_steps, rounds, round_steps: override the recipe's numbers where given.
    """

    recipe: Literal["console", "published"] = "console"
    preset: str = "studio"
    policy: Literal["ordered", "hybrid", "brute-force", "dry-wet", "none"] = "ordered"
    tolerance: float = 0.01
    seed: int = 0
    console_steps: int | None = None
    rounds: int | None = None
    round_steps: int | None = None

    def resolve(self) -> Recipe:
        """Return the recipe with this configuration's numbers.

        Raises:
            MixtraceError: when a name is unknown or a number out of range.
        """
        for name, value, known in (
            ("recipe", self.recipe, RECIPES),
            ("preset", self.preset, CONSOLES),
            ("policy", self.policy, _POLICIES),
        ):
            if value not in known:
                raise MixtraceError(
                    f"Expected a {name} among {', '.join(known)}; got '{value}'. Choose one."
                )
        if not (math.isfinite(self.tolerance) and self.tolerance >= 0.0):
            raise MixtraceError(
                f"Expected a tolerance of at least 0; got {self.tolerance}. Try 0.01."
            )
        for name, value, low, high in (
            ("seed", self.seed, 0, _LARGEST_SEED),
            ("number of steps", self.console_steps, 0, _MOST_STEPS),
            ("number of steps a round", self.round_steps, 0, _MOST_STEPS),
            ("number of rounds", self.rounds, 0, _MOST_STEPS),
        ):
            if value is not None and not low <= value <= high:
                raise MixtraceError(f"Expected a {name} from {low} to {high}; got {value}.")
        recipe = RECIPES[self.recipe]
        if self.policy == "none":
            recipe = replace(recipe, rounds=0)
        elif self.recipe == "published":
            recipe = replace(recipe, console_steps=_PUBLISHED_STEPS_BEFORE_PRUNING)
        own = {"console_steps": self.console_steps, "round_steps": self.round_steps}
        if self.policy != "none":
            own["rounds"] = self.rounds
        return replace(recipe, **{key: value for key, value in own.items() if value is not None})
