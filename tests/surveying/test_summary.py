"""Tables of a survey: correlations by hand, and what is not known stays so."""

import json

import numpy as np
import pytest

from mixtrace.surveying import FACTS, STATS_SCHEMA, Survey, document, stats_tables
from mixtrace.surveying.published import FIVE_SONGS, MEANS
from mixtrace.surveying.summary import correlations


def survey_of(**facts: list[float]) -> Survey:
    """Return a survey of songs of which some numbers are known."""
    survey = Survey()
    songs = len(next(iter(facts.values())))
    survey.songs = [f"song {n}" for n in range(songs)]
    survey.datasets = ["tree"] * songs
    survey.facts = {name: facts.get(name, [np.nan] * songs) for name in FACTS}
    return survey


def rho(survey: Survey, first: str, second: str) -> float | None:
    (row,) = [
        row for row in correlations(survey) if (row["first"], row["second"]) == (first, second)
    ]
    return row["rho"]


def test_rank_correlations_follow_their_closed_form():
    ranks = [3, 1, 4, 2, 5]
    survey = survey_of(tracks=[1.0, 2.0, 3.0, 4.0, 5.0], l_a=[10.0**r for r in ranks])
    apart = sum((a - b) ** 2 for a, b in zip(range(1, 6), ranks, strict=True))
    expected = 1.0 - 6.0 * apart / (5 * (5**2 - 1))  # without ties
    assert rho(survey, "tracks", "l_a") == pytest.approx(expected)


def test_equal_or_few_or_unknown_songs_have_no_correlation():
    assert rho(survey_of(tracks=[4.0] * 5, l_a=[1.0, 2.0, 3.0, 4.0, 5.0]), "tracks", "l_a") is None
    assert rho(survey_of(tracks=[1.0, 2.0], l_a=[1.0, 2.0]), "tracks", "l_a") is None
    assert rho(survey_of(l_a=[1.0, 2.0, 3.0]), "tracks", "l_a") is None


def test_numbers_are_told_by_corpus_where_there_are_two():
    survey = survey_of(tracks=[2.0, 4.0, 9.0])
    survey.datasets = ["tree", "tree", "slakh2100"]
    means = {
        row["corpus"]: row["mean"]
        for row in stats_tables(survey)["facts"]
        if row["fact"] == "tracks"
    }
    assert means == {"all": 5.0, "slakh2100": 9.0, "tree": 3.0}


def test_everything_is_one_json_document():
    told = json.loads(json.dumps(document(survey_of(tracks=[2.0])), allow_nan=False))
    assert (told["schema"], told["songs"]) == (STATS_SCHEMA, 1)


def test_published_figures_add_up():
    # Tables of kept processors, and console sizes by tracks and groups, come from other counts.
    assert sum(FIVE_SONGS.kept.values()) == 132 + 100 + 109 + 36 + 87
    assert sum(FIVE_SONGS.console.values()) == 289 + 214 + 241 + 104 + 220
    assert all(0.0 < mean.removed < 1.0 and mean.l_a < mean.l_a_sum for mean in MEANS)
