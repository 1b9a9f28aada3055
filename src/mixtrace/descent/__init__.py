"""Finding the settings of a console: warm start, objective, gradient descent."""

from mixtrace.descent.batches import draw_batch
from mixtrace.descent.loop import Descent
from mixtrace.descent.memory import memory_faults
from mixtrace.descent.objective import (
    Objective,
    group_parts,
    prepare_group,
    song_loss,
    song_parts,
)
from mixtrace.descent.recipe import RECIPES, Recipe
from mixtrace.descent.variables import Variables, kind_of
from mixtrace.descent.warm_start import StaticResponse, least_squares_start, static_responses
from mixtrace.descent.windows import SongWindows, Target

__all__ = [
    "RECIPES",
    "Descent",
    "Objective",
    "Recipe",
    "SongWindows",
    "StaticResponse",
    "Target",
    "Variables",
    "draw_batch",
    "group_parts",
    "kind_of",
    "least_squares_start",
    "memory_faults",
    "prepare_group",
    "song_loss",
    "song_parts",
    "static_responses",
]
