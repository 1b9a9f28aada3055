"""Several results of one song side by side: a table, and a page to look at."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from mixtrace.errors import StoreError
from mixtrace.names import printable
from mixtrace.processors import PROCESSORS, processor
from mixtrace.reporting.found import history, loss_figure
from mixtrace.reporting.held_out import PARTS
from mixtrace.reporting.match import (
    LEVELS,
    LOSSES,
    error_curves,
    error_figure,
    over_time_figure,
)
from mixtrace.reporting.page import joined
from mixtrace.reporting.parts import Part
from mixtrace.reporting.result import StoredResult, fixed, number
from mixtrace.reporting.sentences import tell
from mixtrace.reporting.templating import filled

__all__ = ["ComparedRow", "Comparison", "compare_results", "comparison_page"]

_LOOKS = ("", "third", "plain", "second", "third second", "plain second")
_SAME_LEVEL_DB = 0.01
_CHOICES = ("preset", "policy", "recipe", "tolerance", "seed", "unseen")


@dataclass(frozen=True)
class ComparedRow:
    """One line of the table: a label, and a value of each result."""

    label: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """Results of one song side by side.

    Attributes:
        song: its name.
        names: of the results.
        rows: what is compared.
    """

    song: str
    names: tuple[str, ...]
    rows: tuple[ComparedRow, ...]


def compare_results(results: Sequence[StoredResult]) -> Comparison:
    """Return a table of results.

    Raises:
        StoreError: fewer than two results, or results of different songs.
    """
    if len(results) < 2:
        raise StoreError(
            f"Expected at least two results to compare; got {len(results)}. "
            "Give the output folders of two fits of one song."
        )
    first = results[0]
    for other in results[1:]:
        _check_same_song(first, other)
    rows = [*_match_rows(results), *_processor_rows(results), *_search_rows(results)]
    return Comparison(first.stored.song, _names(results), tuple(rows))


def comparison_page(results: Sequence[StoredResult]) -> str:
    """Return a page that compares results; it needs no other file.

    Raises:
        StoreError: see `compare_results`.
    """
    comparison = compare_results(results)
    curves = list(zip(_looks(len(results)), results, strict=True))
    figures = [
        ("L_a over the song", over_time_figure([(look, r.evidence) for look, r in curves])),
        ("Mean error of mid by band", _errors(curves, 0)),
        ("Mean error of side by band", _errors(curves, 1)),
        *_histories(curves),
    ]
    legend = [
        (f"line {look}", name) for (look, _), name in zip(curves, comparison.names, strict=True)
    ]
    sections = [
        ("table", "Side by side", Part(filled("compare_table.html", comparison=comparison))),
        (
            "curves",
            "Where they differ",
            Part(filled("compare_curves.html", figures=figures, legend=legend)),
        ),
        (
            "words",
            "In words",
            Part(filled("compare_words.html", chains=_words(results, comparison))),
        ),
    ]
    lead = filled("compare_lead.html", count=len(results), best=_best(results, comparison))
    return joined(comparison.song, f"{len(results)} results of one song", lead, sections)


def _check_same_song(first: StoredResult, other: StoredResult) -> None:
    """Refuse results whose tracks have other names or whose targets have other levels."""
    names = [{track.name for track in result.stored.tracks} for result in (first, other)]
    levels = [[result.measures["target"][key] for _, key, _ in LEVELS] for result in (first, other)]
    alike = all(
        a == b or (a is not None and b is not None and abs(a - b) < _SAME_LEVEL_DB)
        for a, b in zip(*levels, strict=True)
    )
    if names[0] != names[1] or not alike:
        raise StoreError(
            f"Expected results of one song; {first.folder} holds one of '{first.stored.song}', "
            f"{other.folder} one of '{other.stored.song}' with other tracks or another mix. "
            "Compare results of the same song."
        )


def _names(results: Sequence[StoredResult]) -> tuple[str, ...]:
    """Return the folders' names, or their paths where two have the same."""
    short = [printable(result.folder.resolve().name) for result in results]
    if len(set(short)) == len(short):
        return tuple(short)
    return tuple(printable(str(result.folder)) for result in results)


