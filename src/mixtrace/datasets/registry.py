"""The data sets that mixtrace reads, and which of them a folder holds.

An installed package adds data sets by entry points of the group `mixtrace.datasets`, each the class
of one: `[project.entry-points."mixtrace.datasets"] choirs = "my_package:Choirs"`.
"""

import inspect
import logging
from collections.abc import Iterator, Mapping
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from mixtrace.datasets.base import Dataset
from mixtrace.datasets.enst_drums import EnstDrums
from mixtrace.datasets.medleydb import MedleyDB
from mixtrace.datasets.mixing_secrets import MixingSecrets
from mixtrace.datasets.moisesdb import MoisesDB
from mixtrace.datasets.musdb18_hq import Musdb18HQ
from mixtrace.datasets.slakh2100 import Slakh2100
from mixtrace.datasets.tree import Tree
from mixtrace.errors import SessionError

__all__ = ["DATASETS", "ENTRY_POINTS", "Registry", "open_dataset"]

ENTRY_POINTS = "mixtrace.datasets"
"""The group of entry points by which packages add data sets."""

_OWN: tuple[type[Dataset], ...] = (
    MedleyDB,
    MixingSecrets,
    EnstDrums,
    Musdb18HQ,
    MoisesDB,
    Slakh2100,
)


class Registry(Mapping[str, type[Dataset]]):
    """Data sets by their name, in the order in which they are asked whether a folder is theirs.

    Those of installed packages come after our own, and a plain tree, which any folder may be, last.
    """

    def __getitem__(self, name: str) -> type[Dataset]:
        """Return the data set of a name."""
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._entries)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._entries)

    @cached_property
    def _entries(self) -> dict[str, type[Dataset]]:
        entries: dict[str, type[Dataset]] = {kind.name: kind for kind in _OWN}
        for point in entry_points(group=ENTRY_POINTS):
            added = _loaded(point, {*entries, Tree.name})
            if added is not None:
                entries[added.name] = added
        return {**entries, Tree.name: Tree}


DATASETS = Registry()
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


def _loaded(point: EntryPoint, known: set[str]) -> type[Dataset] | None:
    """Return the data set of an entry point; None, with a warning, where it gives none."""
    try:
        added = point.load()
        problem = _problem(added, known)
    except Exception as error:  # whatever somebody else's module raises
        added, problem = None, f"it fails with {error!r}"
    if problem:
        logging.getLogger("mixtrace").warning(
            "The data set '%s' of %s is left out: %s. Update or remove that package.",
            point.name,
            point.value,
            problem,
        )
        return None
    return added


def _problem(added: object, known: set[str]) -> str:
    """Return what speaks against a data set of somebody else; nothing where all is well."""
    if not isinstance(added, type) or not issubclass(added, Dataset):
        return "it is no mixtrace.datasets.Dataset"
    if inspect.isabstract(added):
        return f"it lacks {', '.join(sorted(added.__abstractmethods__))}"
    needed = ("name", "title", "licence", "citation", "url")
    missing = [name for name in needed if not isinstance(getattr(added, name, None), str)]
    if missing:
        return f"it does not say its {', '.join(missing)}"
    return f"there is a data set '{added.name}' already" if added.name in known else ""
