"""`likeness.json`: how like a reference song a transferred mix is."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct

from mixtrace.store.files import JSON, checked, read_document
from mixtrace.store.maxima import Finite, Name

__all__ = ["LIKENESS", "LIKENESS_SCHEMA", "Likeness", "MixFeatures", "read_likeness"]

LIKENESS = "likeness.json"
LIKENESS_SCHEMA = "mixtrace.likeness/1"

_Pair = Annotated[tuple[Finite, ...], Meta(min_length=2, max_length=2)]
_Bands = Annotated[tuple[Finite, ...], Meta(min_length=24, max_length=24)]
_TwoBands = Annotated[tuple[_Bands, ...], Meta(min_length=2, max_length=2)]


@dataclass(frozen=True)
class MixFeatures:
    """The features of a mix, as `losses.AudioFeatures` explains them.

    Attributes:
        rms: of left and right, full scale 1.
        crest: of left and right in dB.
        width: side over mid, a ratio of powers.
        balance: -1 all left to 1 all right.
        bark: natural logarithms of 24 bands, of mid and of side.
    """

    rms: _Pair
    crest: _Pair
    width: Finite
    balance: Finite
    bark: _TwoBands


@dataclass(frozen=True)
class Likeness:
    """How like a reference a mix is, and how like it the sum of equally loud tracks was.

    Attributes:
        name: of the reference.
        reference, before, after: features of the reference, of that sum, and of the result.
        loss_before, loss_after: weighted squared difference from the reference, by feature.
    """

    name: Name
    reference: MixFeatures
    before: MixFeatures
    after: MixFeatures
    loss_before: Annotated[dict[Name, Finite], Meta(max_length=100)]
    loss_after: Annotated[dict[Name, Finite], Meta(max_length=100)]

    def document(self) -> dict[str, JSON]:
        """Return it as `likeness.json` holds it."""
        return asdict(self)


class _Stored(Struct):
    name: Name
    reference: MixFeatures
    before: MixFeatures
    after: MixFeatures
    loss_before: Annotated[dict[Name, Finite], Meta(max_length=100)]
    loss_after: Annotated[dict[Name, Finite], Meta(max_length=100)]


def read_likeness(path: Path) -> Likeness:
    """Return how like its reference the result is that a file lies beside.

    Raises:
        StoreError: the file is missing or not as mixtrace writes it.
    """
    found = checked(read_document(path, LIKENESS_SCHEMA), _Stored, path)
    return Likeness(
        found.name,
        found.reference,
        found.before,
        found.after,
        found.loss_before,
        found.loss_after,
    )
