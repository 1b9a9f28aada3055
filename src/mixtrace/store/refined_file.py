"""`refined.json`: how near a chain of plug-ins came to the mix, before and after it was refined."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from mixtrace.store.files import JSON, checked, read_document
from mixtrace.store.maxima import MOST_STEPS, Finite, Name, Note

__all__ = ["REFINED", "REFINED_SCHEMA", "ChainLoss", "PlugIn", "Refinement", "read_refined"]

REFINED = "refined.json"
REFINED_SCHEMA = "mixtrace.refined/1"

_Steps = Annotated[int, Meta(ge=0, le=MOST_STEPS)]


@dataclass(frozen=True)
class ChainLoss:
    """L_a in the published convention.

    Attributes:
        windows: of the windows that were searched.
        song: of the whole song.
    """

    windows: Finite
    song: Finite


@dataclass(frozen=True)
class PlugIn:
    """A plug-in of another program, as it was played.

    Attributes:
        node: the processor that it stands for, as messages name it.
        uri: which plug-in.
        dials: what it is set to, by the symbols that it gives them; all others stand at default.
    """

    node: Note
    uri: Name
    dials: dict[Name, Finite]


@dataclass(frozen=True)
class Refinement:
    """What was done to a result.

    Attributes:
        engine: whose plug-ins.
        search: by which search.
        numbers: how many settings moved.
        windows: on how many windows of the song.
        evaluations: how often the plug-ins were asked.
        own: what mixtrace itself makes of the settings as they were.
        converted: what the plug-ins make of them.
        refined: what the plug-ins make of the settings that were found.
        plug_ins: the dials of those that no export is written for.
    """

    engine: Name
    search: Name
    numbers: _Steps
    windows: _Steps
    evaluations: _Steps
    own: ChainLoss
    converted: ChainLoss
    refined: ChainLoss
    plug_ins: tuple[PlugIn, ...] = ()

    def document(self) -> dict[str, JSON]:
        """Return it as `refined.json` holds it."""
        return asdict(self)


class _Stored(Struct):
    engine: Name
    search: Name
    numbers: _Steps
    windows: _Steps
    evaluations: _Steps
    own: ChainLoss
    converted: ChainLoss
    refined: ChainLoss
    plug_ins: tuple[PlugIn, ...] = ()


def read_refined(path: Path) -> Refinement:
    """Return what was done to the result that a file lies beside.

    Raises:
        StoreError: the file is missing or not as mixtrace writes it.
    """
    found = checked(read_document(path, REFINED_SCHEMA), _Stored, path)
    return Refinement(
        found.engine,
        found.search,
        found.numbers,
        found.windows,
        found.evaluations,
        found.own,
        found.converted,
        found.refined,
        found.plug_ins,
    )
