"""Parametric EQs as text that room-EQ programs read: Equalizer APO, and those that read its files.

A line a filter, as Room EQ Wizard writes those of its equaliser "Generic". `PK` is the bell of the
"Audio EQ Cookbook", whose Q is that of our bells; `LSC` and `HSC` are its shelves at the frequency
of half the gain, `LPQ` and `HPQ` its passes of 12 dB an octave. Two of these with the Qs of a
Butterworth filter are a pass of 24 dB an octave. There is none of 6 dB an octave, and no dry/wet
weight: a comment tells them.

Source: Equalizer APO's "Configuration reference", filter command.
"""

import math

from mixtrace.names import printable
from mixtrace.processors import NodeSettings

__all__ = ["room_eq"]

_SHELF_Q = math.sqrt(0.5)
_PASS_QS = {
    12: (math.sqrt(0.5),),
    24: (0.5 / math.cos(math.pi / 8.0), 0.5 / math.sin(math.pi / 8.0)),
}
_LEAST_DB = 0.005
"""Below this a gain would be written as zero."""


def room_eq(name: str, settings: NodeSettings) -> tuple[str, tuple[str, ...]]:
    """Return the text of a parametric EQ, and what it cannot say.

    Args:
        name: of the channel it stands on.
        settings: those of the EQ.
    """
    filters, unsaid = [], []
    for kind, word in (("high_pass", "HPQ"), ("low_pass", "LPQ")):
        slope = round(settings.number(f"{kind}_db_per_octave"))
        hz = settings.number(f"{kind}_hz")
        filters += [f"{word} Fc {hz:.2f} Hz Q {q:.4f}" for q in _PASS_QS.get(slope, ())]
        if slope == 6:
            unsaid.append(f"a {kind.replace('_', '-')} at {hz:.2f} Hz of 6 dB an octave")
    for kind, word in (("low_shelf", "LSC"), ("high_shelf", "HSC")):
        hz, gain_db = (settings.number(f"{kind}_{unit}") for unit in ("hz", "db"))
        filters += _with_gain(word, hz, gain_db, _SHELF_Q)
    bells = (settings.array(f"bell_{unit}") for unit in ("hz", "db", "q"))
    for hz, gain_db, q in zip(*bells, strict=True):
        filters += _with_gain("PK", hz, gain_db, q)
    if settings.wet != 1.0:
        share = 100.0 * settings.wet
        unsaid.append(f"a dry/wet weight of {share:.1f} %: the filters are those of the EQ alone")
    lines = [
        f"# The parametric EQ of {printable(name)}.",
        *(f"# Not in these filters: {words}." for words in unsaid),
        "Preamp: 0.0 dB",
        *(f"Filter {number}: ON {words}" for number, words in enumerate(filters, 1)),
    ]
    return "".join(f"{line}\n" for line in lines), tuple(unsaid)


def _with_gain(word: str, hz: float, gain_db: float, q: float) -> list[str]:
    if abs(gain_db) < _LEAST_DB:
        return []
    return [f"{word} Fc {hz:.2f} Hz Gain {gain_db:.2f} dB Q {q:.4f}"]
