"""What every way to invert a mix takes and gives back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from torch import Tensor

from mixtrace.graph import Graph
from mixtrace.keeper import Keeper
from mixtrace.processors import Settings
from mixtrace.progress import OnProgress, ignored
from mixtrace.session import Session
from mixtrace.unseen import Range

__all__ = ["Inversion", "Method", "Repeatable", "Selective", "Work", "why_not"]


@dataclass(frozen=True)
class Work:
    """How an inversion is carried out; nothing here decides what comes out.

    Attributes:
        device: where to compute.
        keeper: stores the work as it goes, and gives back what to resume.
        memory_bytes: how much audio and spectra may be kept beside the song.
        on_progress: called after each step.
        common: holds what runs of one method begin with from any seed, where there is such a thing.
    """

    device: str = "cpu"
    keeper: Keeper | None = None
    memory_bytes: int | None = None
    on_progress: OnProgress = ignored
    common: Keeper | None = None

    def stored(self) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """Return what a part of this work before was stored as; None where this is the first."""
        return None if self.keeper is None else self.keeper.load()


@dataclass(frozen=True)
class Inversion:
    """What a method found.

    Attributes:
        graph, settings: the result.
        console: the graph it began with; where a method begins with none, the result's.
        losses: L_a in both conventions, by what it is of; `final` is that of the result.
        evidence: what the method can show for its result, JSON as it is.
        recipe: every number that decided the outcome, as it was resolved; JSON as it is.
        ended: `finished`, or `stopped` by the user before its end.
        why: in a sentence, why it ended.
        seconds: spent, over all resumed parts.
    """

    graph: Graph
    settings: Settings
    console: Graph
    losses: Mapping[str, Mapping[str, float]]
    evidence: Mapping[str, Any] = field(default_factory=dict)
    recipe: Mapping[str, Any] = field(default_factory=dict)
    ended: Literal["finished", "stopped"] = "finished"
    why: str = ""
    seconds: float = 0.0


@runtime_checkable
class Method(Protocol):
    """A way to invert a mix."""

    def choices(self) -> Mapping[str, Any]:
        """Return what the user chose; JSON as it is. Results of other choices are others.

        Raises:
            MixtraceError: a choice that is not valid.
        """
        ...

    def invert(
        self, session: Session, held_out: Sequence[Range] = (), work: Work | None = None
    ) -> Inversion:
        """Find the graph of a mix.

        Args:
            session: tracks and mix, at the rate that the method asks for.
            held_out: what of the mix nothing in the result may depend on; losses are then those of
                the rest.
            work: how to carry it out.

        Raises:
            MixtraceError: a choice that is not valid, or a stored state that is not this work's.
        """
        ...


@runtime_checkable
class Repeatable(Method, Protocol):
    """A method that draws something, and can be run again from another seed."""

    @property
    def seed(self) -> int:
        """What it draws from."""
        ...

    def reseeded(self, by: int) -> "Repeatable":
        """Return the same method from a seed that is larger by so many."""
        ...

    def price(self, found: Inversion) -> float:
        """Return what results of one song are chosen by; the lowest is kept."""
        ...


@runtime_checkable
class Selective(Method, Protocol):
    """A method that is not made for every song."""

    def why_not(self, session: Session) -> str:
        """Return in a sentence why it is not made for a song; empty where it is.

        The sentence tells what was expected, what came, and what to do.
        """
        ...


def why_not(method: Method, session: Session) -> str:
    """Return in a sentence why a method is not made for a song; empty where it is."""
    return method.why_not(session) if isinstance(method, Selective) else ""
