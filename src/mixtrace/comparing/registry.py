"""The registry of methods: every way to invert a mix by its name, ours and those of others.

An installed package adds methods by entry points of the group `mixtrace.methods`, each a class that
is called without arguments: `[project.entry-points."mixtrace.methods"] mine = "my_package:Mine"`.
"""

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial
from importlib.metadata import EntryPoint, entry_points

from mixtrace.baselines import (
    BarchiesiReiss,
    BarchiesiReissConfig,
    ColonelReiss,
    ColonelReissConfig,
    DiffVox,
    EqualLoudness,
    RandomSettings,
    Sum,
)
from mixtrace.errors import MixtraceError
from mixtrace.learned import Eami
from mixtrace.methods import Method
from mixtrace.prune import PublishedSearch
from mixtrace.recovery import Recovery

__all__ = ["ENTRY_POINTS", "METHODS", "Registry", "method_named", "usual_methods"]

ENTRY_POINTS = "mixtrace.methods"
"""The group of entry points by which packages add methods."""

_OWN: Mapping[str, Callable[[], Method]] = {
    "sum": Sum,
    "equal-loudness": EqualLoudness,
    "random": RandomSettings,
    "barchiesi-filters": partial(BarchiesiReiss, BarchiesiReissConfig("filters")),
    "barchiesi-gains": partial(BarchiesiReiss, BarchiesiReissConfig("gains")),
    "colonel-gain": partial(ColonelReiss, ColonelReissConfig("gain")),
    "colonel-stereo-bus": partial(ColonelReiss, ColonelReissConfig("stereo-bus")),
    "colonel-individual": partial(ColonelReiss, ColonelReissConfig("individual-reverb")),
    "colonel-eq": partial(ColonelReiss, ColonelReissConfig("eq-reverb")),
    "colonel-drc-eq": partial(ColonelReiss, ColonelReissConfig("drc-eq-reverb")),
    "colonel-full": partial(ColonelReiss, ColonelReissConfig("full")),
    "eami": Eami,
    "diffvox": DiffVox,
    "published": PublishedSearch,
    "mixtrace": Recovery,
}

_ON_REQUEST = (
    "colonel-gain",
    "colonel-individual",
    "colonel-eq",
    "colonel-drc-eq",
    "diffvox",
    "eami",
    "published",
)
"""Methods that run only where they are named: ablations, one for songs of a single track alone, and
those that take hours or days."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
"""A name is typed in a list with commas, and is that of a folder."""


class Registry(Mapping[str, Callable[[], Method]]):
    """What makes a method, by its name: our own, then those of installed packages."""

    def __getitem__(self, name: str) -> Callable[[], Method]:
        """Return what makes the method of a name."""
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._entries)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._entries)

    @cached_property
    def _entries(self) -> dict[str, Callable[[], Method]]:
        entries = dict(_OWN)
        for point in entry_points(group=ENTRY_POINTS):
            added = _loaded(point, entries)
            if added is not None:
                entries[point.name] = added
        return entries


METHODS = Registry()
"""What makes each method, by its name."""


def method_named(name: str) -> Method:
    """Return a method as it is without further choices.

    Raises:
        MixtraceError: there is none of that name.
    """
    if name not in METHODS:
        raise MixtraceError(
            f"Expected a method among {', '.join(METHODS)}; got {name!r:.60}. "
            "Correct it, or install the package that adds it."
        )
    return METHODS[name]()


def usual_methods() -> tuple[str, ...]:
    """Return the names of all methods but ablations and those that take days."""
    return tuple(name for name in METHODS if name not in _ON_REQUEST)


def _loaded(
    point: EntryPoint, known: Mapping[str, Callable[[], Method]]
) -> Callable[[], Method] | None:
    """Return what an entry point names; None, with a warning, where that makes no method."""
    makes = None
    try:
        makes = point.load()
        problem = _problem(point.name, makes(), known)
    except Exception as error:  # whatever somebody else's module raises
        problem = f"it fails with {error!r}"
    if problem:
        logging.getLogger("mixtrace").warning(
            "The method '%s' of %s is left out: %s. Update or remove that package.",
            point.name,
            point.value,
            problem,
        )
        return None
    return makes


def _problem(name: str, added: object, known: Mapping[str, object]) -> str:
    """Return what speaks against a method of somebody else; nothing where all is well."""
    if not isinstance(added, Method):
        return "it is no mixtrace.methods.Method"
    if not _NAME.fullmatch(name):
        return "its name is not of small letters, digits and dashes"
    if name in known:
        return f"there is a method '{name}' already"
    return ""
