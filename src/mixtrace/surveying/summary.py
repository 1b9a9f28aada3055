"""A survey as tables: the numbers that its page draws, for those who draw them otherwise."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import combinations
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.stats import spearmanr

from mixtrace.surveying.measuring import GRID_HZ, LEVELS_DB, Quantity
from mixtrace.surveying.places import PLACES
from mixtrace.surveying.published import FIVE_SONGS, FIVE_SONGS_SOURCE, MEANS, MEANS_SOURCE
from mixtrace.surveying.survey import ALL, FACTS, Survey
from mixtrace.surveying.tallies import CurveTally, Numbers

__all__ = [
    "CORRELATED",
    "STATS_SCHEMA",
    "correlations",
    "document",
    "fact_rows",
    "kinds_of",
    "stats_tables",
]

STATS_SCHEMA = "mixtrace.stats/1"

CORRELATED = ("tracks", "seconds", "l_a_sum", "processors", "removed", "l_a")
"""Which numbers of songs are correlated with one another."""

_GAINS = ("mean_db", "lower_db", "median_db", "upper_db")
_LEAST_SONGS = 3  # with two, every rank correlation is 1 or -1

Row = dict[str, Any]


def document(survey: Survey) -> Row:
    """Return all tables as one document of JSON values, under its schema."""
    head = {"schema": STATS_SCHEMA, "songs": len(survey.songs), "licences": sorted(survey.licences)}
    return head | stats_tables(survey)


def stats_tables(survey: Survey) -> dict[str, list[Row]]:
    """Return the tables by name; all rows of one have the same columns."""
    return {
        "facts": [*fact_rows(survey)],
        "kept": [*_kept(survey)],
        "settings": [*_settings(survey)],
        "tones": [*_curves(survey.tones, "frequency_hz", GRID_HZ)],
        "levels": [*_curves(survey.levels, "level_db", LEVELS_DB)],
        "correlations": correlations(survey),
        "published_means": [asdict(each) | {"source": MEANS_SOURCE} for each in MEANS],
        "published_kept": [
            {
                "corpus": FIVE_SONGS.what,
                "kind": kind,
                "kept": FIVE_SONGS.kept[kind],
                "console": console,
                "source": FIVE_SONGS_SOURCE,
            }
            for kind, console in FIVE_SONGS.console.items()
        ],
    }


def fact_rows(survey: Survey) -> Iterator[Row]:
    """Yield how the numbers of songs are spread; where there are two corpora, also of each."""
    names = np.array(survey.datasets)
    parts = sorted(set(survey.datasets))
    for part in (ALL, *(parts if len(parts) > 1 else ())):
        some = np.ones(len(names), bool) if part == ALL else names == part
        for name in FACTS:
            numbers = Numbers()
            numbers.add(survey.fact(name)[some])
            spread = numbers.spread()
            if spread is not None:
                yield {"corpus": part, "fact": name, **asdict(spread)}


def correlations(survey: Survey) -> list[Row]:
    """Return the rank correlation (Spearman) of numbers of songs, pair by pair.

    `rho` is None where there are fewer than three songs, or all have the same number.
    """
    return [_correlation(survey, *pair) for pair in combinations(CORRELATED, 2)]


def kinds_of(keys: Sequence[tuple[str, str]] | Any) -> list[str]:
    """Return the kinds among (kind, place), in the order in which they came."""
    return list(dict.fromkeys(kind for kind, _ in keys))


def _correlation(survey: Survey, first: str, second: str) -> Row:
    both = np.stack([survey.fact(first), survey.fact(second)])
    known = both[:, np.isfinite(both).all(0)]
    row: Row = {"first": first, "second": second, "rho": None, "p": None, "songs": known.shape[1]}
    if known.shape[1] >= _LEAST_SONGS and (np.ptp(known, 1) > 0.0).all():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # p of a perfect correlation divides by nothing
            found: Any = spearmanr(*known)
        p = float(found.pvalue)
        row |= {"rho": float(found.statistic), "p": p if np.isfinite(p) else None}
    return row


def _kept(survey: Survey) -> Iterator[Row]:
    for kind in kinds_of(survey.kept):
        for where in (ALL, *PLACES):
            if (kind, where) in survey.kept:
                found = survey.kept[kind, where]
                counts = {"kept": found.kept, "console": found.console, "share": found.share}
                yield {"kind": kind, "place": where, **counts}


def _settings(survey: Survey) -> Iterator[Row]:
    for quantity in _quantities(survey):
        for where in (ALL, *PLACES):
            numbers = survey.settings.get((quantity, where))
            spread = None if numbers is None else numbers.spread()
            if spread is not None:
                named = {"kind": quantity.kind, "setting": quantity.name, "unit": quantity.unit}
                yield {**named, "place": where, **asdict(spread)}


def _quantities(survey: Survey) -> list[Quantity]:
    return list(dict.fromkeys(quantity for quantity, _ in survey.settings))


def _curves(
    tallies: dict[tuple[str, str], CurveTally], across: str, xs: Float[np.ndarray, " place"]
) -> Iterator[Row]:
    for kind in kinds_of(tallies):
        for where in (ALL, *PLACES):
            tally = tallies.get((kind, where))
            if tally is None or not tally.count:
                continue
            told = [tally.mean_db, *(tally.quantile_db(share) for share in (0.25, 0.5, 0.75))]
            for x, values in zip(xs.tolist(), np.stack(told, 1).tolist(), strict=True):
                gains = dict(zip(_GAINS, values, strict=True))
                row = {"kind": kind, "place": where, across: x, "count": tally.count}
                yield row | gains
