"""How settings are spread, by instrument: curves and boxes for each kind of processor."""

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from mixtrace.processors import FAMILIES, PROCESSORS, Processor, processor
from mixtrace.reporting.parts import Part
from mixtrace.reporting.templating import filled
from mixtrace.surveying.figures import boxes, level_curve, tone_curve, tone_range_db
from mixtrace.surveying.measuring import Quantity
from mixtrace.surveying.places import PLACES
from mixtrace.surveying.survey import ALL, SEND, Survey
from mixtrace.surveying.tallies import CurveTally, Spread
from mixtrace.wording import counted

__all__ = ["settings_part"]


@dataclass(frozen=True)
class _Kind:
    """What is shown of a kind of processor.

    Attributes:
        label: its name in words.
        family: what it is for.
        count: how many of it there are, in words.
        curves: captions, and curves by place.
        boxes: captions, and settings by place.
    """

    label: str
    family: str
    count: str
    curves: tuple[tuple[str, Markup], ...]
    boxes: tuple[tuple[str, Markup], ...]


def settings_part(survey: Survey) -> Part:
    """Return the section: the kinds of processors in the order in which a strip is told."""
    ranks = {family: number for number, family in enumerate(FAMILIES)}
    kinds = [kind for kind in PROCESSORS if (kind, ALL) in survey.kept]
    kinds.sort(key=lambda kind: ranks[processor(kind).family])
    shown = [_kind(survey, processor(kind)) for kind in kinds if survey.kept[kind, ALL].kept]
    return Part(filled("stats_settings.html", kinds=shown))


def _kind(survey: Survey, entry: Processor) -> _Kind:
    return _Kind(
        entry.label,
        FAMILIES[entry.family],
        counted(survey.kept[entry.kind, ALL].kept, "processor"),
        (*_tones(survey, entry.kind), *_levels(survey, entry.kind)),
        tuple(_boxes(survey, entry)),
    )


def _told(tallies: dict[tuple[str, str], CurveTally], kind: str) -> dict[str, CurveTally]:
    """Return the tallies of a kind by place; all places together only where there are two."""
    found = {p: tallies[kind, p] for p in PLACES if (kind, p) in tallies and tallies[kind, p].count}
    return found if len(found) < 2 else {ALL: tallies[kind, ALL], **found}


def _tones(survey: Survey, kind: str) -> Iterator[tuple[str, Markup]]:
    found = _told(survey.tones, kind)
    most_db = tone_range_db(list(found.values()))
    for where, tally in found.items():
        yield f"{where}: {tally.count}", tone_curve(where, tally, most_db)


def _levels(survey: Survey, kind: str) -> Iterator[tuple[str, Markup]]:
    for where, tally in _told(survey.levels, kind).items():
        yield f"{where}: {tally.count}", level_curve(where, tally)


def _boxes(survey: Survey, entry: Processor) -> Iterator[tuple[str, Markup]]:
    """Yield the settings of a kind; of one that only sends, the level with that of its wire."""
    quantities = dict.fromkeys(q for q, _ in survey.settings if q.kind == entry.kind)
    for quantity in [SEND] if entry.removal == "cut" else quantities:
        spreads = _spreads(survey, quantity)
        if spreads:
            unit = f", {quantity.unit}" if quantity.unit else ""
            yield quantity.label + unit, boxes(quantity.label, quantity.unit, spreads)


def _spreads(survey: Survey, quantity: Quantity) -> dict[str, Spread]:
    found = {where: survey.settings.get((quantity, where)) for where in (ALL, *PLACES)}
    spreads = {where: each.spread() for where, each in found.items() if each is not None}
    return {where: spread for where, spread in spreads.items() if spread is not None}
