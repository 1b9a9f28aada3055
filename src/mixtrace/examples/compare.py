"""Planted against found, chain by chain: which processors stand there, and what they do.

Two graphs may do the same with other numbers (a gain in the EQ or on the bus, a threshold behind
another gain), so what is compared is measured on audio, see `listen`.
"""

from dataclasses import dataclass

import numpy as np

from mixtrace.examples.listen import Facts, Listener, level_db
from mixtrace.examples.planting import Mixed, Place
from mixtrace.graph import INPUT
from mixtrace.session import Session

__all__ = ["PlantedAndFound", "compare"]

HEARD_DB = -40.0
"""Bands in which a track is weaker than this, re its strongest, do not count."""


@dataclass(frozen=True)
class PlantedAndFound:
    """One chain in the planted and in the found graph. Pairs are (planted, found).

    Levels and responses are those on the way from the chain's start to the mix, the chains that
    follow included, reverb and compression too.

    Attributes:
        name: of the track, bus or master.
        is_track: whether it is a track.
        planted, found: the kinds of the chain's processors, in order.
        response_difference_db: median of |planted - found| over both channels and the third
            octaves from 80 Hz to 10 kHz in which the track sounds.
        level_db: level in the mix over the dry level.
        pan_db: right over left in the mix.
        planted_facts, found_facts: what the compressor, the reverb and the delay do.
    """

    name: str
    is_track: bool
    planted: tuple[str, ...]
    found: tuple[str, ...]
    response_difference_db: float
    level_db: tuple[float, float]
    pan_db: tuple[float, float]
    planted_facts: Facts
    found_facts: Facts

    @property
    def missing(self) -> tuple[str, ...]:
        """The planted kinds that were not found."""
        return tuple(kind for kind in self.planted if kind not in self.found)

    @property
    def extra(self) -> tuple[str, ...]:
        """The found kinds that were not planted."""
        return tuple(kind for kind in self.found if kind not in self.planted)


def compare(planted: Mixed, found: Mixed, session: Session) -> list[PlantedAndFound]:
    """Compare two mixes of one song.

    Args:
        planted: the graph that made the mix, and its settings.
        found: the graph that a search found, and its settings.
        session: the song, for its dry tracks.

    Returns:
        A row for every track, then for every bus, in the planted graph's order, then for the
        master if only the found graph has one.

    Raises:
        GraphError: when a graph is not a console, whole or pruned.
    """
    ours, theirs = Listener(planted, session), Listener(found, session)
    return [_row(place, ours, theirs) for place in {**ours.chains, **theirs.chains}]


def _row(place: Place, planted: Listener, found: Listener) -> PlantedAndFound:
    entering = (planted if place in planted.chains else found).entering(place)
    total = entering.sum(0)
    heard = total >= total.max() * 10.0 ** (HEARD_DB / 10.0)
    ours_db, theirs_db = planted.response_db(place), found.response_db(place)
    ours, theirs = (entering * 10.0 ** (response / 10.0) for response in (ours_db, theirs_db))
    return PlantedAndFound(
        name=place[1],
        is_track=place[0] == INPUT,
        planted=planted.kinds(place),
        found=found.kinds(place),
        response_difference_db=float(np.median(np.abs(ours_db - theirs_db)[:, heard])),
        level_db=(_level_db(ours, entering), _level_db(theirs, entering)),
        pan_db=(_level_db(ours[1], ours[0]), _level_db(theirs[1], theirs[0])),
        planted_facts=planted.facts(place),
        found_facts=found.facts(place),
    )


def _level_db(power: np.ndarray, reference: np.ndarray) -> float:
    """Return all of a power over all of another in dB."""
    return level_db(float(power.sum()), float(reference.sum()))
