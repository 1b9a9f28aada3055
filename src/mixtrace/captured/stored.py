"""What a capture stores of itself on the way, and what it has to be before it is gone on with."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard, TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.errors import StoreError
from mixtrace.keeper import Keeper

__all__ = ["Chosen"]

_Kind = TypeVar("_Kind", str, float)


@dataclass(frozen=True, eq=False)
class Chosen:
    """The length that was chosen, and what it was chosen with; any shapes until `check`.

    Attributes:
        left_out: names of tracks that were found to be unreadable before.
        holds: how much of each other track's reading holds.
        gains: first gains of these tracks, [track, frame].
        plain: their responses under the plain prior, [2, input, taps].
        found: their responses, alike.
    """

    left_out: Sequence[str]
    holds: Sequence[float]
    gains: Tensor
    plain: Tensor
    found: Tensor

    @classmethod
    def load(cls, keeper: Keeper | None, names: Collection[str]) -> "Chosen | None":
        """Return what was stored, or None.

        Args:
            keeper: where; None for nowhere.
            names: of the tracks.

        Raises:
            StoreError: that is nothing that was chosen for such tracks.
        """
        stored = None if keeper is None else keeper.load()
        if stored is None:
            return None
        tensors, facts = stored
        left_out, holds = facts.get("left_out"), facts.get("holds")
        if not _are(left_out, str) or not _are(holds, float) or not set(left_out) <= set(names):
            raise _refused("its facts")
        if tensors.keys() != {"gains", "plain", "found"}:
            raise _refused("the names of its tensors")
        return cls(left_out, holds, tensors["gains"], tensors["plain"], tensors["found"])

    def save(self, keeper: Keeper) -> None:
        """Store it."""
        tensors = {"gains": self.gains, "plain": self.plain, "found": self.found}
        keeper.save(tensors, {"left_out": list(self.left_out), "holds": list(self.holds)})

    def check(
        self, gains: Float[Tensor, "track frame"], inputs: int, lengths: Collection[int]
    ) -> None:
        """Refuse what was not chosen for these very tracks.

        Args:
            gains: gains of the shape and type that theirs have.
            inputs: their channels.
            lengths: that could be chosen, in taps.

        Raises:
            StoreError: it has other shapes or types, or numbers that are not finite.
        """
        shape = (2, inputs, self.found.shape[-1] if self.found.ndim else 0)
        fits = (
            (self.gains.shape, self.gains.dtype) == (gains.shape, gains.dtype)
            and self.plain.shape == self.found.shape == shape
            and self.plain.dtype == self.found.dtype == torch.float32
            and shape[-1] in lengths
            and len(self.holds) == len(gains)
        )
        if not fits:
            raise _refused("a shape or a type")
        if not all(bool(t.isfinite().all()) for t in (self.gains, self.plain, self.found)):
            raise _refused("a number that is not finite")


def _are(value: Any, kind: type[_Kind]) -> TypeGuard[list[_Kind]]:
    return isinstance(value, list) and all(isinstance(entry, kind) for entry in value)


def _refused(what: str) -> StoreError:
    return StoreError(
        f"Expected the stored state of this capture; what is stored is something else ({what}). "
        "Pass --fresh to start anew."
    )
