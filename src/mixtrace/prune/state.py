"""The state of a search, which can be stored at any step and taken up again."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from torch import Tensor

from mixtrace.descent import Descent, Recipe, SongWindows
from mixtrace.graph import Graph, graph_to_json
from mixtrace.prune.looks import Look
from mixtrace.prune.stored import NOW, PRUNED, read_stored

__all__ = ["State"]


Found = tuple[Descent, float, Look]
"""A graph as it was descended on, its loss (published convention) as far as known, and a look."""

_PLAIN = (
    *("round", "step", "settled", "loss", "allowance", "most", "refused", "rate", "dear", "calm"),
    *("finished", "seconds"),
    *("trials", "trial_windows", "trial_seconds"),
    *("console_windows", "losses", "removed", "history"),
)
"""The attributes that are JSON as they are."""


@dataclass
class State:
    """A search at one step.

    Attributes:
        descent: the graph and its variables as they stand.
        round: the pruning round; 0 is the console.
        step: steps taken in the round.
        settled: the last round whose graph was accepted or taken back.
        loss: L_a (published convention) of the graph before it is descended on, as far as it is
            known.
        look: what was last looked at, which gave that loss.
        lowest: the lowest loss of a song seen, for the published policies.
        allowance: how far above its bar a round may prune, in tolerances, before the descent has
            made up for it; None while rounds prune carefully.
        most: how many processors a round may remove, after one that was taken back; None for all.
        refused: the processor that the last round removed alone, if that was taken back.
        rate: how much more the removals of the last round cost than the sum of their changes.
        dear: what processors, by their numbers, cost when they failed alone.
        calm: a factor on the rate of the steps after a round.
        pruned: after a round of our policy, what it left, before it is descended on.
        finished: whether no further round is worth trying.
        seconds: spent before this part of the search.
        trials, trial_windows, trial_seconds: as in the evidence of an `Inversion`.
        accepted: the console, what the rounds began with, and what they made of it, in turn.
        console_windows: L_a (published convention) of the console, window by window.
        losses, removed, history: as in the evidence of an `Inversion`.
    """

    descent: Descent
    round: int = 0
    step: int = 0
    settled: int = 0
    loss: float = 0.0
    look: Look = field(default_factory=Look)
    lowest: float = math.inf
    allowance: float | None = None
    most: int | None = None
    refused: int | None = None
    rate: float = 1.7
    dear: dict[str, float] = field(default_factory=dict)
    calm: float = 1.0
    pruned: Descent | None = None
    finished: bool = False
    seconds: float = 0.0
    trials: int = 0
    trial_windows: int = 0
    trial_seconds: float = 0.0
    accepted: list[Found] = field(default_factory=list)
    console_windows: list[float] = field(default_factory=list)
    losses: dict[str, dict[str, float]] = field(default_factory=dict)
    removed: list[dict[str, Any]] = field(default_factory=list)
    history: dict[str, list[float]] = field(default_factory=lambda: {"loss": [], "seconds": []})

    def changes(self) -> dict[int, float]:
        """Return the first-order change of the song's loss without each processor."""
        importance = self.look.importance.tolist()
        return dict(zip(self.descent.graph.processors, importance, strict=True))

    def pack(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return everything as named tensors and JSON facts."""
        tensors = {f"{NOW}/{name}": value for name, value in self.descent.memory().items()}
        if self.pruned is not None:
            memory = self.pruned.memory()
            tensors |= {f"{PRUNED}/{name}": value for name, value in memory.items()}
        facts: dict[str, Any] = {name: getattr(self, name) for name in _PLAIN}
        facts["pruned"] = self.pruned is not None
        facts["graph"] = graph_to_json(self.descent.graph)
        facts["lowest"] = self.lowest if math.isfinite(self.lowest) else None
        facts["look"] = asdict(self.look)
        facts["accepted"] = []
        for number, (descent, loss, look) in enumerate(self.accepted):
            found = {"graph": graph_to_json(descent.graph), "loss": loss, "look": asdict(look)}
            facts["accepted"].append(found)
            tensors |= {f"{number}/{name}": value for name, value in descent.memory().items()}
        return tensors, facts

    @classmethod
    def unpack(
        cls,
        tensors: Mapping[str, Tensor],
        facts: dict[str, Any],
        console: Graph,
        windows: SongWindows,
        recipe: Recipe,
    ) -> "State":
        """Return the state that was packed.

        Raises:
            StoreError: it is not that of a search with this console, song and recipe.
        """
        stored, graphs, memories = read_stored(tensors, facts, console, windows.count, recipe)

        def descent(part: str) -> Descent:
            return Descent.from_memory(graphs[part], memories.get(part, {}), windows, recipe)

        state = cls(descent(NOW))
        for name in _PLAIN:
            setattr(state, name, getattr(stored, name))
        if stored.pruned:
            state.pruned = descent(PRUNED)
        state.lowest = math.inf if stored.lowest is None else stored.lowest
        state.look = stored.look
        for number, found in enumerate(stored.accepted):
            state.accepted.append((descent(str(number)), found.loss, found.look))
        return state
