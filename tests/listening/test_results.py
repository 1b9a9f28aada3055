"""Ratings: read as they were written, screened as recommended, statistics against scipy."""

import csv
import io
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from scipy import stats

from mixtrace.errors import StoreError
from mixtrace.listening import PLOT_MARK, Rating, listening_results, ratings_plot, read_ratings

ROLES = {
    "reference": "reference",
    "low anchor": "low anchor",
    "mid anchor": "mid anchor",
    "ours": "system",
}
HONEST = {"reference": 100.0, "low anchor": 10.0, "mid anchor": 40.0, "ours": 70.0}
SONGS = ("one", "two")


def ratings_of(
    listener: str, songs: tuple[str, ...] = SONGS, off: float = 0.0, **changes: float
) -> list[Rating]:
    """Return the ratings of a listener; `two_ours=30.0` changes what it names."""
    found = []
    for song in songs:
        for position, (system, role) in enumerate(ROLES.items(), 1):
            rating = HONEST[system] + (off if role != "reference" else 0.0)
            rating = changes.get(f"{song}_{system.replace(' ', '_')}", rating)
            time = "2026-01-01T00:00:00Z"
            found.append(Rating("t1", listener, time, song, system, role, rating, position))
    return found


def written(ratings: list[Rating]) -> str:
    """Return ratings as the page writes them, by another writer."""
    text = io.StringIO()
    rows = [vars(rating) for rating in ratings]
    writer = csv.DictWriter(text, list(rows[0]), quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def test_ratings_are_read_as_they_were_written(tmp_path: Path):
    files = []
    for number in range(2):
        files.append(tmp_path / f"{number}.csv")
        files[-1].write_text(written(ratings_of(f'Jö, "{number}"')), "utf-8", newline="")
    assert list(read_ratings(files)) == ratings_of('Jö, "0"') + ratings_of('Jö, "1"')


@pytest.mark.parametrize(
    ("change", "message"),
    (
        (("listener", "who"), "columns should be"),
        (('"70.0"', '"170"'), "not within 0 and 100"),
        (('"70.0"', '"nan"'), "not within 0 and 100"),
        (('"70.0"', '"much"'), "no number"),
        (('"4"\r\n', '"4","5"\r\n'), "one value in each column"),
        (('"low anchor","10.0"', '"judge","10.0"'), "role in line 3"),
        (('"70.0","4"', '"70.0"'), "one value in each column"),
        (('"ours"', '""'), "one value in each column"),
        (('"ours"', f'"{301 * "x"}"'), "one value in each column"),
        (('"70.0","4"', '"70.0'), "cannot be read as CSV"),
    ),
)
def test_a_damaged_file_is_named(tmp_path: Path, change: tuple[str, str], message: str):
    text = written(ratings_of("a", ("one",)))
    assert change[0] in text
    changed = text.replace(*change, 1)
    file = tmp_path / "bad.csv"
    file.write_text(changed, "utf-8", newline="")
    with pytest.raises(StoreError, match=message) as caught:
        read_ratings([file])
    assert "bad.csv" in str(caught.value)


def test_ratings_of_two_tests_or_twice_the_same_are_refused(tmp_path: Path):
    first, second = tmp_path / "1.csv", tmp_path / "2.csv"
    first.write_text(written(ratings_of("a")), "utf-8", newline="")
    with pytest.raises(StoreError, match="two by a"):
        read_ratings([first, first])
    second.write_text(written(ratings_of("b")).replace('"t1"', '"t2"'), "utf-8", newline="")
    with pytest.raises(StoreError, match="2 tests"):
        read_ratings([first, second])
    with pytest.raises(StoreError, match="none at"):
        read_ratings([tmp_path / "absent.csv"])
    with pytest.raises(StoreError, match="there is none"):
        read_ratings([])


def test_means_and_intervals_are_those_of_scipy():
    rng = np.random.default_rng(0)
    drawn = rng.uniform(40.0, 80.0, (9, 2)).round()
    ratings = [
        rating
        for n, (one, two) in enumerate(drawn)
        for rating in ratings_of(f"listener {n}", one_ours=one, two_ours=two)
    ]
    results = listening_results(ratings)
    assert [each.system for each in results.overall][::3] == ["reference", "low anchor"]
    ours = next(each for each in results.overall if each.system == "ours")
    means = drawn.mean(1)  # the unit is the listener
    low, high = stats.t.interval(0.95, len(means) - 1, means.mean(), stats.sem(means))
    assert ours.interval == pytest.approx((low, high), rel=1e-9)
    assert (ours.mean, ours.listeners, ours.ratings) == (pytest.approx(means.mean()), 9, 18)
    song = next(each for each in results.by_song["one"] if each.system == "ours")
    # Of 4 n + 1 values the medians of both halves with the middle are what numpy interpolates.
    expected = np.percentile(drawn[:, 0], [25, 50, 75])
    assert (song.quartiles[0], song.median, song.quartiles[1]) == pytest.approx(tuple(expected))


def test_an_interval_beyond_the_scale_is_cut_and_says_so():
    """Of 100 and 91 Student's goes to 95.5 ± 12.7 · 4.5; of 0 and 20 below zero."""
    ratings = [
        *ratings_of("a", ("one",), one_ours=100.0, one_low_anchor=0.0, one_mid_anchor=39.0),
        *ratings_of("b", ("one",), one_ours=91.0, one_low_anchor=20.0, one_mid_anchor=41.0),
    ]
    results = listening_results(ratings)
    found = {each.role: each for each in results.overall}
    reach = stats.t.ppf(0.975, 1) * stats.sem([100.0, 91.0])
    assert found["system"].interval == pytest.approx((95.5 - reach, 100.0), rel=1e-9)
    assert found["system"].cut == (False, True)
    assert found["low anchor"].interval == (0.0, 100.0)  # ±127 about 10
    assert found["low anchor"].cut == (True, True)
    assert found["mid anchor"].cut == (False, False)
    drawn = ElementTree.fromstring(ratings_plot(results.overall)).iter()
    strokes = [e for e in drawn if e.get("class") == "interval"]
    # A line a system, and a stroke at each end that was not cut: 2 of the reference, whose ends
    # are its mean, 1 of ours, 2 of the mid anchor, none of the low one.
    assert len(strokes) == 4 + 5


def test_quartiles_of_an_even_number():
    ratings = [
        rating
        for n, value in enumerate((10.0, 20.0, 30.0, 50.0))
        for rating in ratings_of(str(n), ("one",), one_ours=value)
    ]
    ours = next(each for each in listening_results(ratings).overall if each.system == "ours")
    assert (ours.quartiles, ours.median) == ((15.0, 40.0), 25.0)


def test_one_listener_has_no_interval():
    results = listening_results(ratings_of("alone"))
    assert all(each.interval is None for each in results.overall)
    assert results.screened == ()


def test_who_does_not_hear_the_reference_or_the_anchor_is_left_out():
    songs = tuple(f"song{n}" for n in range(7))
    honest = [rating for n in range(8) for rating in ratings_of(f"good {n}", songs)]
    once = ratings_of("once", songs, song0_reference=89.0)  # 14 %: not more than 15 %
    edge = ratings_of("edge", songs, **{f"song{n}_reference": 90.0 for n in range(7)})
    deaf = ratings_of("deaf", songs, song0_reference=89.0, song1_reference=50.0)
    kind = ratings_of("kind", songs, song0_mid_anchor=91.0, song3_mid_anchor=95.0)
    ratings = honest + once + edge + deaf + kind
    results = listening_results(ratings)
    assert [(one.listener, one.why) for one in results.screened] == [
        ("deaf", "rated the hidden reference below 90 in 2 of 7 songs"),
        ("kind", "rated the mid anchor above 90 in 2 of 7 songs"),
    ]
    assert (results.listeners, results.overall[0].listeners) == (12, 10)
    assert listening_results(ratings, screen=False).overall[0].listeners == 12


def test_an_anchor_that_many_rate_high_leaves_nobody_out():
    """More than a quarter: two of five do, so that the song hardly suffers from 7 kHz."""
    ratings = [
        rating
        for n in range(5)
        for rating in ratings_of(str(n), one_mid_anchor=95.0 if n < 2 else 40.0)
    ]
    results = listening_results(ratings)
    assert results.indifferent_songs == ("one",) and results.screened == ()
    # One of four is no more than a quarter.
    results = listening_results([rating for rating in ratings if rating.listener != "1"])
    assert [one.listener for one in results.screened] == ["0"]


def test_the_picture_says_what_it_shows():
    ratings = [r for n in range(3) for r in ratings_of(str(n), off=float(n))]
    results = listening_results(ratings)
    text = ratings_plot(results.overall)
    assert text.startswith(PLOT_MARK)
    root = ElementTree.fromstring(text)
    assert (
        root.get("aria-label")
        == "Mean ratings: reference 100, ours 71, mid anchor 41, low anchor 11"
    )
    dots = [e.get("d") for e in root.iter() if e.get("class") == "dot"]
    across = [float(d[1:].split()[0]) for d in dots if d]
    # From 120 to 350 stand 0 to 100.
    assert across == pytest.approx([120.0 + 2.3 * mean for mean in (100, 71, 41, 11)], abs=0.1)


def test_a_hostile_name_is_text_in_the_picture():
    hostile = [
        Rating("t", "a", "now", "s", "<script>x</script>", "system", 50.0, 1),
    ]
    root = ElementTree.fromstring(ratings_plot(listening_results(hostile).overall))
    assert not [e for e in root.iter() if e.tag.endswith("script")]


def test_ratings_of_which_some_are_missing_are_refused(tmp_path: Path):
    whole, part = tmp_path / "whole.csv", tmp_path / "part.csv"
    whole.write_text(written(ratings_of("a")), "utf-8", newline="")
    part.write_text(written(ratings_of("b")[:-1]), "utf-8", newline="")
    with pytest.raises(StoreError, match="b has no rating of ours in two"):
        read_ratings([whole, part])
    with pytest.raises(StoreError, match="hidden reference and of a version of two"):
        read_ratings([part])
    part.write_text(written(ratings_of("b")).splitlines()[0], "utf-8", newline="")
    with pytest.raises(StoreError, match="it holds no rating"):
        read_ratings([part])
