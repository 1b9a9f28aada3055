"""Finding the settings of a console: warm start, objective, gradient descent."""

from mixtrace.fit.batches import draw_batch
from mixtrace.fit.descent import Descent
from mixtrace.fit.objective import (
    Objective,
    group_parts,
    prepare_group,
    song_loss,
    song_parts,
)
from mixtrace.fit.recipe import RECIPES, Recipe
from mixtrace.fit.variables import Variables, kind_of
from mixtrace.fit.warm_start import StaticResponse, least_squares_start, static_responses
from mixtrace.fit.windows import SongWindows

__all__ = [
    "RECIPES",
    "Descent",
    "Objective",
    "Recipe",
    "SongWindows",
    "StaticResponse",
    "Variables",
    "draw_batch",
    "group_parts",
    "kind_of",
    "least_squares_start",
    "prepare_group",
    "song_loss",
    "song_parts",
    "static_responses",
]
