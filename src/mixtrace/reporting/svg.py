"""Small figures as inline SVG: axes, lines, areas, bars and pictures of matrices.

Colours are classes that the page's style sheet gives a colour in both of its themes. Coordinates
are CSS pixels of a figure 360 wide, which is as wide as a phone shows.
"""

import base64
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from markupsafe import Markup

__all__ = [
    "WIDTH",
    "Axis",
    "Plot",
    "clock_axis",
    "figure",
    "frequency_axis",
    "level_axis",
    "text_at",
    "thinned",
]

WIDTH = 360

_FREQUENCIES_HZ = (
    (30.0, "30"),
    (100.0, "100"),
    (300.0, "300"),
    (1_000.0, "1k"),
    (3_000.0, "3k"),
    (10_000.0, "10k"),
)
_STEPS = (1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)


@dataclass(frozen=True)
class Axis:
    """A range of values and the marks on it.

    Attributes:
        low, high: the ends.
        ticks: (value, label).
        name: what is measured, with its unit; shown at the end of the axis.
        logarithmic: whether equal ratios are equally far apart.
    """

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    name: str = ""
    logarithmic: bool = False

    @property
    def marks(self) -> Float[np.ndarray, " tick"]:
        """The values of the marks."""
        return np.array([value for value, _ in self.ticks], np.float64)

    @property
    def labels(self) -> tuple[str, ...]:
        """Their labels."""
        return tuple(label for _, label in self.ticks)

    def place(self, values: np.ndarray) -> Float[np.ndarray, " value"]:
        """Return where values lie between the ends: 0 to 1, those outside at the nearer end."""
        low, high, inner = self.low, self.high, np.asarray(values, np.float64)
        if self.logarithmic:
            low, high, inner = math.log(low), math.log(high), np.log(np.maximum(inner, low))
        span = high - low if high > low else 1.0  # an axis of one value has it at its beginning
        return np.clip((inner - low) / span, 0.0, 1.0)


def frequency_axis(
    low_hz: float = 30.0, high_hz: float = 15_000.0, *, decades: bool = False
) -> Axis:
    """Return an axis of frequencies in Hz, on request with marks at powers of ten alone."""
    inside = tuple(
        (hertz, label)
        for hertz, label in _FREQUENCIES_HZ
        if low_hz <= hertz <= high_hz and not (decades and label.startswith("3"))
    )
    return Axis(low_hz, high_hz, inside, "Hz", logarithmic=True)


def clock_axis(duration_s: float, name: str = "") -> Axis:
    """Return an axis of the song's time with at most five marks.

    >>> [label for _, label in clock_axis(100.0).ticks]
    ['0:00', '0:30', '1:00', '1:30']
    """
    step = next((step for step in _STEPS if duration_s / step <= 4.5), None)
    step = step or 3600.0 * math.ceil(duration_s / 4.5 / 3600.0)
    marks = np.arange(0.0, duration_s, step)
    ticks = tuple((float(t), f"{int(t) // 60}:{int(t) % 60:02d}") for t in marks)
    return Axis(0.0, max(duration_s, 1e-3), ticks, name)


def level_axis(low: float, high: float, step: float, name: str = "dB") -> Axis:
    """Return an even axis with a mark at every multiple of a step."""
    marks = np.arange(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1) * step
    return Axis(low, high, tuple((float(v), f"{v:g}") for v in marks + 0.0), name)


