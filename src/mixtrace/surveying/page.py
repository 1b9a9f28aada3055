"""The page of a survey: one file that needs no other."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from markupsafe import Markup

from mixtrace.processors import processor
from mixtrace.reporting.page import joined
from mixtrace.reporting.parts import Part
from mixtrace.reporting.templating import filled, web_text
from mixtrace.surveying.figures import histogram, scatter
from mixtrace.surveying.kept_table import kept_part
from mixtrace.surveying.published import FIVE_SONGS, FIVE_SONGS_SOURCE, MEANS, MEANS_SOURCE
from mixtrace.surveying.setting_figures import settings_part
from mixtrace.surveying.summary import CORRELATED, correlations, fact_rows
from mixtrace.surveying.survey import ALL, FACTS, Survey
from mixtrace.wording import percent

__all__ = ["stats_page"]

_WHOLE = ("tracks", "buses", "returns", "processors", "nodes", "edges")
_DRAWN = ("tracks", "buses", "returns", "processors", "edges", "seconds", "l_a", "removed")
_WORST = 10


def stats_page(survey: Survey, name: str) -> str:
    """Return the page.

    Args:
        survey: of the data set.
        name: what the data set is called.
    """
    searched = survey.truths < len(survey.songs)
    sections = [
        ("songs", "The songs", _songs_part(survey)),
        *([("kept", "What is kept", kept_part(survey))] if searched else []),
        ("settings", "Settings by instrument", settings_part(survey)),
        ("match", "How well graphs match", _match_part(survey)),
        ("published", "Beside published figures", _published_part(survey)),
    ]
    if not survey.songs:
        sections = []
    return joined(name, "Statistics of a data set of mixing graphs", _lead(survey), sections)


def _lead(survey: Survey) -> Markup:
    songs = len(survey.songs)
    tiles = []
    if songs:
        tiles = [
            ("songs", f"{songs:,}"),
            ("tracks", f"{survey.fact('tracks').sum():,.0f}"),
            ("hours", f"{np.nansum(survey.fact('seconds')) / 3600.0:.2f}"),
            ("processors, mean of a song", _mean(survey, "processors", 1)),
            ("of the console removed, mean", _share(survey)),
            ("L_a, mean", _mean(survey, "l_a", 3)),
        ]
    return filled("stats_lead.html", tiles=tiles, **_whose(survey))


def _whose(survey: Survey) -> dict[str, Any]:
    """Return whose songs they are, and whether their graphs were found."""
    songs = len(survey.songs)
    return {"licences": sorted(survey.licences), "songs": songs, "truths": survey.truths == songs}


def _mean(survey: Survey, name: str, digits: int) -> str:
    """Return the mean of a number over the songs that have it."""
    values = survey.fact(name)
    known = values[np.isfinite(values)]
    return f"{known.mean():.{digits}f}" if len(known) else "not known"


def _share(survey: Survey) -> str:
    values = survey.fact("removed")
    known = values[np.isfinite(values)]
    return percent(float(known.mean())) if len(known) else "not known"


def _songs_part(survey: Survey) -> Part:
    rows = [
        (row["corpus"], FACTS[row["fact"]], row["count"], [_short(row[name]) for name in _SPREAD])
        for row in fact_rows(survey)
    ]
    several = len({row[0] for row in rows}) > 1
    html = filled("stats_songs.html", rows=rows, several=several, figures=[*_histograms(survey)])
    return Part(html, web_text("stats.css"))


_SPREAD = ("mean", "deviation", "least", "lower", "median", "upper", "most")


def _short(value: float) -> str:
    """Return a number with three digits, and no powers of ten where songs have them.

    >>> _short(0.43744), _short(12.0), _short(1234.5)
    ('0.437', '12', '1234')
    """
    return f"{value:.0f}" if abs(value) >= 1000.0 else f"{value:.3g}"


def _histograms(survey: Survey) -> Iterator[Markup]:
    for name in _DRAWN:
        values = survey.fact(name)
        known = values[np.isfinite(values)]
        if len(known) and np.ptp(known) > 0.0:  # one bar would say what the table says
            yield histogram(FACTS[name], known, whole=name in _WHOLE)


def _match_part(survey: Survey) -> Part:
    l_a = ("L_a", survey.fact("l_a"))
    drawn = (
        ("L_a over the size of the graph", ("processors", survey.fact("processors")), False),
        ("L_a over that of the plain sum", ("L_a of the sum", survey.fact("l_a_sum")), True),
    )
    figures = [(caption, scatter(across, l_a, ratios=ratios)) for caption, across, ratios in drawn]
    html = filled(
        "stats_match.html",
        figures=[(caption, drawn) for caption, drawn in figures if drawn is not None],
        worst=[*_worst(survey)],
        names=[FACTS[name] for name in CORRELATED[1:]],
        rows=_correlation_rows(survey),
    )
    return Part(html)


def _worst(survey: Survey) -> Iterator[tuple[str, str, str, str]]:
    """Yield the songs whose loss is largest: name, L_a, tracks and processors."""
    losses = survey.fact("l_a")
    for i in np.argsort(-losses, kind="stable")[:_WORST].tolist():  # NaN comes last
        if np.isfinite(losses[i]):
            tracks, processors = (survey.facts[name][i] for name in ("tracks", "processors"))
            yield survey.songs[i], f"{losses[i]:.3f}", f"{tracks:.0f}", f"{processors:.0f}"


def _correlation_rows(survey: Survey) -> list[tuple[str, list[str]]]:
    """Return the upper half of the matrix: a row for each number but the last."""
    told = {(row["first"], row["second"]): row["rho"] for row in correlations(survey)}
    if all(rho is None for rho in told.values()):
        return []
    rows = []
    for number, first in enumerate(CORRELATED[:-1], 1):
        cells = [told[first, second] for second in CORRELATED[number:]]
        words = ["none" if rho is None else f"{rho:+.2f}" for rho in cells]
        rows.append((FACTS[first], [""] * (number - 1) + words))
    return rows


def _published_part(survey: Survey) -> Part:
    own = ("this data set", *(_mean(survey, n, 3) for n in ("l_a_sum", "l_a")), _share(survey))
    means = [
        (m.corpus, f"{m.l_a_sum:g}", f"{m.l_a_console:.3f}", f"{m.l_a:.3f}", percent(m.removed))
        for m in MEANS
    ]
    kept = [
        (
            processor(kind).label,
            f"{FIVE_SONGS.kept[kind]} of {console}",
            percent(FIVE_SONGS.kept[kind] / console),
            _own_share(survey, kind),
        )
        for kind, console in FIVE_SONGS.console.items()
    ]
    html = filled(
        "stats_published.html",
        own=own,
        means=means,
        source=MEANS_SOURCE,
        kept=kept,
        kept_source=FIVE_SONGS_SOURCE,
    )
    return Part(html)


def _own_share(survey: Survey, kind: str) -> str:
    if (kind, ALL) not in survey.kept:
        return "none there"
    found = survey.kept[kind, ALL]
    return f"{percent(found.share)} of {found.console}"
