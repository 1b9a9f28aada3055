"""What a stored search has to be before it is gone on with: types, shapes, what belongs together.

A checkpoint's digest tells damage; this tells what was made by hand or by other software.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypedDict

import msgspec
from torch import Tensor

from mixtrace.descent import Recipe, memory_faults
from mixtrace.errors import GraphError, StoreError
from mixtrace.graph import Graph, graph_from_json
from mixtrace.prune.looks import CONVENTIONS, Look

__all__ = ["NOW", "PRUNED", "StoredSearch", "read_stored"]

NOW, PRUNED = "now", "pruned"
"""Where the tensors of these descents lie; those of the accepted ones lie at their numbers."""

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
class _Found:
    graph: Any
    loss: float
    look: Look


@dataclass(frozen=True)
class StoredSearch:
    """The facts of a stored search; those that `State` has are explained there."""

    round: _Count
    step: _Count
    settled: _Count
    loss: float
    allowance: float | None
    most: _Count | None
    refused: _Count | None
    rate: float
    dear: dict[str, float]
    calm: float
    finished: bool
    seconds: float
    trials: _Count
    trial_windows: _Count
    trial_seconds: float
    console_windows: list[float]
    losses: dict[str, dict[str, float]]
    removed: list[_Removed]
    history: _History
    pruned: bool
    graph: Any
    lowest: float | None
    look: Look
    accepted: list[_Found]


def read_stored(
    tensors: Mapping[str, Tensor],
    facts: dict[str, Any],
    console: Graph,
    windows: int,
    recipe: Recipe,
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
        graphs = {NOW: stored.graph} | ({PRUNED: stored.graph} if stored.pruned else {})
        graphs |= {str(number): found.graph for number, found in enumerate(stored.accepted)}
        graphs = {part: graph_from_json(graph) for part, graph in graphs.items()}
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
    recipe: Recipe,
) -> Iterator[str]:
    """Yield what does not belong together."""
    yield from _wrong_progress(stored, windows, recipe)
    for part, graph in graphs.items():
        if graph.inputs != console.inputs or not graph.nodes.items() <= console.nodes.items():
            yield f"graph {part} is not a part of the console"
        yield from memory_faults(part, graph, memories.get(part, {}))
    if extra := memories.keys() - graphs.keys():
        yield f"tensors {min(extra)!r} belong to no graph"
    looks = [(stored.look, graphs[NOW] if stored.settled == stored.round else None)]
    looks += [(found.look, graphs[str(k)]) for k, found in enumerate(stored.accepted)]
    for look, graph in looks:
        yield from _wrong_look(look, graph, windows)


def _wrong_progress(stored: StoredSearch, windows: int, recipe: Recipe) -> Iterator[str]:
    if not stored.settled <= stored.round <= recipe.rounds:
        yield "its rounds are out of order"
    if stored.step > (recipe.round_steps if stored.round else recipe.console_steps):
        yield "it has taken too many steps"
    marked = "console" in stored.losses
    if marked != bool(stored.accepted) or (stored.round and not marked):
        yield "the console's loss and what was accepted do not belong together"
    if len(stored.console_windows) != (windows if marked else 0):
        yield "console_windows has not one loss a window"
    if any(loss.keys() != set(CONVENTIONS) for loss in stored.losses.values()):
        yield "a loss lacks a convention"
    if not {"sum", "start"} <= stored.losses.keys():
        yield "the losses of the start are missing"
    if len(stored.history["loss"]) != len(stored.history["seconds"]):
        yield "the history has not a loss for each step"


def _wrong_look(look: Look, graph: Graph | None, windows: int) -> Iterator[str]:
    """Yield what is wrong with a look, which is of a graph where that is known."""
    numbers = look.numbers
    if len(set(numbers)) != len(numbers) or not set(numbers) <= set(range(windows)):
        yield "a look names a window that the song has not, or one twice"
    if look.losses.keys() != set(CONVENTIONS) or len(look.changes) != len(numbers):
        yield "a look has not a loss by convention and a change for each window"
    if any(len(losses) != len(numbers) for losses in look.losses.values()):
        yield "a look has not a loss for each window"
    counts = {len(changes) for changes in look.changes}
    allowed = {0, len(graph.processors)} if graph is not None else counts
    if len(counts) > 1 or not counts <= allowed:
        yield "a look has not a change for each processor"