@dataclass(frozen=True)
class Plot:
    """A rectangle of a figure with two axes; what is drawn stays within it.

    Attributes:
        x, y: the axes; the y axis points up.
        left, top, width, height: the rectangle in the figure.
    """

    x: Axis
    y: Axis
    left: float = 36.0
    top: float = 16.0
    width: float = WIDTH - 46.0
    height: float = 150.0

    def points(self, xs: np.ndarray, ys: np.ndarray) -> Float[np.ndarray, "point 2"]:
        """Return values as coordinates."""
        return np.stack([self._across(xs), self._down(ys)], -1)

    def _across(self, xs: np.ndarray) -> np.ndarray:
        return self.left + self.width * self.x.place(xs)

    def _down(self, ys: np.ndarray) -> np.ndarray:
        return self.top + self.height * (1.0 - self.y.place(ys))

    def axes(self) -> Markup:
        """Return grid lines, labels and the names of both axes."""
        right, bottom = self.left + self.width, self.top + self.height
        grid, drawn = [], []
        for y, label in zip(self._down(self.y.marks), self.y.labels, strict=True):
            grid.append(f"M{self.left:.4g} {y:.4g}H{right:.4g}")
            drawn.append(text_at(self.left - 4.0, y + 3.5, label, "end"))
        for x, label in zip(self._across(self.x.marks), self.x.labels, strict=True):
            grid.append(f"M{x:.4g} {self.top:.4g}V{bottom:.4g}")
            anchor = "start" if x < self.left + 8.0 else "end" if x > right - 8.0 else "middle"
            drawn.append(text_at(x, bottom + 13.0, label, anchor))
        drawn.insert(0, _path("".join(grid), "grid"))
        if self.x.name:
            drawn.append(text_at(right, bottom + 26.0, self.x.name, "end"))
        if self.y.name:
            drawn.append(text_at(self.left, self.top - 5.0, self.y.name, "start"))
        return Markup("").join(drawn)

    def line(self, xs: np.ndarray, ys: np.ndarray, look: str = "line") -> Markup:
        """Return a polyline through values; `look` is its class."""
        return _path(_joined(self.points(xs, ys)), look)

    def area(
        self, xs: np.ndarray, ys: np.ndarray, base: float | None = None, look: str = "area"
    ) -> Markup:
        """Return the area between values and a level, by default the low end."""
        upper = self.points(xs, ys)
        floor = self.points(xs[[-1, 0]], np.full(2, self.y.low if base is None else base))
        return _path(_joined(np.concatenate([upper, floor])) + "Z", look)

    def band(
        self, xs: np.ndarray, lows: np.ndarray, highs: np.ndarray, look: str = "area"
    ) -> Markup:
        """Return the area between two values at each place."""
        edge = np.concatenate([self.points(xs, highs), self.points(xs[::-1], lows[::-1])])
        return _path(_joined(edge) + "Z", look)

    def dots(self, xs: np.ndarray, ys: np.ndarray, look: str = "dot") -> Markup:
        """Return a dot at each value."""
        return _path("".join(f"M{x:.4g} {y:.4g}h0" for x, y in self.points(xs, ys)), look)

    def stems(self, xs: np.ndarray, ys: np.ndarray, base: float, look: str = "stem") -> Markup:
        """Return a vertical line from a level to each value."""
        tops, feet = self.points(xs, ys), self.points(xs, np.full(len(xs), base))
        pairs = zip(feet, tops, strict=True)
        return _path("".join(_joined(np.stack(pair)) for pair in pairs), look)

    def picture(self, png: bytes) -> Markup:
        """Return a PNG that fills the rectangle."""
        data = base64.b64encode(png).decode("ascii")
        return Markup(
            '<image x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" '
            'preserveAspectRatio="none" href="data:image/png;base64,{}"/>'
        ).format(self.left, self.top, self.width, self.height, data)

    def box(self, xs: tuple[float, float], ys: tuple[float, float], look: str) -> Markup:
        """Return a filled rectangle between two places and two heights; `look` is its class."""
        (left, bottom), (right, top) = self.points(np.array(xs), np.array(ys))
        return _path(f"M{left:.4g} {bottom:.4g}H{right:.4g}V{top:.4g}H{left:.4g}Z", look)

    def note(self, text: str) -> Markup:
        """Return a remark above the right end."""
        return text_at(self.left + self.width, self.top - 5.0, text, "end")


def figure(label: str, drawn: Iterable[Markup], height: float = 196.0) -> Markup:
    """Return a figure.

    Args:
        label: what is seen, for those who do not see it.
        drawn: what is in it, from back to front.
        height: of the figure, 360 wide.
    """
    head = Markup('<svg class="figure" viewBox="0 0 {} {:.0f}" role="img" aria-label="{}">').format(
        WIDTH, height, label
    )
    return head + Markup("").join(drawn) + Markup("</svg>")


def text_at(x: float, y: float, text: str, anchor: str = "middle") -> Markup:
    """Return a word at a point of the figure, `middle`, `start` or `end` of its baseline there."""
    return Markup('<text class="{}" x="{:.4g}" y="{:.4g}">{}</text>').format(anchor, x, y, text)


def _joined(points: Float[np.ndarray, "point 2"]) -> str:
    return "M" + "L".join(f"{x:.4g} {y:.4g}" for x, y in points)


def _path(shape: str, look: str) -> Markup:
    return Markup('<path class="{}" d="{}"/>').format(look, shape)


def thinned(values: Sequence[float] | np.ndarray, most: int) -> np.ndarray:
    """Return at most so many values, the means of neighbours where there are more."""
    array = np.asarray(values, np.float64)
    if len(array) <= most:
        return array
    return np.array([part.mean() for part in np.array_split(array, most)])
