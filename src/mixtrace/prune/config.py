"""What a user chooses for a search, what a search reports, and what it gives back."""

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

from mixtrace.errors import MixtraceError
from mixtrace.fit import RECIPES, Recipe
from mixtrace.graph import CONSOLES, Graph
from mixtrace.processors import Settings

__all__ = ["Progress", "SearchConfig", "SearchResult"]

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

    recipe: Literal["default", "published"] = "default"
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


@dataclass(frozen=True)
class Progress:
    """Where a search stands: steps or trials done in a stage, the latest loss, time left in all."""

    stage: str
    done: int
    total: int
    loss: float | None
    seconds_left: float | None


@dataclass(frozen=True)
class SearchResult:
    """What a search found.

    Attributes:
        graph, settings: the result.
        console: the graph it began with.
        losses: L_a in both conventions: of the plain `sum` of the tracks, at the `start` of the
            descent, of the full `console` and of the `final` graph.
        history: one entry a step: `loss` (match on the step's window) and `seconds`.
        removed: processors in the order of their rounds, with the song's loss after the round.
        trials: pruning trials.
        trial_windows: windows rendered and compared to prune, to settle rounds and to confirm the
            result.
        trial_seconds: spent on that.
        seconds: spent, over all resumed parts.
        interrupted: whether the user stopped it before its end.
    """

    graph: Graph
    settings: Settings
    console: Graph
    losses: dict[str, dict[str, float]]
    history: dict[str, list[float]]
    removed: list[dict[str, Any]]
    trials: int
    trial_windows: int
    trial_seconds: float
    seconds: float
    interrupted: bool
