"""What changed between two results: sentences, a document, and a page to look at."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mixtrace.changes import Change, Changes
from mixtrace.reporting.match import LOSSES
from mixtrace.reporting.page import joined
from mixtrace.reporting.parts import Part
from mixtrace.reporting.result import fixed, number
from mixtrace.reporting.templating import filled
from mixtrace.wording import counted

__all__ = ["DIFF_SCHEMA", "Difference", "StripChanges", "difference_page", "match_rows"]

DIFF_SCHEMA = "mixtrace.diff/1"
"""Changes with every change of the document, additions too."""


@dataclass(frozen=True)
class StripChanges:
    """What changed on one strip."""

    strip: str
    role: str
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Difference:
    """What changed between two results.

    Attributes:
        before, after: what the results are called.
        songs: the songs that they are of.
        same_song: whether these are one, as far as their tracks tell.
        known: whether it is known of both how sure their settings are.
        found: the changes.
        match: (label, before, after) of how well both match, where both were measured.
    """

    before: str
    after: str
    songs: tuple[str, str]
    same_song: bool
    known: bool
    found: Changes
    match: tuple[tuple[str, str, str], ...]

    @property
    def strips(self) -> tuple[StripChanges, ...]:
        """The changes, gathered by strip."""
        places = dict.fromkeys((change.strip, change.role) for change in self.found.changes)
        return tuple(
            StripChanges(
                strip,
                role,
                tuple(c for c in self.found.changes if (c.strip, c.role) == (strip, role)),
            )
            for strip, role in places
        )

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is to be said of all of it, in sentences."""
        return tuple(self._remarks())

    def _remarks(self) -> Iterator[str]:
        if not self.same_song:
            first, second = self.songs
            yield (
                f"The results are of different songs, {first} and {second}: strips are compared "
                "where their names are the same."
            )
        if not self.found.changes:
            yield "Nothing differs by more than is known." if self.known else "Nothing differs."
        if self.found.within:
            verb = "differs" if self.found.within == 1 else "differ"
            settings = counted(self.found.within, "setting")
            yield f"{settings} {verb} by less than is known, and {_left(self.found.within)} out."
        if not self.known:
            yield "Not both tell how sure their settings are: every audible change is told."

    def document(self) -> dict[str, Any]:
        """Return it as JSON values, under its schema."""
        return {
            "schema": DIFF_SCHEMA,
            "before": {"result": self.before, "song": self.songs[0]},
            "after": {"result": self.after, "song": self.songs[1]},
            "same_song": self.same_song,
            "remarks": list(self.remarks),
            "changes": [asdict(c) | {"words": c.words} for c in self.found.changes],
            "within": self.found.within,
            "match": [
                {"label": label, "before": was, "after": now} for label, was, now in self.match
            ],
        }


def _left(number: int) -> str:
    return "is left" if number == 1 else "are left"


def match_rows(measures: Sequence[dict[str, Any]]) -> tuple[tuple[str, str, str], ...]:
    """Return (label, before, after) of the losses and the loudness of two results."""
    before, after = measures
    rows = [
        (
            name,
            fixed(number(before, "published", key), 3),
            fixed(number(after, "published", key), 3),
        )
        for name, key in LOSSES
    ]
    for label, side in (("loudness of the mix, LUFS", "target"), ("as rendered, LUFS", "estimate")):
        values = [fixed(number(each, side, "loudness_lufs"), 1) for each in measures]
        rows.append((label, values[0], values[1]))
    return tuple(rows)


def difference_page(difference: Difference) -> str:
    """Return a page of what changed; it needs no other file."""
    sections = [
        ("changes", "What changed", Part(filled("diff_changes.html", difference=difference)))
    ]
    if difference.match:
        match = Part(filled("diff_match.html", difference=difference))
        sections.append(("match", "How well both match", match))
    lead = filled("diff_lead.html", difference=difference)
    title = f"{difference.before} -> {difference.after}"
    return joined(title, "What changed between two results", lead, sections)
