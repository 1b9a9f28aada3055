"""Output folders: the names of what a fit writes, and whose a folder is."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from mixtrace.errors import StoreError
from mixtrace.store.capture_file import CAPTURE, CAPTURE_SCHEMA
from mixtrace.store.checkpoint import Checkpoint
from mixtrace.store.files import read_document

__all__ = [
    "CAPTURES",
    "CHECKPOINT",
    "FIT",
    "FITS",
    "FIT_SCHEMA",
    "GRAPH",
    "METRICS",
    "METRICS_SCHEMA",
    "MIX_AUDIO",
    "PARAMS",
    "Results",
    "claimed_folder",
    "find_graph",
]

GRAPH = "graph.json"
PARAMS = "params.safetensors"
MIX_AUDIO = "mix.wav"
METRICS = "metrics.json"
FIT = "fit.json"
CHECKPOINT = "checkpoint.safetensors"

METRICS_SCHEMA = "mixtrace.metrics/2"

FIT_SCHEMA = "mixtrace.fit/1"
"""The schema of `fit.json`; its `fingerprint` tells which fit the folder holds."""


@dataclass(frozen=True)
class Results:
    """A kind of result that has a folder of its own.

    Attributes:
        what: it is called.
        facts: the document that is written last; its `fingerprint` tells whose the folder is.
        schema: of that document.
    """

    what: str
    facts: str
    schema: str


FITS = Results("fit", FIT, FIT_SCHEMA)
CAPTURES = Results("capture", CAPTURE, CAPTURE_SCHEMA)


@contextmanager
def claimed_folder(
    folder: Path, fingerprint: str, *, fresh: bool, results: Results = FITS
) -> Iterator[Checkpoint]:
    """Take a folder for a result, new or the same result's own, and yield its checkpoint.

    A folder that this made and that is still empty when the block fails is removed again.

    Args:
        folder: created if it is not there.
        fingerprint: of the result.
        fresh: whether to replace another result of the kind, and to forget a checkpoint.
        results: the kind.

    Raises:
        StoreError: the folder holds another result, or anything that is none of the kind.
        OSError: it cannot be created.
    """
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"Expected a folder for the result; {folder} is a file. Choose another.")
    checkpoint = Checkpoint(folder / CHECKPOINT, fingerprint)
    _check_owner(folder, checkpoint, fingerprint, fresh, results)
    made = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        if fresh:
            checkpoint.forget()
        yield checkpoint
    except BaseException:
        if made:
            with suppress(OSError):
                folder.rmdir()
        raise


def find_graph(path: Path) -> Path | None:
    """Return the graph's file at a path - the file itself or the folder of a fit - or None."""
    if path.is_dir():
        path = path / GRAPH
    return path if path.is_file() and path.suffix.lower() == ".json" else None


def _check_owner(
    folder: Path, checkpoint: Checkpoint, fingerprint: str, fresh: bool, results: Results
) -> None:
    has_result, has_checkpoint = (folder / results.facts).exists(), checkpoint.exists
    strange = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
    if strange and not (has_result or has_checkpoint):
        raise StoreError(
            f"Expected a new folder or that of a {results.what}; {folder} has a {strange[0]} that "
            f"no {results.what} wrote. Choose another output folder."
        )
    if fresh:
        return
    if has_checkpoint:
        checkpoint.load()
        return
    facts = folder / results.facts
    if has_result and read_document(facts, results.schema).get("fingerprint") != fingerprint:
        raise StoreError(
            f"Expected a new folder or that of this {results.what}; {folder} holds the result of "
            "another song or of other settings. Pass --fresh to replace it, or choose another "
            "output folder."
        )
