"""Figures of a survey: axes hold what is drawn, and marks can be read."""

from xml.etree import ElementTree

import numpy as np
import pytest

from mixtrace.surveying.figures import boxes, even_axis, histogram, ratio_axis, scatter
from mixtrace.surveying.tallies import Numbers, Spread

RNG = np.random.default_rng(3)


def spread(values: np.ndarray) -> Spread:
    numbers = Numbers()
    numbers.add(values)
    found = numbers.spread()
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("low", "high"),
    [(0.0, 1.0), (-59.0, -3.0), (0.99991, 0.99995), (7.0, 7.0), (0.0, 0.0), (3, 9e4)],
)
def test_an_even_axis_holds_its_range_with_few_marks(low: float, high: float):
    axis = even_axis(low, high)
    assert axis.low <= low <= high <= axis.high
    assert 2 <= len(axis.ticks) <= 7
    assert len(set(axis.labels)) == len(axis.labels)
    assert max(map(len, axis.labels)) <= 8  # of 11 pixels each: seven stand beside one another


def test_whole_numbers_have_whole_marks():
    assert even_axis(0.0, 2.0, whole=True).labels == ("0", "1", "2")


@pytest.mark.parametrize(("low", "high"), [(0.3, 4e3), (11.0, 40.0), (20.0, 2e4), (1.0, 12.0)])
def test_an_axis_of_ratios_has_some_marks(low: float, high: float):
    axis = ratio_axis(low, high)
    assert 2 <= len(axis.ticks) <= 7
    assert all(low <= mark <= high for mark in axis.marks)


def test_a_histogram_has_a_bar_for_each_count():
    drawn = str(histogram("tracks", np.array([3.0, 3.0, 5.0]), whole=True))
    ElementTree.fromstring(drawn)
    assert drawn.count('class="bin"') == 2


def test_a_histogram_of_thousands_has_few_bars():
    drawn = str(histogram("edges", RNG.integers(1, 5_000, 300).astype(float), whole=True))
    assert drawn.count('class="bin"') <= 20


def test_a_scatter_leaves_out_what_is_not_known():
    xs, ys = np.array([1.0, np.nan, 3.0, 0.0]), np.array([0.1, 0.2, np.nan, 0.4])
    drawn = str(scatter(("x", xs), ("y", ys)))
    assert drawn.count("h0") == 2
    assert str(scatter(("x", xs), ("y", ys), ratios=True)).count("h0") == 1
    assert scatter(("x", xs[1:2]), ("y", ys[1:2])) is None


def test_boxes_stand_in_rows_that_tell_their_number():
    places = {"drums": spread(RNG.uniform(1.0, 90.0, 40)), "vocals": spread(np.array([20.0]))}
    root = ElementTree.fromstring(str(boxes("attack", "ms", places)))
    words = [element.text for element in root.iter("text")]
    assert {"drums", "40", "vocals", "1"} <= set(words)
    assert sum(e.attrib.get("class") == "quartiles" for e in root.iter("path")) == 2
    assert "attack: medians drums" in root.attrib["aria-label"]
