"""Output folders: the names of what a fit writes, and whose a folder is."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from mixtrace.errors import StoreError
from mixtrace.store.capture_file import CAPTURE, CAPTURE_SCHEMA, RESPONSES
from mixtrace.store.checkpoint import Checkpoint
from mixtrace.store.files import read_document
from mixtrace.store.lock import LOCK_FILES, locked
from mixtrace.store.moves import finish_moves
from mixtrace.store.opening import MOVES, is_plain_file, is_plain_folder
from mixtrace.store.temporary import is_temporary, remove_temporaries

__all__ = [
    "CAPTURES",
    "CHECKPOINT",
    "FIT",
    "FITS",
    "FIT_SCHEMA",
    "GRAPH",
    "LISTEN",
    "METRICS",
    "METRICS_SCHEMA",
    "MIX_AUDIO",
    "PARAMS",
    "TRUTH",
    "Results",
    "check_folder",
    "claimed_folder",
    "find_graph",
]

GRAPH = "graph.json"
PARAMS = "params.safetensors"
MIX_AUDIO = "mix.wav"
METRICS = "metrics.json"
FIT = "fit.json"
CHECKPOINT = "checkpoint.safetensors"
TRUTH = "truth"
"""The folder of the graph that mixed a song, in that of the song."""

LISTEN = "listen"
"""The folder for what can be heard, in that of a fit."""

METRICS_SCHEMA = "mixtrace.metrics/2"

FIT_SCHEMA = "mixtrace.fit/2"
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

    Until the block ends no other run can take it. A folder that this made and that is still empty
    when the block fails is removed again. What a killed run left half written is removed; what it
    left half moved into place is put there.

    Args:
        folder: created if it is not there.
        fingerprint: of the result.
        fresh: whether to replace another result of the kind, and to forget a checkpoint.
        results: the kind.

    Raises:
        StoreError: another run has the folder, or it holds another result, or anything that is
            none of the kind.
        OSError: it cannot be created.
    """
    checkpoint = Checkpoint(folder / CHECKPOINT, fingerprint)
    _check_strangers(folder, results, own=lambda: _is_own(checkpoint))
    made = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with locked(folder):
            finish_moves(folder)
            _tidy(folder)
            if fresh:
                checkpoint.forget()
            else:
                _check_owner(folder, checkpoint, fingerprint, results)
            yield checkpoint
    except BaseException:
        if made:
            with suppress(OSError):
                folder.rmdir()
        raise


def check_folder(folder: Path, results: Results) -> None:
    """Refuse a folder that cannot become a result's, before it is known whose it would be.

    Raises:
        StoreError: it is a file, or holds what no result of the kind wrote.
    """
    _check_strangers(folder, results, own=lambda: Checkpoint(folder / CHECKPOINT, "").exists)


def find_graph(path: Path) -> Path | None:
    """Return the graph's file at a path - the file itself or the folder of a fit - or None."""
    if path.is_dir():
        path = path / GRAPH
    return path if path.is_file() and path.suffix.lower() == ".json" else None


def _tidy(folder: Path) -> None:
    """Remove what a killed run left half written, in the folder and in those of its audio."""
    for each in (folder, folder / LISTEN, folder / RESPONSES):
        if each == folder or is_plain_folder(each):
            remove_temporaries(each)


def _check_strangers(folder: Path, results: Results, *, own: Callable[[], bool]) -> None:
    """Refuse a folder that holds what no run wrote, unless it holds a state of the run's own."""
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"Expected a folder for the result; {folder} is a file. Choose another.")
    if not folder.exists() or is_plain_file(folder / results.facts):
        return
    if os.path.lexists(folder / MOVES):
        return
    checkpoint = Checkpoint(folder / CHECKPOINT, "")
    states = {checkpoint.path, checkpoint.previous}
    others = [entry for entry in folder.iterdir() if entry not in states]
    strange = sorted(entry.name for entry in others if not _is_left_over(entry))
    if strange and not own():
        raise StoreError(
            f"Expected a new folder or that of a {results.what}; {folder} holds {strange[0]}, "
            f"which no {results.what} wrote. Choose another output folder."
        )


def _is_own(checkpoint: Checkpoint) -> bool:
    """Return whether this very run stored itself in a folder; its name alone tells nothing."""
    try:
        return checkpoint.load() is not None
    except StoreError:
        return False


def _is_left_over(entry: Path) -> bool:
    """Return whether this is of a run that goes on, or was killed before it stored anything."""
    if entry.is_dir() and not entry.is_symlink():
        return all(map(_is_left_over, entry.iterdir()))
    return entry.name in LOCK_FILES or is_temporary(entry.name)


def _check_owner(folder: Path, checkpoint: Checkpoint, fingerprint: str, results: Results) -> None:
    """Refuse the folder of another result of the kind."""
    if checkpoint.exists:
        checkpoint.load()
        return
    facts = folder / results.facts
    if (
        is_plain_file(facts)
        and read_document(facts, results.schema).get("fingerprint") != fingerprint
    ):
        raise StoreError(
            f"Expected a new folder or that of this {results.what}; {folder} holds the result of "
            "another song or of other settings. Pass --fresh to replace it, or choose another "
            "output folder."
        )
