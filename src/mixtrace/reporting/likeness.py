"""How like its reference a transferred mix is, feature by feature, in the units of a desk."""

import math

import numpy as np

from mixtrace.store import Likeness, MixFeatures
from mixtrace.units import DB_PER_NEPER
from mixtrace.wording import signed_db

__all__ = ["feature_rows"]

_LEAST = 1e-10  # -100 dB


def feature_rows(likeness: Likeness) -> list[tuple[str, str, str, str]]:
    """Return (feature, reference, sum of equally loud tracks, result), numbers with their units.

    Of spectra it is told how far they are from the reference's, the mean over 24 bands.
    """
    mixes = (likeness.reference, likeness.before, likeness.after)
    rows = []
    for name, told in (
        ("RMS level, left", lambda mix: _level_db(mix.rms[0])),
        ("RMS level, right", lambda mix: _level_db(mix.rms[1])),
        ("crest factor, left", lambda mix: mix.crest[0]),
        ("crest factor, right", lambda mix: mix.crest[1]),
        ("side over mid", lambda mix: 10.0 * math.log10(max(mix.width, _LEAST))),
        ("right over left", lambda mix: _right_over_left_db(mix.balance)),
    ):
        rows.append((name, *(signed_db(told(mix)) for mix in mixes)))
    for channel, name in enumerate(("mid", "side")):
        off = [_off_db(likeness.reference, mix, channel) for mix in mixes[1:]]
        rows.append((f"spectrum of {name}, off by", "", *(f"{db:.1f} dB" for db in off)))
    return rows


def _level_db(rms: float) -> float:
    return 20.0 * math.log10(max(rms, math.sqrt(_LEAST)))


def _right_over_left_db(balance: float) -> float:
    return 10.0 * math.log10((1.0 + balance + _LEAST) / (1.0 - balance + _LEAST))


def _off_db(reference: MixFeatures, mix: MixFeatures, channel: int) -> float:
    nepers = np.subtract(reference.bark[channel], mix.bark[channel])
    return float(np.abs(nepers).mean()) * DB_PER_NEPER
