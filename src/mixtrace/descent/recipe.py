"""Recipes: how a search starts, how long it descends and on what; ours and the published one."""

from dataclasses import dataclass, field
from typing import Literal

from mixtrace.descent.objective import Objective
from mixtrace.descent.variables import kind_of
from mixtrace.processors import WET, processor

__all__ = ["RECIPES", "Recipe"]

_WET_RATE = 0.18


@dataclass(frozen=True)
class Recipe:
    """One way to search.

    Attributes:
        start: `least-squares` from the tracks and the mix, `random` as published.
        windows: `grid` visits the evaluation windows in shuffled epochs, `uniform` draws a start
            anywhere in the song each step, as published.
        batch: windows a step.
        console_steps: steps on the full console.
        share_at: after which share of these steps what tracks have in common moves to their bus; 1
            for never.
        rounds: pruning rounds, each followed by `round_steps` steps.
        round_steps: steps after a round.
        console_end: rate at the end of the console's cosine schedule; 1 keeps it constant.
        round_rate: rate of the steps after a round; they fall to zero unless it is 1.
        reset_steps: the optimiser forgets its moments every so many steps; 0 for never.
        learning_rate: the step of every unconstrained value that moves, at rate 1; None for the
            one that each parameter states.
        pace: a factor on what the parameters state.
        second_moment: Adam's decay of squared gradients a step; .95 remembers twenty steps.
        level_unheard: whether an EQ curve goes on level, after every step, where its track or bus
            does not sound; nothing else holds it there.
        objective: what a step minimises.
        sparsity_ramp_steps: steps after the first round over which the sparsity weight grows.
        judge_whole: whether trials and rounds of pruning are judged on all windows of the song.
    """

    start: Literal["least-squares", "random"] = "least-squares"
    windows: Literal["grid", "uniform"] = "grid"
    batch: int = 2
    console_steps: int = 130
    share_at: float = 0.5
    rounds: int = 12
    round_steps: int = 10
    console_end: float = 0.1
    round_rate: float = 0.25
    reset_steps: int = 0
    learning_rate: float | None = None
    pace: float = 1.0
    second_moment: float = 0.95
    level_unheard: bool = True
    objective: Objective = field(default_factory=Objective)
    sparsity_ramp_steps: int = 200
    judge_whole: bool = False

    def rate(self, stack: str, name: str) -> float:
        """Return the step of a parameter of a stack, or of its dry/wet weights, at rate 1.

        The weight of what starts at 1 does not move: it is inserted, not mixed in.
        """
        entry = processor(kind_of(stack))
        own = entry.param(name).rate if name != WET else _WET_RATE * (entry.start_wet < 1.0)
        every = self.learning_rate
        return self.pace * own if every is None or own == 0.0 else every


RECIPES: dict[str, Recipe] = {
    "console": Recipe(),
    "published": Recipe(
        start="random",
        windows="uniform",
        batch=1,
        console_steps=12_000,
        share_at=1.0,
        rounds=12,
        round_steps=500,
        console_end=1.0,
        round_rate=1.0,
        reset_steps=500,
        learning_rate=0.01,
        second_moment=0.999,
        level_unheard=False,
        objective=Objective(
            strategy="scheduled", convention="published", fft_limit_s=None, parsimony=0.0
        ),
        sparsity_ramp_steps=2_000,
        judge_whole=True,
    ),
}
"""The recipes by name.

Source of `published`: Lee et al. 2025, arXiv 2509.15948, and its reference implementation. A run
that prunes descends 6,000 steps on the console before the first round.
"""
