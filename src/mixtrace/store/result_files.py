"""What `fit.json` and `metrics.json` hold: their types and ranges, checked when they are read.

docs/graph-format.md describes every key. Unknown keys are passed over: nothing reads them.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from mixtrace.store.files import JSON, checked, read_document
from mixtrace.store.folder import FIT, FIT_SCHEMA, METRICS, METRICS_SCHEMA
from mixtrace.store.maxima import MOST_SEARCH_S, MOST_STEPS, Count, Finite, Name, Note

__all__ = ["read_fit", "read_metrics"]

_Seconds = Annotated[float, Meta(ge=0.0, le=MOST_SEARCH_S)]
_Choice = Name | Finite | bool | None
_Steps = Annotated[tuple[Finite | None, ...], Meta(max_length=MOST_STEPS)]
_Times = Annotated[tuple[_Seconds | None, ...], Meta(max_length=MOST_STEPS)]


class _Losses(Struct):
    published: Finite | None = None
    eq4: Finite | None = None


class _Processors(Struct):
    console: Count
    kept: Count


class _Removed(Struct):
    node: Count
    kind: Name
    name: Name
    round: Count
    loss: Finite | None = None


class _History(Struct):
    loss: _Steps = ()
    seconds: _Times = ()


class _Source(Struct):
    song: Note
    mix: Note | None
    sha256: Name
    mix_sha256: Name | None = None
    tracks: Annotated[dict[Name, Name], Meta(max_length=1_000)] | None = None


class _Fit(Struct):
    config: Annotated[dict[Name, _Choice], Meta(max_length=100)]
    losses: Annotated[dict[Name, _Losses], Meta(max_length=100)]
    processors: _Processors
    notes: Annotated[tuple[Note, ...], Meta(max_length=10_000)]
    removed: Annotated[tuple[_Removed, ...], Meta(max_length=10_000)]
    history: _History
    recipe: Annotated[dict[Name, Any], Meta(max_length=100)]
    ended: Literal["finished", "stopped"]
    why: Note
    seconds: _Seconds | None
    source: _Source | None = None


class _SongLoss(Struct):
    l_a: Finite
    l_lr: Finite
    l_m: Finite
    l_s: Finite


class _Levels(Struct):
    loudness_lufs: Finite | None
    true_peak_dbtp: Finite | None
    crest_factor_db: Finite | None
    stereo_width_db: Finite | None


class _Part(Struct):
    published: _SongLoss
    eq4: _SongLoss


class _HeldOut(Struct):
    choice: Name
    seen: _Part
    unseen: _Part


class _Metrics(Struct):
    published: _SongLoss
    eq4: _SongLoss
    target: _Levels
    estimate: _Levels
    loudness_difference_lu: Finite | None
    held_out: _HeldOut | None = None


def read_fit(folder: Path) -> dict[str, JSON]:
    """Return what a folder's `fit.json` says.

    Raises:
        StoreError: there is none, or it is not as a fit writes it.
    """
    return _read(folder / FIT, FIT_SCHEMA, _Fit)


def read_metrics(folder: Path) -> dict[str, JSON]:
    """Return what a folder's `metrics.json` says.

    Raises:
        StoreError: there is none, or it is not as a fit or a capture writes it.
    """
    return _read(folder / METRICS, METRICS_SCHEMA, _Metrics)


def _read(path: Path, schema: str, type_: type[Struct]) -> dict[str, JSON]:
    document = read_document(path, schema)
    checked(document, type_, path)
    return document
