"""Saturation: told from a linear strip by what it adds to the mix beside the sound itself.

The direct sound of a track is bent behind its EQ, in front of its fader and reverb, by curves of
ever other drives. A track that was not bent explains less of the mix with every drive; one that was
explains more, up to about its own.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from scipy.optimize import minimize_scalar
from torch import Tensor

from mixtrace.dsp import saturate
from mixtrace.interpret.nodes import node_of
from mixtrace.processors import NodeSettings

__all__ = ["Bending", "Bent", "bend"]

_RE_RMS_DB = (-18.0, -12.0, -6.0)
"""Drives that are tried first, where 0 would take the sound's RMS to full scale."""

_HARDER_DB = 9.0
_TRIES = 8
_WORTH = 0.985
"""Of the error: what may be left for a saturation to be one. Tracks of known songs that were not
bent stay above .993."""

_LONGEST_S = 15.0


@dataclass(frozen=True, eq=False)
class Bent:
    """A saturation that was read.

    Attributes:
        settings: its dials.
        left: energy of the error that is left.
    """

    settings: NodeSettings
    left: float


class Bending:
    """A question: what has bent the direct sound of a track?"""

    def __init__(
        self,
        placed: Callable[[Float[Tensor, "channel time"]], Float[Tensor, "2 time"]],
        target: Float[Tensor, "2 time"],
        sample_rate_hz: float,
    ) -> None:
        """Ask it where the sound is loudest.

        Args:
            placed: from a sound to what it gives to the mix, whitened.
            target: what the mix has of the sound, whitened.
            sample_rate_hz: the rate.
        """
        self._rate, self._placed = sample_rate_hz, placed
        longest = round(_LONGEST_S * sample_rate_hz)
        start = _loudest(target, longest)
        self._part = slice(start, start + longest)
        self._target = target[:, self._part]
        self._energy = float(self._target.square().sum())

    def left(self, sound: Float[Tensor, "channel time"]) -> float:
        """Return the energy of the error that a sound leaves at its best level."""
        mixed = self._placed(sound)[:, self._part]
        common = float((mixed * self._target).sum())
        return max(self._energy - common**2 / max(float(mixed.square().sum()), 1e-20), 1e-20)

    def read(self, sound: Float[Tensor, "channel time"]) -> Bent | None:
        """Return the saturation that a sound went through; None where it went through none."""
        straight = self.left(sound)
        rms_db = 10.0 * math.log10(float(sound.square().mean()) + 1e-12)

        def share(drive_db: float) -> float:
            return self.left(bend(sound, drive_db, self._rate)) / straight

        tried = {drive: share(drive) for drive in (re_db - rms_db for re_db in _RE_RMS_DB)}
        best = min(tried, key=tried.__getitem__)
        if tried[best] > _WORTH:
            return None
        around = (best - _HARDER_DB, best + _HARDER_DB)
        options = {"maxiter": _TRIES, "xatol": 0.3}
        found = minimize_scalar(share, bounds=around, method="bounded", options=options)
        least, drive_db = min((float(found.fun), float(found.x)), (tried[best], best))
        settings = node_of("saturation", drive_db=drive_db, bias=0.0)
        return Bent(settings, least * straight)


def bend(
    sound: Float[Tensor, "channel time"], drive_db: float, sample_rate_hz: float
) -> Float[Tensor, "channel time"]:
    """Return a sound behind a saturation without bias."""
    drive, bias = torch.tensor([drive_db]), torch.zeros(1)
    return saturate(sound[None], drive, bias, sample_rate_hz)[0]


def _loudest(target: Float[Tensor, "2 time"], samples: int) -> int:
    """Return where the loudest stretch of so many samples begins."""
    total = torch.cumsum(target.square().sum(0, dtype=torch.float64), 0)
    if len(total) <= samples:
        return 0
    return int((total[samples:] - total[:-samples]).argmax())
