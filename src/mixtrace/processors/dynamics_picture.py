"""How every processor is drawn whose gain follows a level: its static curve, and what it took."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from mixtrace.processors.picture import Glyph, Panel, Picture, Scale, Trace
from mixtrace.processors.told import Heard

__all__ = ["dynamics_glyph", "dynamics_picture"]

_LOWEST_DB = -60.0
_LEVELS = 41
_MOST_POINTS = 120
_GLYPH_PLACES = 16
_GLYPH_DB = 12.0

GainAt = Callable[[Float[np.ndarray, " level"]], Float[np.ndarray, " level"]]
"""The gain in dB at constant levels in dB."""


def dynamics_picture(gain_at: GainAt, heard: Heard) -> Picture:
    """Return level out over level in, and the gain over the song where it was measured."""
    level_db = np.linspace(_LOWEST_DB, 0.0, _LEVELS)
    leaving_db = np.maximum(level_db + gain_at(level_db), _LOWEST_DB)
    curve = Panel(
        Scale(_LOWEST_DB, 0.0, "dB in", step=20.0),
        Scale(_LOWEST_DB, 0.0, "dB out", step=20.0),
        (Trace(level_db[[0, -1]], level_db[[0, -1]], "zero"), Trace(level_db, leaving_db)),
        share=0.45,
    )
    what = "level out over level in"
    if heard.gain_db is None:
        return Picture(what, (curve,))
    return Picture(f"{what}, and its gain in dB over the song", (curve, _taken(heard)))


def dynamics_glyph(gain_at: GainAt, heard: Heard) -> Glyph:
    """Return the gain over the song, or from -60 to 0 dB in; 0 to -12 dB high."""
    if heard.gain_db is None:
        return Glyph(gain_at(np.linspace(_LOWEST_DB, 0.0, _GLYPH_PLACES)), -_GLYPH_DB, 0.0)
    return Glyph(heard.gain_db, -_GLYPH_DB, 0.0)


def _taken(heard: Heard) -> Panel:
    """Return the gain over the song, the lowest of neighbours: what a meter's needle reaches."""
    assert heard.gain_db is not None
    parts = np.array_split(heard.gain_db, min(len(heard.gain_db), _MOST_POINTS))
    gain_db = np.array([part.min() for part in parts], np.float64)
    least = min(-6.0, 6.0 * float(np.floor(gain_db.min() / 6.0)))
    time_s = np.linspace(0.0, heard.duration_s, len(gain_db))
    return Panel(
        Scale(0.0, heard.duration_s, "", "clock"),
        Scale(least, 0.0, "gain, dB", step=-least / 3.0),
        (Trace(time_s, gain_db, "taken", base=0.0),),
        share=0.55,
    )
