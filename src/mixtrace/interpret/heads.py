"""The head of a strip: all up to a saturation, behind which everything is linear again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.interpret.bending import Bending, bend
from mixtrace.interpret.mixed import Gain, Mixed
from mixtrace.interpret.movement import Moving
from mixtrace.interpret.nodes import equalized
from mixtrace.interpret.rides import ridden
from mixtrace.interpret.strips import Fixed
from mixtrace.processors import NodeSettings
from mixtrace.session import Track

__all__ = ["Head", "read_head"]

_AS_GOOD = 1.02
"""Times the error with compressor and saturation: what a saturation alone may leave to do."""


@dataclass(frozen=True, eq=False)
class Head:
    """What bends a track, and all in front of it.

    Attributes:
        chain: the processors in order; the saturation is the last one.
        sound: of the track behind it.
    """

    chain: Sequence[NodeSettings]
    sound: Float[Tensor, "channel time"]

    def through(self, track: Track) -> Track:
        """Return the track behind the head."""
        return replace(track, kept=self.sound.numpy())


def read_head(mixed: Mixed, name: str, fixed: Fixed, moving: Moving) -> Head | None:
    """Return the head of a track; None where nothing bends it. Its ride stands behind the head."""
    still: Gain = np.ones(mixed.frames)
    ride = still if moving.ride is None else ridden(moving.ride, mixed.frames)
    own = mixed.gains.get((name,), still) / ride
    level = own / max(float(np.median(own)), 1e-6)
    behind_it = torch.from_numpy(mixed.over_time(mixed.gain(name, [(name,)]) * ride))
    dry = mixed.dry(name)

    def entering(gain: Gain) -> Float[Tensor, "channel time"]:
        sound = dry * torch.from_numpy(mixed.over_time(gain))
        return sound if fixed.equalizer is None else equalized(sound, fixed.equalizer, mixed.rate)

    def placed(sound: Float[Tensor, "channel time"]) -> Float[Tensor, "2 time"]:
        return mixed.whitening.apply(fixed.placed(sound * behind_it)) * mixed.heard

    whole = mixed.part((name,))
    direct = placed(entering(own))
    target = mixed.whitening.apply(mixed.rest + whole) * mixed.heard
    target = target - (mixed.whitening.apply(whole) * mixed.heard - direct)
    bending = Bending(placed, target, mixed.rate)
    steady, moved = entering(still), entering(level)
    alone = bending.read(steady)
    both = bending.read(moved) if moving.dynamics else None
    least = min([bending.left(moved), *(one.left for one in (alone, both) if one is not None)])
    if alone is not None and alone.left <= _AS_GOOD * least:
        found, sound, dynamics = alone, steady, ()
    elif both is not None and both.left <= least:
        found, sound, dynamics = both, moved, moving.dynamics
    else:
        return None
    before = [one.settings for one in dynamics if one.hears == "dry"]
    behind = [one.settings for one in dynamics if one.hears != "dry"]
    tone = [] if fixed.equalizer is None else [fixed.equalizer]
    bent = bend(sound, found.settings.number("drive_db"), mixed.rate)
    return Head([*before, *tone, *behind, found.settings], bent)
