"""Which track of another song gets the settings of which track of a result."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from mixtrace.errors import SessionError
from mixtrace.names import folded
from mixtrace.session import guess_group
from mixtrace.session.song import listed

__all__ = ["Matching", "NewTrack", "matched", "parse_map"]


@dataclass(frozen=True)
class NewTrack:
    """A track by its name, and the group that it is known to belong to."""

    name: str
    group: str


@dataclass(frozen=True)
class Matching:
    """Which track is which.

    Attributes:
        pairs: name of a new track -> name of the result's track whose settings it gets.
        how: name of a new track -> by what: `map`, `name` or `group`.
        alone: new tracks that no track of the result is like.
        unused: new tracks that the result leaves out of its mix.
        gone: tracks of the result that no new track is like.
    """

    pairs: Mapping[str, str]
    how: Mapping[str, str]
    alone: tuple[str, ...]
    unused: tuple[str, ...]
    gone: tuple[str, ...]

    def notes(self) -> list[str]:
        """Return what was matched other than by name, and what was not, in sentences."""
        by_group = [
            f"{new} as {old}" for new, old in self.pairs.items() if self.how[new] == "group"
        ]
        told = []
        if by_group:
            told.append(f"Matched by what they are, not by name: {listed(by_group)}.")
        if self.alone:
            told.append(
                f"No track of the result is like {listed(self.alone)}: mixed in as recorded. "
                "Name one with --map."
            )
        if self.unused:
            told.append(f"Left out, as the result leaves them out: {listed(self.unused)}.")
        if self.gone:
            told.append(f"Not in the song, and gone from the mix: {listed(self.gone)}.")
        return told


def matched(
    old: Sequence[NewTrack],
    old_unused: Iterable[str],
    new: Sequence[NewTrack],
    chosen: Mapping[str, str],
) -> Matching:
    """Match tracks: as chosen, then by equal names, then by what they are where that is clear.

    Names are equal that differ in case and separators alone; then those that do
    without their numbers, where there is one on either side; then the only tracks of a group.

    Args:
        old: the tracks of a result.
        old_unused: those that it leaves out.
        new: the tracks of the song.
        chosen: new name -> old name.

    Raises:
        SessionError: a name that is chosen is not there, or an old one is chosen twice.
    """
    _check_chosen(old, new, chosen)
    pairs, how = dict(chosen), dict.fromkeys(chosen, "map")
    _add(pairs, how, "name", old, new, lambda track: folded(track.name))
    left_out = {folded(name) for name in old_unused}
    unused = [t.name for t in new if t.name not in pairs and folded(t.name) in left_out]
    others = [track for track in new if track.name not in unused]
    _add(pairs, how, "name", old, others, lambda track: folded(_without_numbers(track.name)))
    _add(pairs, how, "group", old, others, _group)
    return Matching(
        {track.name: pairs[track.name] for track in new if track.name in pairs},
        how,
        tuple(track.name for track in others if track.name not in pairs),
        tuple(unused),
        tuple(track.name for track in old if track.name not in pairs.values()),
    )


def parse_map(texts: Iterable[str]) -> dict[str, str]:
    """Return what is typed as `NEW=OLD` as new name -> old name.

    Raises:
        SessionError: no such form, or a new name twice.

    >>> parse_map(["Lead Vox=voice"])
    {'Lead Vox': 'voice'}
    """
    found: dict[str, str] = {}
    for text in texts:
        new, equals, old = text.partition("=")
        if not equals or not new or not old or new in found:
            raise SessionError(
                f"Expected --map new=old, each new track once; got {text!r}. "
                "Write the name of a track of the song, then that of one of the result."
            )
        found[new] = old
    return found


def _check_chosen(
    old: Sequence[NewTrack], new: Sequence[NewTrack], chosen: Mapping[str, str]
) -> None:
    for names, wanted, whose in (
        ([t.name for t in new], chosen.keys(), "song"),
        ([t.name for t in old], chosen.values(), "result"),
    ):
        for name in wanted:
            if name not in names:
                raise SessionError(
                    f"Expected --map new=old with tracks of the song and of the result; the "
                    f"{whose} has no {name!r}. It has {listed(names)}."
                )
    twice = [name for name in chosen.values() if list(chosen.values()).count(name) > 1]
    if twice:
        raise SessionError(
            f"Expected each track of the result at most once in --map; {twice[0]!r} is there "
            "twice. Choose one of the two."
        )


def _add(
    pairs: dict[str, str],
    how: dict[str, str],
    by: str,
    old: Sequence[NewTrack],
    new: Sequence[NewTrack],
    key: Callable[[NewTrack], str],
) -> None:
    """Add the pairs that one key tells, where it is that of one track on either side."""
    sides: list[dict[str, list[str]]] = []
    for tracks, taken in ((old, set(pairs.values())), (new, set(pairs))):
        found: dict[str, list[str]] = {}
        for track in tracks:
            if track.name not in taken and key(track):
                found.setdefault(key(track), []).append(track.name)
        sides.append(found)
    for name, members in sides[1].items():
        others = sides[0].get(name, [])
        if len(members) == len(others) == 1:
            pairs[members[0]] = others[0]
            how[members[0]] = by


def _without_numbers(name: str) -> str:
    """Return a name without its words that hold a digit.

    >>> _without_numbers("S02 R01 electric bass"), _without_numbers("01_Kick")
    ('electric bass', 'Kick')
    """
    return " ".join(word for word in re.split(r"[\W_]+", name) if not re.search(r"\d", word))


def _group(track: NewTrack) -> str:
    """Return what a track is, from its name or the name of its group; empty where neither tells."""
    groups = (guess_group(text) for text in (track.name, track.group))
    return next((group for group in groups if group != "other"), "")
