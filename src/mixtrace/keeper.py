"""What long work stores itself in, to go on from when it was stopped or killed."""

from typing import Any, Protocol, runtime_checkable

from torch import Tensor

__all__ = ["Keeper"]


@runtime_checkable
class Keeper(Protocol):
    """Where long work stores itself; `mixtrace.store` has one on disk."""

    def load(self) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """Return what was saved last, or None."""

    def save(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        """Store tensors and JSON facts as one."""
