"""The output folder of a fit: the names in it, and whose it is."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mixtrace.errors import StoreError
from mixtrace.store.checkpoint import Checkpoint
from mixtrace.store.files import read_document

__all__ = [
    "CHECKPOINT",
    "FIT",
    "FIT_SCHEMA",
    "GRAPH",
    "METRICS",
    "METRICS_SCHEMA",
    "MIX_AUDIO",
    "PARAMS",
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


@contextmanager
def claimed_folder(folder: Path, fingerprint: str, *, fresh: bool) -> Iterator[Checkpoint]:
    """Take a folder for a fit, new or the same fit's own, and yield its checkpoint.

    A folder that this made and that is still empty when the block fails is removed again.

    Args:
        folder: created if it is not there.
        fingerprint: of the fit.
        fresh: whether to replace another fit's result, and to forget a checkpoint.

    Raises:
        StoreError: the folder holds another fit, or files of our names that no fit wrote.
        OSError: it cannot be created.
    """
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"Expected a folder for the result; {folder} is a file. Choose another.")
    checkpoint = Checkpoint(folder / CHECKPOINT, fingerprint)
    _check_owner(folder, checkpoint, fingerprint, fresh)
    made = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        if fresh:
            checkpoint.path.unlink(missing_ok=True)
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


def _check_owner(folder: Path, checkpoint: Checkpoint, fingerprint: str, fresh: bool) -> None:
    has_fit, has_checkpoint = (folder / FIT).exists(), checkpoint.path.exists()
    strange = [n for n in (GRAPH, PARAMS, MIX_AUDIO, METRICS) if (folder / n).exists()]
    if strange and not (has_fit or has_checkpoint):
        raise StoreError(
            f"Expected a new folder or that of a fit; {folder} has a {strange[0]} that no fit "
            "wrote. Choose another output folder."
        )
    if fresh:
        return
    if has_checkpoint:
        checkpoint.load()
    elif has_fit and read_document(folder / FIT, FIT_SCHEMA).get("fingerprint") != fingerprint:
        raise StoreError(
            f"Expected a new folder or that of this fit; {folder} holds the result of another song "
            "or of other settings. Pass --fresh to replace it, or choose another output folder."
        )
