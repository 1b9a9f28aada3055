"""The data sets that mixtrace reads, and which of them a folder holds."""

from pathlib import Path

from mixtrace.datasets.base import Dataset
from mixtrace.datasets.tree import Tree
from mixtrace.errors import SessionError

__all__ = ["DATASETS", "open_dataset"]

DATASETS: dict[str, type[Dataset]] = {kind.name: kind for kind in (Tree,)}
"""By name; the first that recognises a folder reads it."""


def open_dataset(folder: Path, name: str | None = None) -> Dataset:
    """Return the data set in a folder.

    Args:
        folder: what it was unpacked to.
        name: which data set it is; None for what the folder looks like.

    Raises:
        SessionError: no such folder, or no data set of that name.
    """
    if not folder.is_dir():
        raise SessionError(
            f"Expected a folder of songs; there is none at {folder}. "
            "Name the folder that the corpus was unpacked to."
        )
    if name is None:
        return next(kind(folder) for kind in DATASETS.values() if kind.recognises(folder))
    if name not in DATASETS:
        raise SessionError(
            f"Expected a data set that mixtrace reads ({', '.join(DATASETS)}); got {name!r}. "
            "Choose one of them, or leave it out."
        )
    return DATASETS[name](folder)
