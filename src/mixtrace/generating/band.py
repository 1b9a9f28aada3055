"""Who plays in a song: four to twelve tracks of drums, bass, keys, guitars and voices."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

__all__ = ["BANDS", "FEWEST_TRACKS", "INSTRUMENTS", "MOST_TRACKS", "Instrument", "draw_band"]

FEWEST_TRACKS, MOST_TRACKS = 4, 12


@dataclass(frozen=True)
class Instrument:
    """A track.

    Attributes:
        name: of the track.
        group: of its bus.
        family: whose habits its mix follows.
        recorded: whether a microphone or an amplifier adds noise.
        joins: how often it joins a band, against the others.
    """

    name: str
    group: str
    family: str
    recorded: bool = True
    joins: float = 1.0


INSTRUMENTS = {
    instrument.name: instrument
    for instrument in (
        Instrument("kick", "drums", "kick", joins=3.0),
        Instrument("snare", "drums", "snare", joins=3.0),
        Instrument("hihat", "drums", "overheads", joins=2.0),
        Instrument("toms", "drums", "toms"),
        Instrument("overheads", "drums", "overheads"),
        Instrument("percussion", "drums", "percussion"),
        Instrument("bass", "bass", "bass"),
        Instrument("epiano", "keys", "keys"),
        Instrument("organ", "keys", "keys"),
        Instrument("pad", "keys", "pad", recorded=False),
        Instrument("arpeggio", "keys", "keys", recorded=False),
        Instrument("lead", "keys", "lead", recorded=False),
        Instrument("guitar", "guitars", "guitar", joins=2.0),
        Instrument("guitar double", "guitars", "guitar"),
        Instrument("voice", "vocals", "vocal", joins=3.0),
        Instrument("backing", "vocals", "backing"),
    )
}
"""All of them, in the order in which they stand in a song."""

BANDS = (
    ("kick", "snare", "bass", "voice"),
    ("kick", "bass", "guitar", "voice"),
    ("snare", "bass", "epiano", "voice"),
    ("percussion", "bass", "guitar", "voice"),
    ("kick", "bass", "pad", "lead"),
    ("kick", "bass", "arpeggio", "voice"),
)
"""Who is there first; others join."""

_NEEDS = {
    "overheads": ("kick", "snare"),
    "toms": ("kick", "snare"),
    "guitar double": ("guitar",),
    "backing": ("voice",),
}
"""Who has to be there before another one joins."""


def draw_band(rng: Generator) -> list[Instrument]:
    """Return the tracks of a song, in the order of `INSTRUMENTS`."""
    band = list(BANDS[int(rng.integers(len(BANDS)))])
    count = int(rng.integers(FEWEST_TRACKS, MOST_TRACKS + 1))
    while len(band) < count:
        able = [
            instrument
            for name, instrument in INSTRUMENTS.items()
            if name not in band and all(each in band for each in _NEEDS.get(name, ()))
        ]
        often = np.array([instrument.joins for instrument in able])
        band.append(able[int(rng.choice(len(able), p=often / often.sum()))].name)
    return [instrument for name, instrument in INSTRUMENTS.items() if name in band]
