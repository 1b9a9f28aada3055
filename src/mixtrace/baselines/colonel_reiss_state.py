"""A descent as it stands, which can be stored between any two steps."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, TypedDict

import msgspec
from torch import Tensor

from mixtrace.baselines.colonel_reiss_config import ColonelReissRecipe
from mixtrace.descent import Descent, SongWindows, memory_faults
from mixtrace.errors import StoreError
from mixtrace.graph import Graph

__all__ = ["State"]

_Count = Annotated[int, msgspec.Meta(ge=0)]


class _History(TypedDict):
    loss: list[float]
    seconds: list[float]


@dataclass(frozen=True)
class _Stored:
    """The facts of a stored descent; they are explained in `State`."""

    step: _Count
    seconds: float
    losses: dict[str, dict[str, float]]
    history: _History


_FACTS = ("step", "seconds", "losses", "history")


@dataclass
class State:
    """Everything that decides how it goes on; the graph is the song's console throughout.

    Attributes:
        descent: the variables.
        step: steps taken.
        seconds: spent so far.
        losses: L_a in both conventions, by what it is of.
        history: match and seconds of each step.
    """

    descent: Descent
    step: int = 0
    seconds: float = 0.0
    losses: dict[str, dict[str, float]] = field(default_factory=dict)
    history: Any = field(default_factory=lambda: {"loss": [], "seconds": []})

    def pack(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return everything as named tensors and JSON facts."""
        return self.descent.memory(), {name: getattr(self, name) for name in _FACTS}

    @classmethod
    def unpack(
        cls,
        tensors: Mapping[str, Tensor],
        facts: Mapping[str, Any],
        console: Graph,
        windows: SongWindows,
        recipe: ColonelReissRecipe,
    ) -> "State":
        """Return the state that was packed.

        Args:
            tensors: as they were stored.
            facts: as well.
            console: of the song.
            windows: the song.
            recipe: of the descent.

        Raises:
            StoreError: it is not that of a descent on such a console.
        """
        try:
            stored = msgspec.convert(facts, _Stored, strict=True)
            wrong = next(_disagreements(stored, console, tensors, recipe), None)
        except (msgspec.ValidationError, ValueError, KeyError) as error:
            wrong = str(error)
        if wrong is not None:
            raise StoreError(
                "Expected the stored state of this descent; what is stored is something else "
                f"({wrong}). Pass --fresh to start anew."
            )
        descent = Descent.from_memory(console, tensors, windows, recipe.descent)
        return cls(descent, **{name: getattr(stored, name) for name in _FACTS})


def _disagreements(
    stored: _Stored, console: Graph, tensors: Mapping[str, Tensor], recipe: ColonelReissRecipe
) -> Iterator[str]:
    """Yield what does not belong together."""
    if stored.step > recipe.steps:
        yield "it has taken too many steps"
    if not {"sum", "start"} <= stored.losses.keys():
        yield "the losses of the start are missing"
    if len(stored.history["loss"]) != len(stored.history["seconds"]):
        yield "the history has not a loss for each step"
    yield from memory_faults("now", console, tensors)
