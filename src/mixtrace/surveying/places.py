"""Where processors stand: on tracks of an instrument family, on buses, returns or the master."""

from collections.abc import Iterable, Mapping
from typing import Any

from mixtrace.session import GROUPS

__all__ = ["PLACES", "places_of", "removed_place"]

PLACES = (*GROUPS, "buses", "returns", "master")
"""The places in the order of tables: families of instruments as a track's name tells them first."""

_SHARED = {"bus": "buses", "return": "returns", "master": "master"}


def places_of(rows: Iterable[Mapping[str, Any]]) -> dict[int, str]:
    """Return where each node of a song stands, from its rows of the table of nodes."""
    return {row["node"]: _place(row["role"], row["family"]) for row in rows}


def removed_place(removed: Mapping[str, Any], rows: Iterable[Mapping[str, Any]]) -> str:
    """Return where a removed processor stood: on the strip of its name.

    Where a track and a bus share a name, it is the one whose nodes begin next before it.
    """
    called = [row for row in rows if row["strip_name"] == removed["strip_name"]]
    before = [row for row in called if row["node"] <= removed["node"]]
    if not called:
        return "other"
    nearest = max(before, key=lambda row: row["node"]) if before else called[0]
    return _place(nearest["role"], nearest["family"])


def _place(role: str, family: str) -> str:
    return _SHARED.get(role, family if family in GROUPS else "other")
