"""Fader automation: a level that moves in straight lines from knot to knot."""

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.params import Affine, ParamSpec
from mixtrace.processors.base import AutomationProcessor, Values
from mixtrace.processors.gain_automation import Ride, ride_line, ride_of, ride_picture, ride_words
from mixtrace.processors.picture import Glyph, Picture
from mixtrace.processors.told import Heard, NodeSettings, Said, mixed_gain_db
from mixtrace.units import DB_PER_NEPER
from mixtrace.wording import clock, signed_db

__all__ = ["FaderAutomation"]

_POINTS = 512
_MOVES_DB = 0.1
_GLYPH_DB = 6.0
_SHORTEST_S = 1e-9


class FaderAutomation(AutomationProcessor):
    """Gains at any moments of the song, joined by lines in dB, as a workstation draws them.

    Where nothing moves, a `fader` does the same and is linear: renderers fuse it with filters.
    """

    kind = "fader_automation"
    letter = "v"
    label = "fader automation"
    short = "Ride"
    about = (
        "A fader that moves: straight lines in dB from knot to knot, as a workstation draws them. "
        "The first gain holds before its knot and the last one after its own. There may be any "
        "number of knots; a fader that never moves is a `fader`."
    )
    start_wet = 1.0
    params = (
        ParamSpec(
            name="knot_s",
            unit="s",
            low=0.0,
            high=36_000.0,
            neutral=None,
            init=0.2,
            warp=Affine(1.0),
            shape=(2,),
            label="times",
            meaning="Moments of the knots in the song; they rise. No search moves them.",
            start=(0.0, 60.0),
            rate=0.0,
            varies=True,
        ),
        ParamSpec(
            name="knot_db",
            unit="dB",
            low=-80.0,
            high=20.0,
            neutral=0.0,
            init=0.0,
            warp=Affine(DB_PER_NEPER),
            shape=(2,),
            label="gains",
            meaning="Gain at each knot.",
            start=0.0,
            rate=0.3,
            varies=True,
        ),
    )

    def gain(
        self, values: Values, time_s: Float[Tensor, "node time"]
    ) -> Float[Tensor, "node time"]:
        """Return the gain (amplitude ratio) at each moment; knots count in the order of time."""
        knot_s, order = values["knot_s"].to(time_s.dtype).sort(dim=1, stable=True)
        knot = torch.gather(values["knot_db"] / DB_PER_NEPER, 1, order)
        if knot.shape[1] == 1:
            return torch.exp(knot).expand_as(time_s)
        after = torch.searchsorted(knot_s.detach(), time_s.contiguous(), right=True)
        upper = after.clamp(1, knot.shape[1] - 1)
        lower = upper - 1
        (begin_s, end_s), (begin, end) = (
            (torch.gather(each, 1, lower), torch.gather(each, 1, upper)) for each in (knot_s, knot)
        )
        share = (time_s - begin_s) / (end_s - begin_s).clamp_min(_SHORTEST_S)
        return torch.exp(begin + share.clamp(0.0, 1.0) * (end - begin))

    def misfit(self, values: Values) -> str:
        """Return a sentence where a knot lacks its time or gain, or times do not rise."""
        knot_s, knots = values["knot_s"], values["knot_db"].shape[1]
        if knot_s.shape[1] != knots:
            return f"Expected as many knot_s as knot_db; got {knot_s.shape[1]} and {knots}."
        falls = knot_s.diff(dim=1) <= 0.0
        if not bool(falls.any()):
            return ""
        row, place = falls.nonzero()[0].tolist()
        early, late = knot_s[row, place : place + 2].tolist()
        return f"Expected knot_s that rise; got {early:g} followed by {late:g}."

    def amount(self, node: NodeSettings, share: float) -> NodeSettings:
        """Return the gain of every knot multiplied by the share."""
        return self.multiplied(node, share, "knot_db")

    def describe(self, node: NodeSettings) -> str:
        """Return the range of the gain, and the fades; one gain where it does not move."""
        _, gain_db = self._drawn(node)
        if np.ptp(gain_db) < _MOVES_DB:
            return f"{signed_db(float(gain_db[0]))} throughout"
        return ride_line(self._ride(node))

    def dials(self, node: NodeSettings) -> Iterator[tuple[str, str]]:
        """Yield the gain at every knot."""
        for time_s, gain_db in zip(node.array("knot_s"), node.array("knot_db"), strict=True):
            yield f"at {clock(float(time_s))}", signed_db(float(gain_db))

    def say(self, node: NodeSettings, heard: Heard) -> Said:
        """Return rides and fades."""
        return ride_words(self._ride(node, heard.duration_s))

    def picture(self, node: NodeSettings, heard: Heard) -> Picture:
        """Return the gain over the song."""
        return ride_picture(*self._drawn(node, heard.duration_s))

    def glyph(self, node: NodeSettings, heard: Heard) -> Glyph:
        """Return the gain over the song, +-6 dB."""
        return Glyph(self._drawn(node, heard.duration_s)[1], -_GLYPH_DB, _GLYPH_DB)

    def _ride(self, node: NodeSettings, duration_s: float = 0.0) -> Ride:
        return ride_of(*self._drawn(node, duration_s), steady_db=_MOVES_DB)

    def _drawn(
        self, node: NodeSettings, duration_s: float = 0.0
    ) -> tuple[Float[np.ndarray, " point"], Float[np.ndarray, " point"]]:
        """Return even moments of the song, up to the last knot at least, and the gain in dB there.

        Args:
            node: the settings.
            duration_s: length of the song, 0 where it is not known.
        """
        knot_s, knot_db = node.array("knot_s"), node.array("knot_db")
        moments_s = np.linspace(0.0, max(duration_s, float(knot_s[-1]), 1.0), _POINTS)
        return moments_s, mixed_gain_db(np.interp(moments_s, knot_s, knot_db), node.wet)
