"""What a stored search has to be before it is gone on with: types, shapes, what belongs together.

A checkpoint's digest tells damage; this tells what was made by hand or by other software.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypedDict

import msgspec
from torch import Tensor

from mixtrace.descent import memory_faults
from mixtrace.errors import GraphError, StoreError
from mixtrace.graph import Graph, graph_from_json
from mixtrace.prune.config import PublishedRecipe
from mixtrace.trials import CONVENTIONS, Look

__all__ = ["BEST", "NOW", "StoredSearch", "read_stored"]

NOW, BEST = "now", "best"
"""Where the tensors and the graphs of these descents lie."""

_Count = Annotated[int, msgspec.Meta(ge=0)]


class _RemovedNode(TypedDict):
    node: _Count
    kind: str
    name: str
    round: _Count


class _Removed(_RemovedNode, total=False):
    loss: float


class _History(TypedDict):
    loss: list[float]
    seconds: list[float]


@dataclass(frozen=True)
class StoredSearch:
    """The facts of a stored search; those that `State` has are explained there."""

    round: _Count
    step: _Count
    settled: _Count
    seconds: float
    trials: _Count
    trial_windows: _Count
    trial_seconds: float
    losses: dict[str, dict[str, float]]
    removed: list[_Removed]
    history: _History
    lowest: float | None
    look: Look | None
    graphs: dict[str, Any]


def read_stored(
    tensors: Mapping[str, Tensor],
    facts: dict[str, Any],
    console: Graph,
    windows: int,
    recipe: PublishedRecipe,
) -> tuple[StoredSearch, dict[str, Graph], dict[str, dict[str, Tensor]]]:
    """Return the facts of a stored search, its graphs and their tensors, each by its part.

    Args:
        tensors: as they were stored.
        facts: as well.
        console: the graph that the search began with.
        windows: how many the song has.
        recipe: of the search.

    Raises:
        StoreError: this is no search of such a song with such a recipe.
    """
    try:
        stored = msgspec.convert(facts, StoredSearch, strict=True)
        graphs = {part: graph_from_json(graph) for part, graph in stored.graphs.items()}
        memories = _parts(tensors)
        wrong = next(_disagreements(stored, graphs, memories, console, windows, recipe), None)
    except (msgspec.ValidationError, GraphError, ValueError, KeyError) as error:
        wrong = str(error)
    if wrong is not None:
        raise StoreError(
            f"Expected the stored state of this search; what is stored is something else ({wrong})."
            " Pass --fresh to start anew."
        )
    return stored, graphs, memories


def _parts(tensors: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    parts: dict[str, dict[str, Tensor]] = {}
    for path, value in tensors.items():
        part, _, name = path.partition("/")
        parts.setdefault(part, {})[name] = value
    return parts


def _disagreements(
    stored: StoredSearch,
    graphs: dict[str, Graph],
    memories: dict[str, dict[str, Tensor]],
    console: Graph,
    windows: int,
    recipe: PublishedRecipe,
) -> Iterator[str]:
    """Yield what does not belong together."""
    yield from _wrong_progress(stored, recipe)
    marked = "console" in stored.losses
    if graphs.keys() != ({NOW, BEST} if marked else {NOW}) or marked != ("final" in stored.losses):
        yield "the console's loss and the best graph do not belong together"
    for part, graph in graphs.items():
        if graph.inputs != console.inputs or not graph.nodes.items() <= console.nodes.items():
            yield f"graph {part} is not a part of the console"
        yield from memory_faults(part, graph, memories.get(part, {}))
    if extra := memories.keys() - graphs.keys():
        yield f"tensors {min(extra)!r} belong to no graph"
    if (stored.look is None) == (stored.round > 0):
        yield "it has not looked at the graph, or too early"
    if stored.look is not None:
        yield from _wrong_look(stored.look, windows)


def _wrong_progress(stored: StoredSearch, recipe: PublishedRecipe) -> Iterator[str]:
    if not stored.settled <= stored.round <= recipe.rounds:
        yield "its rounds are out of order"
    if stored.step > (recipe.round_steps if stored.round else recipe.console_steps):
        yield "it has taken too many steps"
    if stored.round and "console" not in stored.losses:
        yield "the console's loss is missing"
    if any(loss.keys() != set(CONVENTIONS) for loss in stored.losses.values()):
        yield "a loss lacks a convention"
    if not {"sum", "start"} <= stored.losses.keys():
        yield "the losses of the start are missing"
    if len(stored.history["loss"]) != len(stored.history["seconds"]):
        yield "the history has not a loss for each step"


def _wrong_look(look: Look, windows: int) -> Iterator[str]:
    if look.numbers != list(range(windows)):
        yield "a look is not at all windows of the song"
    if look.losses.keys() != set(CONVENTIONS):
        yield "a look lacks a convention"
    if any(len(losses) != len(look.numbers) for losses in look.losses.values()):
        yield "a look has not a loss for each window"
