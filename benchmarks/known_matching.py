"""Which group and which return of a found graph is which of the truth, and who feeds it."""

from collections.abc import Iterator

import numpy as np
from known_facts import Echo, Facts, Place
from known_measures import area_under_curve

__all__ = ["WET_DB", "areas", "loudest", "match_groups", "match_returns", "sent_pairs"]

WET_DB = -30.0
"""A delay or reverb that is softer, re the track's own sound, does not count."""

_ABSENT_DB = -200.0
_SAME_GROUP = 0.5  # share of tracks in common, of those in either


def match_groups(true: Facts, found: Facts) -> dict[str, str]:
    """Return for each true group the found one that shares most of its tracks, or nothing."""
    matched = {}
    for name, place in true.groups.items():
        shares = {
            other: len(place.tracks & one.tracks) / len(place.tracks | one.tracks)
            for other, one in found.groups.items()
        }
        best = max(shares, key=lambda other: shares[other], default="")
        matched[name] = best if shares.get(best, 0.0) >= _SAME_GROUP else ""
    return matched


def match_returns(true: Facts, found: Facts) -> dict[str, str]:
    """Return for each true return the found one of its kind that most of its tracks feed."""
    matched: dict[str, str] = {}
    for name, kind in true.returns.items():
        alike = {
            other: len(true.sends[name].keys() & found.sends[other].keys())
            for other, one in found.returns.items()
            if kind in one.split("+") and other not in matched.values()
        }
        if alike:
            matched[name] = max(alike, key=lambda other: alike[other])
    return matched


def sent_pairs(facts: Facts, matched: dict[str, str] | None) -> Iterator[tuple[str, str]]:
    """Yield returns, by their true names where they match, and the tracks that feed them."""
    names = {b: a for a, b in matched.items()} if matched is not None else {}
    for name, sends in facts.sends.items():
        for track, level_db in sends.items():
            if level_db > WET_DB:
                yield names.get(name, name if matched is None else f"found {name}"), track


def areas(true: Facts, found: Facts, returns: dict[str, str]) -> Iterator[tuple[str, float]]:
    """Yield for each shared return how well found sends tell which tracks feed it.

    Where the found graph has no return of the kind, its inserts of the kind are asked instead.
    """
    for name, kind in true.returns.items():
        labels = np.array([track in true.sends[name] for track in true.tracks])
        if labels.all() or not labels.any():
            continue
        if name in returns:
            values = [found.sends[returns[name]].get(t, _ABSENT_DB) for t in true.tracks]
        else:
            places = [found.tracks.get(track) for track in true.tracks]
            echoes = [loudest(kind, place) if place else None for place in places]
            values = [echo.wet_db if echo else _ABSENT_DB for echo in echoes]
        yield kind, area_under_curve(values, labels)


def loudest(kind: str, place: Place) -> Echo | None:
    """Return the loudest delay or reverb that a track reaches."""
    return max((e for e in place.echoes if e.kind == kind), key=lambda e: e.wet_db, default=None)
