"""The state of a search, which can be stored at any step and taken up again."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from torch import Tensor

from mixtrace.descent import Descent, SongWindows
from mixtrace.graph import Graph, graph_to_json
from mixtrace.prune.config import PublishedRecipe
from mixtrace.prune.stored import BEST, NOW, read_stored
from mixtrace.trials import Look

__all__ = ["State"]

_PLAIN = (
    *("round", "step", "settled", "seconds"),
    *("trials", "trial_windows", "trial_seconds", "losses", "removed", "history"),
)
"""The attributes that are JSON as they are."""


@dataclass
class State:
    """A search at one step.

    Attributes:
        descent: the graph and its variables as they stand.
        round: the pruning round; 0 is the console.
        step: steps taken in the round.
        settled: the last round whose result was looked at.
        look: what was last looked at, on the whole song; None while the console is fitted.
        lowest: the lowest loss of the song seen.
        best: the last graph that kept the tolerance, from the console on.
        seconds: spent before this part of the search.
        trials, trial_windows, trial_seconds: as in the evidence of an `Inversion`.
        losses: as those of an `Inversion`; `final` is that of `best`.
        removed, history: as in the evidence of an `Inversion`.
    """

    descent: Descent
    round: int = 0
    step: int = 0
    settled: int = 0
    look: Look | None = None
    lowest: float = math.inf
    best: Descent | None = None
    seconds: float = 0.0
    trials: int = 0
    trial_windows: int = 0
    trial_seconds: float = 0.0
    losses: dict[str, dict[str, float]] = field(default_factory=dict)
    removed: list[dict[str, Any]] = field(default_factory=list)
    history: dict[str, list[float]] = field(default_factory=lambda: {"loss": [], "seconds": []})

    def pack(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return everything as named tensors and JSON facts."""
        facts: dict[str, Any] = {name: getattr(self, name) for name in _PLAIN}
        facts["lowest"] = self.lowest if math.isfinite(self.lowest) else None
        facts["look"] = None if self.look is None else asdict(self.look)
        facts["graphs"], tensors = {}, {}
        for part, descent in ((NOW, self.descent), (BEST, self.best)):
            if descent is not None:
                facts["graphs"][part] = graph_to_json(descent.graph)
                tensors |= {f"{part}/{name}": value for name, value in descent.memory().items()}
        return tensors, facts

    @classmethod
    def unpack(
        cls,
        tensors: Mapping[str, Tensor],
        facts: dict[str, Any],
        console: Graph,
        windows: SongWindows,
        recipe: PublishedRecipe,
    ) -> "State":
        """Return the state that was packed.

        Raises:
            StoreError: it is not that of a search with this console, song and recipe.
        """
        stored, graphs, memories = read_stored(tensors, facts, console, windows.count, recipe)
        descents = {
            part: Descent.from_memory(graph, memories.get(part, {}), windows, recipe.descent)
            for part, graph in graphs.items()
        }
        state = cls(descents[NOW], look=stored.look, best=descents.get(BEST))
        for name in _PLAIN:
            setattr(state, name, getattr(stored, name))
        state.lowest = math.inf if stored.lowest is None else stored.lowest
        return state
