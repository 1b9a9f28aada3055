"""`simplified.json`: what stands in a simplified result where other processors stood."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from mixtrace.graph import MOST_NODES
from mixtrace.store.files import JSON, checked, read_document
from mixtrace.store.maxima import Finite, Level, Name

__all__ = [
    "SIMPLIFIED",
    "SIMPLIFIED_SCHEMA",
    "Change",
    "Outcome",
    "Simplification",
    "read_simplified",
]

SIMPLIFIED = "simplified.json"
SIMPLIFIED_SCHEMA = "mixtrace.simplified/1"

Outcome = Literal["replaced", "left out", "too far", "too dear", "joined"]

_Kinds = Annotated[tuple[Name, ...], Meta(max_length=8)]


@dataclass(frozen=True)
class Change:
    """What became of a processor that was not dialled as it was, or of two that were joined.

    Attributes:
        strip: the name of the strip it stands on.
        was: its kind, or those of two.
        now: kinds of what stands in its place, or would.
        off_db: how far that is off.
        most_db: how far it may be.
        measure: in what.
        cost: by how much L_a rises when nothing else is changed; None where that was not tried.
        outcome: what was done.
    """

    strip: Name
    was: _Kinds
    now: _Kinds
    off_db: Level
    most_db: Level
    measure: Name
    cost: Finite | None
    outcome: Outcome

    @property
    def made(self) -> bool:
        """Whether the graph was changed."""
        return self.outcome not in ("too far", "too dear")


@dataclass(frozen=True)
class Simplification:
    """What was done to a result.

    Attributes:
        before, after: L_a of the song in the published convention.
        most: the share of L_a by which it was allowed to rise.
        changes: in the order of the sound, then what was joined.
    """

    before: Finite
    after: Finite
    most: Finite
    changes: Annotated[tuple[Change, ...], Meta(max_length=MOST_NODES)]

    def document(self) -> dict[str, JSON]:
        """Return it as `simplified.json` holds it."""
        changes = [asdict(c) | {"was": list(c.was), "now": list(c.now)} for c in self.changes]
        return {"before": self.before, "after": self.after, "most": self.most, "changes": changes}


class _Stored(Struct):
    before: Finite
    after: Finite
    most: Finite
    changes: Annotated[tuple[Change, ...], Meta(max_length=MOST_NODES)]


def read_simplified(path: Path) -> Simplification:
    """Return what was done to the result that a file lies beside.

    Raises:
        StoreError: the file is missing or not as mixtrace writes it.
    """
    found = checked(read_document(path, SIMPLIFIED_SCHEMA), _Stored, path)
    return Simplification(found.before, found.after, found.most, found.changes)
