"""What a processor wants drawn: panels of curves over axes, without any colour or pixel.

A page, a plot or a line of text draws these values; a processor knows nothing of how.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float

__all__ = ["Glyph", "Panel", "Picture", "Scale", "Style", "Trace", "bars", "symmetric_db"]

Style = Literal[
    "line", "second", "zero", "bar", "sound", "taken", "stem", "stem-left", "stem-right"
]
"""What a trace stands for: the processor's curve or a second one, where nothing changes, a bar, the
sound that enters, what is taken away, or single events on both or on one side."""

_ROOM_DB = 6.0
_MOST_DB = 30.0


@dataclass(frozen=True)
class Scale:
    """An axis.

    Attributes:
        low, high: its ends.
        unit: what is measured there.
        kind: `even`; `frequency`, where octaves are equally far apart; `clock`, the song's time;
            `names`, where the places 1, 2, ... have names instead of numbers.
        step: the distance of marks on an even axis.
        names: those of the places, from 1 on.
    """

    low: float
    high: float
    unit: str = "dB"
    kind: Literal["even", "frequency", "clock", "names"] = "even"
    step: float = 10.0
    names: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Trace:
    """Values over places; areas and stems stand on a base, by default the scale's low end."""

    x: Float[np.ndarray, " point"]
    y: Float[np.ndarray, " point"]
    style: Style = "line"
    base: float | None = None


@dataclass(frozen=True, eq=False)
class Panel:
    """Traces from back to front over two scales.

    Attributes:
        across, up: the scales.
        traces: what is drawn.
        note: a remark.
        share: of the picture's width, against the other panels.
    """

    across: Scale
    up: Scale
    traces: tuple[Trace, ...]
    note: str = ""
    share: float = 1.0


@dataclass(frozen=True, eq=False)
class Picture:
    """Panels side by side, and in words what they show, such as "gain in dB over frequency"."""

    what: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, eq=False)
class Glyph:
    """A curve for a line of text: heights between two ends."""

    values: Float[np.ndarray, " place"]
    low: float
    high: float


def symmetric_db(gain_db: Float[np.ndarray, "*shape"], most_db: float = _MOST_DB) -> Scale:
    """Return a scale of levels around 0 dB that holds some gains, in steps of a half."""
    peak_db = min(float(np.abs(gain_db).max()), most_db)
    most = max(_ROOM_DB, _ROOM_DB * float(np.ceil(peak_db / _ROOM_DB)))
    return Scale(-most, most, step=most / 2.0)


def bars(what: str, names: Sequence[str], gain_db: Float[np.ndarray, " name"]) -> Picture:
    """Return horizontal bars from 0 dB, one below the other."""
    places = np.arange(len(names), 0, -1)
    rows = Scale(0.5, len(names) + 0.5, "", "names", names=tuple(reversed(names)))
    zero = Trace(np.zeros(2), np.array([rows.low, rows.high]), "zero")
    drawn = [
        Trace(np.array([0.0, float(gain)]), np.full(2, float(place)), "bar")
        for place, gain in zip(places, gain_db, strict=True)
    ]
    return Picture(what, (Panel(symmetric_db(gain_db), rows, (zero, *drawn)),))
