"""A recovery as it stands, which can be stored between any two steps."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypedDict

import msgspec
from torch import Tensor

from mixtrace.descent import Descent, SongWindows, memory_faults
from mixtrace.errors import GraphError, StoreError
from mixtrace.graph import Graph, graph_from_json, graph_to_json
from mixtrace.recovery.config import RecoveryRecipe

__all__ = ["Phase", "State"]

Phase = Literal["refine", "settle"]
_Count = Annotated[int, msgspec.Meta(ge=0)]


class _Removed(TypedDict):
    node: _Count
    kind: str
    name: str
    round: _Count
    loss: float


class _History(TypedDict):
    loss: list[float]
    seconds: list[float]


@dataclass(frozen=True)
class _Stored:
    """The facts of a stored recovery; those that `State` has are explained there."""

    graph: Any
    interpreted: Any
    phase: Phase
    step: _Count
    asked: bool
    since: _Count
    seconds: float
    unread: list[str]
    losses: dict[str, dict[str, float]]
    removed: list[_Removed]
    history: _History


_FACTS = ("phase", "step", "asked", "since", "seconds", "unread", "losses", "removed", "history")


@dataclass
class State:
    """Everything that decides how it goes on, once a song is captured and interpreted.

    Attributes:
        descent: the graph and its variables.
        interpreted: the graph as it was interpreted, with what was added.
        phase: `refine`, then `settle`.
        step: of the phase.
        asked: whether it was asked what the graph still lacks.
        since: the step at which the optimiser began anew.
        seconds: spent so far.
        unread: tracks that capture could not read.
        losses: L_a in both conventions, by what it is of.
        removed: what was not needed.
        history: match and seconds of each step.
    """

    descent: Descent
    interpreted: Graph
    phase: Phase = "refine"
    step: int = 0
    asked: bool = False
    since: int = 0
    seconds: float = 0.0
    unread: list[str] = field(default_factory=list)
    losses: dict[str, dict[str, float]] = field(default_factory=dict)
    removed: list[Any] = field(default_factory=list)
    history: Any = field(default_factory=lambda: {"loss": [], "seconds": []})

    def pack(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return everything as named tensors and JSON facts."""
        facts = {name: getattr(self, name) for name in _FACTS}
        graphs = {"graph": self.descent.graph, "interpreted": self.interpreted}
        facts |= {name: graph_to_json(graph) for name, graph in graphs.items()}
        return self.descent.memory(), facts

    @classmethod
    def unpack(
        cls,
        tensors: Mapping[str, Tensor],
        facts: Mapping[str, Any],
        windows: SongWindows,
        recipe: RecoveryRecipe,
        tracks: int,
    ) -> "State":
        """Return the state that was packed.

        Args:
            tensors: as they were stored.
            facts: as well.
            windows: the song.
            recipe: of the recovery.
            tracks: how many the song has.

        Raises:
            StoreError: it is not that of a recovery of such a song.
        """
        try:
            stored = msgspec.convert(facts, _Stored, strict=True)
            graph, interpreted = map(graph_from_json, (stored.graph, stored.interpreted))
            wrong = next(_disagreements(stored, graph, interpreted, tensors, recipe, tracks), None)
        except (msgspec.ValidationError, GraphError, ValueError, KeyError) as error:
            raise _refused(str(error)) from error
        if wrong is not None:
            raise _refused(wrong)
        descent = Descent.from_memory(graph, tensors, windows, recipe.descent)
        return cls(descent, interpreted, **{name: getattr(stored, name) for name in _FACTS})


def _refused(what: str) -> StoreError:
    return StoreError(
        f"Expected the stored state of this fit; what is stored is something else ({what}). Pass "
        "--fresh to start anew."
    )


def _disagreements(
    stored: _Stored,
    graph: Graph,
    interpreted: Graph,
    tensors: Mapping[str, Tensor],
    recipe: RecoveryRecipe,
    tracks: int,
) -> Iterator[str]:
    """Yield what does not belong together."""
    if not graph.nodes.items() <= interpreted.nodes.items():
        yield "its graph is not a part of what was interpreted"
    if len(graph.inputs) != tracks:
        yield "its graph has another number of tracks"
    if stored.step > (recipe.steps if stored.phase == "refine" else recipe.settle_steps):
        yield "it has taken too many steps"
    if stored.since > stored.step:
        yield "its optimiser began after the last step"
    if not {"sum", "start"} <= stored.losses.keys():
        yield "the losses of the start are missing"
    if len(stored.history["loss"]) != len(stored.history["seconds"]):
        yield "the history has not a loss for each step"
    yield from memory_faults("now", graph, tensors)
