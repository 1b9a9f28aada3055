"""Figures are well-formed, stay within their rectangle and escape what they are given."""

import struct
import zlib
from xml.etree import ElementTree

import numpy as np
import pytest

from mixtrace.reporting.png import difference_picture, level_picture
from mixtrace.reporting.svg import (
    Axis,
    Plot,
    clock_axis,
    figure,
    frequency_axis,
    level_axis,
    thinned,
)


def test_values_land_where_the_axes_say():
    plot = Plot(frequency_axis(100.0, 10_000.0), level_axis(-20.0, 20.0, 10.0))
    xs, ys = np.array([100.0, 1_000.0, 10_000.0, 1e6]), np.array([20.0, 0.0, -20.0, -99.0])
    points = plot.points(xs, ys)
    right, bottom = plot.left + plot.width, plot.top + plot.height
    middle = [plot.left + plot.width / 2.0, plot.top + plot.height / 2.0]
    expected = [[plot.left, plot.top], middle, [right, bottom], [right, bottom]]
    np.testing.assert_allclose(points, expected, atol=1e-9)  # closed forms in double precision


def test_a_hostile_label_is_text():
    hostile = '"><img src=x onerror=alert(1)>'
    plot = Plot(Axis(0.0, 1.0, ((0.5, hostile),), hostile), level_axis(0.0, 1.0, 0.5))
    line = plot.line(np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    drawn = figure(hostile, [plot.axes(), line, plot.note(hostile)])
    tree = ElementTree.fromstring(str(drawn))
    assert tree.attrib["aria-label"] == hostile
    assert {element.tag for element in tree.iter()} == {"svg", "path", "text"}


@pytest.mark.parametrize("duration_s", [0.5, 3.0, 17.5, 240.0, 5_000.0])
def test_a_clock_has_few_marks(duration_s: float):
    assert 1 <= len(clock_axis(duration_s).ticks) <= 5


def test_thinning_keeps_the_mean():
    values = np.arange(1_000.0)
    fewer = thinned(values, 10)
    assert len(fewer) == 10
    assert fewer.mean() == values.mean()
    np.testing.assert_array_equal(thinned(values, 2_000), values)


def pixels(png: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Return palette indices [row, column] and the palette [256, RGBA] of one of our pictures."""
    chunks, at = {}, 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kind, content = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        (check,) = struct.unpack(">I", png[at + 8 + length : at + 12 + length])
        assert check == zlib.crc32(kind + content)
        chunks[kind], at = content, at + 12 + length
    width, height = struct.unpack(">II", chunks[b"IHDR"][:8])
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, width + 1)
    colors = np.frombuffer(chunks[b"PLTE"], np.uint8).reshape(256, 3)
    opacity = np.frombuffer(chunks[b"tRNS"], np.uint8)
    assert not rows[:, 0].any()  # no row is filtered
    return rows[:, 1:], np.column_stack([colors, opacity])


def test_levels_grow_opaque_from_the_bottom_left():
    index, palette = pixels(level_picture(np.array([[-70.0, 0.0], [-35.0, 99.0]]), -70.0, 0.0))
    np.testing.assert_array_equal(index, [[128, 255], [0, 255]])  # the first band lies below
    assert palette[0, 3] == 0
    assert palette[255, 3] == 255
    assert (np.diff(palette[:, 3].astype(int)) >= 0).all()


def test_differences_are_clear_at_zero_and_coloured_by_sign():
    index, palette = pixels(difference_picture(np.array([[-18.0, 0.0, 18.0]]), 18.0))
    softer, equal, louder = palette[index[0]].astype(int)
    assert softer[3] == louder[3] == 255
    assert equal[3] <= 1  # 256 colours have no exact middle
    assert softer[2] > softer[0]
    assert louder[0] > louder[2]


@pytest.mark.parametrize("duration_s", [0.0, 1.0, 100.0, 86_400.0, 1e9, 1e15])
def test_an_axis_of_time_has_few_marks_however_long(duration_s: float):
    assert len(clock_axis(duration_s).ticks) <= 5
