"""Gain automation: fades and rides, a smooth gain that follows the clock."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.params import Affine, ParamSpec
from mixtrace.processors.base import AutomationProcessor, Values
from mixtrace.processors.picture import Glyph, Panel, Picture, Scale, Trace
from mixtrace.processors.told import Heard, NodeSettings, Said
from mixtrace.units import DB_PER_NEPER
from mixtrace.wording import clock, signed_db

__all__ = ["GainAutomation", "Ride", "ride_line", "ride_of", "ride_picture", "ride_words"]

_KNOTS = 64
_FADE_DB = 12.0
_STEADY_DB = 3.0
_MOVES_DB = 1.0
_GLYPH_DB = 6.0


class GainAutomation(AutomationProcessor):
    """Sixty-four gains, evenly spaced from the song's start to its end, joined by lines in dB.

    Not in the published console, which names fades among what it cannot match.
    """

    kind = "gain_automation"
    letter = "a"
    label = "gain automation"
    short = "Auto"
    about = (
        "Fades and rides: a gain that moves along straight lines in dB between 64 points, evenly "
        "spaced over the song."
    )
    start_wet = 0.98
    params = (
        ParamSpec(
            name="ride_db",
            unit="dB",
            low=-80.0,
            high=40.0,
            neutral=0.0,
            init=0.0,
            warp=Affine(DB_PER_NEPER),
            shape=(_KNOTS,),
            label="gains",
            meaning="Gain at each point; after the last one it holds.",
            start=0.0,
            rate=0.3,
        ),
        ParamSpec(
            name="duration_s",
            unit="s",
            low=0.1,
            high=36_000.0,
            neutral=None,
            init=60.0,
            warp=Affine(1.0),
            shape=(),
            label="duration",
            meaning="Length of the song, from the first point to the last.",
            rate=0.0,
        ),
    )

    def gain(
        self, values: Values, time_s: Float[Tensor, "node time"]
    ) -> Float[Tensor, "node time"]:
        """Return the gain (amplitude ratio) at each moment; the last one is held."""
        position = time_s / values["duration_s"][:, None] * (_KNOTS - 1)
        position = position.clamp(0.0, _KNOTS - 1)
        lower = position.floor().long().clamp_max(_KNOTS - 2)
        fraction = position - lower
        log_gain = values["ride_db"] / DB_PER_NEPER
        start, end = torch.gather(log_gain, 1, lower), torch.gather(log_gain, 1, lower + 1)
        return torch.exp(start + fraction * (end - start))

    def amount(self, node: NodeSettings, share: float) -> NodeSettings:
        """Return the gain of every point multiplied by the share."""
        return self.multiplied(node, share, "ride_db")

    def describe(self, node: NodeSettings) -> str:
        """Return the range of the gain, and the fades."""
        return ride_line(self._ride(node))

    def say(self, node: NodeSettings, heard: Heard) -> Said:
        """Return rides and fades."""
        return ride_words(self._ride(node))

    def picture(self, node: NodeSettings, heard: Heard) -> Picture:
        """Return the gain over the song."""
        return ride_picture(self._knots_s(node), node.mixed_db("ride_db"))

    def glyph(self, node: NodeSettings, heard: Heard) -> Glyph:
        """Return the gain over the song, +-6 dB."""
        return Glyph(node.mixed_db("ride_db"), -_GLYPH_DB, _GLYPH_DB)

    def _knots_s(self, node: NodeSettings) -> Float[np.ndarray, " knot"]:
        return np.linspace(0.0, node.number("duration_s"), _KNOTS)

    def _ride(self, node: NodeSettings) -> "Ride":
        return ride_of(self._knots_s(node), node.mixed_db("ride_db"))


@dataclass(frozen=True)
class Ride:
    """A gain that moves, in a few numbers.

    Attributes:
        low_db, high_db: range of the gain, fades left out.
        fade_in_s, fade_out_s: (start, end) of a fade at the song's start or end, or None.
    """

    low_db: float
    high_db: float
    fade_in_s: tuple[float, float] | None
    fade_out_s: tuple[float, float] | None


def ride_of(
    knots_s: Float[np.ndarray, " knot"],
    gain_db: Float[np.ndarray, " knot"],
    steady_db: float = _STEADY_DB,
) -> Ride:
    """Return the range and the fades of gains at even points of the song.

    Args:
        knots_s: the points.
        gain_db: gains there.
        steady_db: a fade ends where the gain is no further below what is usual.
    """
    first = _fade_points(gain_db, steady_db)
    last = len(gain_db) - 1 - _fade_points(gain_db[::-1], steady_db)
    steady = gain_db[first : last + 1] if first <= last else gain_db
    return Ride(
        float(steady.min()),
        float(steady.max()),
        (float(knots_s[0]), float(knots_s[first])) if first else None,
        (float(knots_s[last]), float(knots_s[-1])) if last < len(gain_db) - 1 else None,
    )


def ride_line(found: Ride) -> str:
    """Return the range of a gain, and the fades, on one line."""
    words = [f"{signed_db(found.low_db)} to {signed_db(found.high_db)}"]
    for name, span in (("fade-in", found.fade_in_s), ("fade-out", found.fade_out_s)):
        if span:
            words.append(f"{name} {clock(span[0])} to {clock(span[1])}")
    return ", ".join(words)


def ride_words(found: Ride) -> Said:
    """Return rides and fades as an engineer would say them."""
    said = []
    if found.high_db - found.low_db >= _MOVES_DB:
        said.append(f"rides between {signed_db(found.low_db)} and {signed_db(found.high_db)}")
    for word, span in (("in", found.fade_in_s), ("out", found.fade_out_s)):
        if span:
            said.append(f"fades {word} from {clock(span[0])} to {clock(span[1])}")
    return Said(tuple(said))


def ride_picture(
    knots_s: Float[np.ndarray, " knot"], gain_db: Float[np.ndarray, " knot"]
) -> Picture:
    """Return a gain over the song."""
    low = max(-36.0, min(-3.0, 3.0 * float(np.floor(gain_db.min() / 3.0))))
    high = max(3.0, 3.0 * float(np.ceil(gain_db.max() / 3.0)))
    panel = Panel(
        Scale(0.0, float(knots_s[-1]), "", "clock"),
        Scale(low, high, step=3.0 if high - low < 15.0 else 12.0),
        (Trace(knots_s[[0, -1]], np.zeros(2), "zero"), Trace(knots_s, gain_db)),
    )
    return Picture("gain in dB over the song", (panel,))


def _fade_points(gain_db: Float[np.ndarray, " knot"], steady_db: float) -> int:
    """Return at which point a fade that begins at point 0 has reached the usual level; 0: none."""
    usual_db = float(np.median(gain_db))
    if gain_db[0] > usual_db - _FADE_DB:
        return 0
    return int(np.argmax(gain_db > usual_db - steady_db))
