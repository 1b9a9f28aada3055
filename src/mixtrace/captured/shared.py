"""Which tracks may share a gain, and what they were found to share."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.captured.curves import LevelCurve
from mixtrace.captured.factors import Factor
from mixtrace.session import Track

__all__ = ["MASTER", "SharedGain", "decibels", "moves", "sets_of", "shared_gains"]

MASTER = "master"


@dataclass(frozen=True, eq=False)
class SharedGain:
    """A gain that several tracks have in common: their bus's, or the master's.

    Attributes:
        name: of the group, or `MASTER`.
        tracks: names of the tracks.
        curve: of the gain over the level of the sum of what the tracks give to the mix; None
            where it does not follow it.
        ride_db: over the song, a value each frame: what of the gain does not follow a level.
        gain_db: curve and ride together; 0 dB is the mean by energy.
    """

    name: str
    tracks: tuple[str, ...]
    curve: LevelCurve | None
    ride_db: Float[Tensor, " frame"]
    gain_db: Float[Tensor, " frame"]

    @classmethod
    def of(
        cls,
        name: str,
        places: tuple[int, ...],
        tracks: Sequence[Track],
        time_s: Float[Tensor, " frame"],
        factors: Sequence[Factor],
    ) -> "SharedGain":
        """Return what exactly these tracks share."""
        curve = None
        ride, gain = torch.ones(len(time_s)), torch.ones(len(time_s))
        for factor in factors:
            if factor.tracks != places:
                continue
            ride, gain = factor.ride_over(time_s), factor.gain(time_s)
            if factor.shape.ballistics is not None:
                curve = LevelCurve(
                    factor.shape.ballistics,
                    tuple(factor.shape.curve.knots.tolist()),
                    tuple(decibels(factor.curve).tolist()),
                    factor.worth,
                )
        names = tuple(tracks[k].name for k in places)
        return cls(name, names, curve, decibels(ride), decibels(gain))


def sets_of(groups: Sequence[str]) -> dict[tuple[int, ...], str]:
    """Return the sets of tracks that may share a gain, and their names.

    >>> sets_of(["drums", "drums", "bass"])
    {(0, 1, 2): 'master', (0, 1): 'drums', (0,): '', (1,): '', (2,): ''}
    """
    every = tuple(range(len(groups)))
    sets = {(k,): "" for k in every}
    if len(every) < 2:
        return sets
    buses = {}
    for group in dict.fromkeys(groups):
        members = tuple(k for k in every if groups[k] == group)
        if 1 < len(members) < len(every):
            buses[members] = group
    return {every: MASTER} | buses | sets


def shared_gains(
    tracks: Sequence[Track], time_s: Float[Tensor, " frame"], factors: Sequence[Factor]
) -> tuple[SharedGain, ...]:
    """Return the gains that move and belong to more than one track."""
    sets = sets_of([track.group for track in tracks])
    found = {factor.tracks for factor in factors if len(factor.tracks) > 1}
    return tuple(
        SharedGain.of(name, places, tracks, time_s, factors)
        for places, name in sets.items()
        if places in found
    )


def decibels(gain: Float[Tensor, " frame"]) -> Float[Tensor, " frame"]:
    """Return a gain in dB."""
    return 20.0 * torch.log10(gain)


def moves(gain: Float[Tensor, " frame"]) -> bool:
    """Say whether a gain is anything but 1."""
    return bool((gain != 1).any())