def _match_rows(results: Sequence[StoredResult]) -> list[ComparedRow]:
    rows = [
        _row(f"L_a, {by}" if key == "l_a" else f"  {name}", results, (by, key), 3)
        for by in ("published", "eq4")
        for name, key in (LOSSES if by == "published" else LOSSES[:1])
    ]
    if any(result.measures.get("held_out") for result in results):
        for name, part in PARTS:
            rows.append(_row(f"L_a, {name}", results, ("held_out", part, "published", "l_a"), 3))
    rows.append(_row("loudness off by, LU", results, ("loudness_difference_lu",), 1, sign=True))
    for name, key, unit in LEVELS[1:]:
        offs = [
            None if a is None or b is None else b - a
            for a, b in ((r.measures["target"][key], r.measures["estimate"][key]) for r in results)
        ]
        rows.append(
            ComparedRow(f"{name} off by, {unit}", tuple(fixed(x, 1, sign=True) for x in offs))
        )
    return rows


def _row(
    label: str,
    results: Sequence[StoredResult],
    keys: tuple[str, ...],
    digits: int,
    sign: bool = False,
) -> ComparedRow:
    values = (fixed(number(r.measures, *keys), digits, sign=sign) for r in results)
    return ComparedRow(label, tuple(values))


def _processor_rows(results: Sequence[StoredResult]) -> list[ComparedRow]:
    counts = [
        Counter(r.stored.graph.nodes[i].kind for i in r.stored.graph.processors) for r in results
    ]
    rows = [ComparedRow("processors kept", tuple(str(sum(count.values())) for count in counts))]
    rows += [
        ComparedRow(f"  {processor(kind).label}", tuple(str(count[kind]) for count in counts))
        for kind in PROCESSORS
        if any(count[kind] for count in counts)
    ]
    return rows


def _search_rows(results: Sequence[StoredResult]) -> list[ComparedRow]:
    spent = [r.facts["seconds"] for r in results]
    rows = [ComparedRow("found in, s", tuple(fixed(s, 0) for s in spent))]
    for key in _CHOICES:
        values = tuple(str(r.facts["config"].get(key, "none")) for r in results)
        rows.append(ComparedRow(key, values))
    return rows


def _looks(count: int) -> list[str]:
    return [_LOOKS[i % len(_LOOKS)] for i in range(count)]


def _errors(curves: list[tuple[str, StoredResult]], channel: int) -> Markup:
    drawn = []
    for look, result in curves:
        centres_hz, off_db = error_curves(result.evidence)
        drawn.append((look, centres_hz, off_db[channel]))
    return error_figure(drawn, ("mid", "side")[channel])


def _histories(curves: list[tuple[str, StoredResult]]) -> list[tuple[str, Markup]]:
    known = [(look, *history(result)) for look, result in curves]
    known = [entry for entry in known if len(entry[1])]
    if not known:
        return []
    by_steps = [(look, steps, losses) for look, steps, _, losses in known]
    by_time = [(look, seconds, losses) for look, _, seconds, losses in known]
    return [
        ("L_a over steps: the median of neighbouring ones", loss_figure(by_steps, "steps")),
        ("The same over time", loss_figure(by_time, "s")),
    ]


def _words(
    results: Sequence[StoredResult], comparison: Comparison
) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Return each chain's name and place, and what every result says of it."""
    said: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for result, name in zip(results, comparison.names, strict=True):
        for telling in tell(
            result.stored, result.evidence, result.least_worth, sureness=result.sureness
        ):
            chain = said.setdefault((telling.name, telling.place), [])
            chain.append((name, telling.sentence))
    return [(name, place, sentences) for (name, place), sentences in said.items()]


def _best(results: Sequence[StoredResult], comparison: Comparison) -> str:
    losses = [r.measures["published"]["l_a"] for r in results]
    fewest = min(range(len(results)), key=lambda i: len(results[i].stored.graph.processors))
    best = int(np.argmin(losses))
    return (
        f"{comparison.names[best]} matches best (L_a {losses[best]:.3f}); "
        f"{comparison.names[fewest]} needs the fewest processors "
        f"({len(results[fewest].stored.graph.processors)})."
    )
