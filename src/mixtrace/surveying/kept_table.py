"""What of the console is kept, by kind and place: a table whose cells are the darker the more."""

from dataclasses import dataclass

from mixtrace.processors import PROCESSORS, processor
from mixtrace.reporting.parts import Part
from mixtrace.reporting.templating import filled
from mixtrace.surveying.places import PLACES
from mixtrace.surveying.survey import ALL, Survey
from mixtrace.wording import percent

__all__ = ["kept_part"]

_SHADES = 10


@dataclass(frozen=True)
class _Cell:
    """A cell: the share that stayed, how many of how many, and how dark it is, 0 to 10."""

    share: str
    counts: str
    shade: int


def kept_part(survey: Survey) -> Part:
    """Return the section: a row for each kind, a column for each place that has any."""
    kinds = [kind for kind in PROCESSORS if (kind, ALL) in survey.kept]
    places = [where for where in PLACES if any((kind, where) in survey.kept for kind in kinds)]
    rows = [
        (processor(kind).label, [_cell(survey, kind, where) for where in (ALL, *places)])
        for kind in kinds
    ]
    return Part(filled("stats_kept.html", places=(ALL, *places), rows=rows))


def _cell(survey: Survey, kind: str, where: str) -> _Cell | None:
    """Return a cell; None where there was none to be kept."""
    if (kind, where) not in survey.kept:
        return None
    found = survey.kept[kind, where]
    shade = round(_SHADES * found.share)
    return _Cell(percent(found.share), f"{found.kept} of {found.console}", shade)
