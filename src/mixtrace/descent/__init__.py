"""Finding the settings of a graph: objective, gradient descent, and its course."""

from mixtrace.descent.adam import Adam
from mixtrace.descent.batches import draw_batch
from mixtrace.descent.course import Course
from mixtrace.descent.loop import Descent
from mixtrace.descent.memory import memory_faults
from mixtrace.descent.objective import (
    Objective,
    group_parts,
    prepare_group,
    song_loss,
    song_parts,
)
from mixtrace.descent.recipe import Recipe
from mixtrace.descent.static_response import StaticResponse, static_responses
from mixtrace.descent.variables import Variables, kind_of
from mixtrace.descent.variables_state import VariablesState
from mixtrace.descent.windows import SongWindows, Target

__all__ = [
    "Adam",
    "Course",
    "Descent",
    "Objective",
    "Recipe",
    "SongWindows",
    "StaticResponse",
    "Target",
    "Variables",
    "VariablesState",
    "draw_batch",
    "group_parts",
    "kind_of",
    "memory_faults",
    "prepare_group",
    "song_loss",
    "song_parts",
    "static_responses",
]
