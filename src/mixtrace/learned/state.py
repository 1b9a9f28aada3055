"""Training as it stands, which can be stored between any two steps."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, TypedDict

import msgspec
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.errors import StoreError
from mixtrace.learned.dials import DIALS
from mixtrace.learned.network import NetworkShape
from mixtrace.learned.trainer import Trainer, memory_faults

__all__ = ["Adaptation", "Pretraining", "TurnTold"]

_Count = Annotated[int, msgspec.Meta(ge=0)]


class _History(TypedDict):
    loss: list[float]
    seconds: list[float]


class TurnTold(TypedDict):
    """What is told of a turn: its number, the width of its draws, the error, and L_a after it."""

    turn: _Count
    width: float
    error: float
    loss: float


@dataclass(frozen=True)
class _Stored:
    """The facts of stored training; those of the states below are explained there."""

    turn: _Count
    step: _Count
    seconds: float
    history: _History
    error: float = 0.0
    skipped: list[str] = field(default_factory=list)
    losses: dict[str, dict[str, float]] = field(default_factory=dict)
    told: list[TurnTold] = field(default_factory=list)


@dataclass
class Pretraining:
    """Training on the songs of a corpus.

    Attributes:
        trainer: the network and its optimiser.
        turn: how many are done.
        step: of the turn.
        seconds: spent so far.
        history: error and seconds of each step.
        skipped: songs that could not be read, and why.
    """

    trainer: Trainer
    turn: int = 0
    step: int = 0
    seconds: float = 0.0
    history: Any = field(default_factory=lambda: {"loss": [], "seconds": []})
    skipped: list[str] = field(default_factory=list)

    def pack(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return everything as named tensors and JSON facts."""
        names = ("turn", "step", "seconds", "history", "skipped")
        return self.trainer.memory(), {name: getattr(self, name) for name in names}

    @classmethod
    def unpack(
        cls,
        tensors: Mapping[str, Tensor],
        facts: Mapping[str, Any],
        shape: NetworkShape,
        rate: float,
        device: str,
    ) -> "Pretraining":
        """Return the state that was packed.

        Raises:
            StoreError: it is none.
        """
        stored = _stored(facts)
        _refuse(memory_faults(tensors, shape))
        trainer = Trainer.from_memory(tensors, shape, rate, device)
        taken = (stored.turn, stored.step, stored.seconds, stored.history, stored.skipped)
        return cls(trainer, *taken)


@dataclass
class Adaptation:
    """Training on one song.

    Attributes:
        trainer: the network and its optimiser.
        centre: the numbers that the network found last; the turn's pairs are drawn around them.
        best: the numbers of the lowest L_a so far.
        turn: how many turns are done.
        step: of the turn.
        error: the sum of the errors of the turn's steps.
        seconds: spent so far.
        history: L_a of the song at `centre`, and seconds, of each step.
        losses: L_a in both conventions, by what it is of; `final` is that of `best`.
        told: of each turn that is done.
    """

    trainer: Trainer
    centre: Float[Tensor, "track 16"]
    best: Float[Tensor, "track 16"]
    turn: int = 0
    step: int = 0
    error: float = 0.0
    seconds: float = 0.0
    history: Any = field(default_factory=lambda: {"loss": [], "seconds": []})
    losses: dict[str, dict[str, float]] = field(default_factory=dict)
    told: list[TurnTold] = field(default_factory=list)

    def pack(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return everything as named tensors and JSON facts."""
        names = ("turn", "step", "error", "seconds", "history", "losses", "told")
        numbers = {"centre": self.centre.clone(), "best": self.best.clone()}  # often one tensor
        return {**self.trainer.memory(), **numbers}, {name: getattr(self, name) for name in names}

    @classmethod
    def unpack(
        cls,
        tensors: Mapping[str, Tensor],
        facts: Mapping[str, Any],
        shape: NetworkShape,
        rate: float,
        device: str,
        tracks: int,
    ) -> "Adaptation":
        """Return the state that was packed.

        Raises:
            StoreError: it is none, or of a song of another number of tracks.
        """
        stored = _stored(facts)
        kept = [tensors.get(name) for name in ("centre", "best")]
        centre, best = (torch.empty(0) if numbers is None else numbers for numbers in kept)
        _refuse(_song_faults(stored, centre, best, tracks))
        _refuse(memory_faults(tensors, shape))
        trainer = Trainer.from_memory(tensors, shape, rate, device)
        return cls(
            trainer,
            centre,
            best,
            stored.turn,
            stored.step,
            stored.error,
            stored.seconds,
            stored.history,
            stored.losses,
            stored.told,
        )


def _stored(facts: Mapping[str, Any]) -> _Stored:
    try:
        stored = msgspec.convert(
            {name: value for name, value in facts.items() if name != "config"}, _Stored, strict=True
        )
    except msgspec.ValidationError as error:
        raise _refused(str(error)) from error
    if len(stored.history["loss"]) != len(stored.history["seconds"]):
        raise _refused("the history has not a loss for each step")
    return stored


def _song_faults(stored: _Stored, centre: Tensor, best: Tensor, tracks: int) -> Iterator[str]:
    """Yield what does not belong to a song."""
    for numbers in (centre, best):
        if tuple(numbers.shape) != (tracks, len(DIALS)):
            yield "its numbers are those of other tracks"
        elif not bool((numbers.abs() <= 1.0).all()):
            yield "its numbers are out of range"
    if not {"sum", "start", "final"} <= stored.losses.keys():
        yield "the losses of the start are missing"


def _refuse(faults: Iterator[str]) -> None:
    wrong = next(faults, None)
    if wrong is not None:
        raise _refused(wrong)


def _refused(what: str) -> StoreError:
    return StoreError(
        f"Expected the stored state of this training; what is stored is something else ({what}). "
        "Pass --fresh to start anew."
    )
