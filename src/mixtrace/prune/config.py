"""What a user chooses for a published search, and the numbers that decide what comes out."""

import math
from dataclasses import dataclass, field, replace
from typing import Literal

from mixtrace.descent import Objective, Recipe
from mixtrace.errors import MixtraceError
from mixtrace.graph import CONSOLES

__all__ = ["PublishedRecipe", "SearchConfig"]

_STEPS_WITHOUT_PRUNING = 12_000
_POLICIES = ("hybrid", "brute-force", "dry-wet", "none")

_LARGEST_SEED = 2**63 - 1
"""What both generators of random numbers take."""

_MOST_STEPS = 1_000_000
"""The published recipe takes some ten thousand."""


def _published_descent() -> Recipe:
    return Recipe(
        windows="uniform",
        batch=1,
        learning_rate=0.01,
        second_moment=0.999,
        level_unheard=False,
        objective=Objective(strategy="scheduled", fft_limit_s=None, parsimony=0.0),
    )


@dataclass(frozen=True)
class PublishedRecipe:
    """Every number that decides what comes out.

    Source: Lee et al. 2025, arXiv 2509.15948, and its reference implementation.

    Attributes:
        console_steps: steps on the full console; 12,000 where nothing is pruned.
        rounds: pruning rounds, each followed by `round_steps` steps.
        round_steps: steps after a round.
        reset_steps: the optimiser forgets its moments every so many steps of a round.
        sparsity_ramp_steps: steps after the first round over which the sparsity weight grows.
        descent: rates and windows of all steps.
    """

    console_steps: int = 6_000
    rounds: int = 12
    round_steps: int = 500
    reset_steps: int = 500
    sparsity_ramp_steps: int = 2_000
    descent: Recipe = field(default_factory=_published_descent)


@dataclass(frozen=True)
class SearchConfig:
    """What a user chooses.

    Attributes:
        preset: a key of `CONSOLES`.
        policy: how processors are removed; `none` keeps the console.
        tolerance: how far the result's L_a may lie above the console's.
        seed: of everything random.
        console_steps, rounds, round_steps: override the recipe's numbers where given.
    """

    preset: str = "paper"
    policy: Literal["hybrid", "brute-force", "dry-wet", "none"] = "hybrid"
    tolerance: float = 0.01
    seed: int = 0
    console_steps: int | None = None
    rounds: int | None = None
    round_steps: int | None = None

    def resolve(self) -> PublishedRecipe:
        """Return the recipe with this configuration's numbers.

        Raises:
            MixtraceError: when a name is unknown or a number out of range.
        """
        for name, value, known in (
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
        recipe = PublishedRecipe()
        own = {"console_steps": self.console_steps, "round_steps": self.round_steps}
        if self.policy == "none":
            recipe = replace(recipe, console_steps=_STEPS_WITHOUT_PRUNING, rounds=0)
        else:
            own["rounds"] = self.rounds
        return replace(recipe, **{key: value for key, value in own.items() if value is not None})
