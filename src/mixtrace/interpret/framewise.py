"""How well a gain over time explains the mix, from energies of frames alone.

z is what some tracks give to the mix without the gain that is asked for, t what the mix has of
them, both whitened. Under a gain g that hardly moves within a frame the error is
sum_n A[n] g[n]² - 2 B[n] g[n] + sum t², with A = sum z² and B = sum z t over the frame: once these
are known, a gain costs nothing to try. The level that serves a gain best is (sum B g) / (sum A g²).
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["Explained", "Framewise"]

_FRAME_S = 0.005


@dataclass(frozen=True)
class Explained:
    """What a gain leaves.

    Attributes:
        left: energy of the error over that under the best constant gain.
        level: the amplitude by which the gain has to be taken.
    """

    left: float
    level: float


class Framewise:
    """The energies of some tracks' part of a mix, a value a frame of 5 ms."""

    def __init__(
        self, part: Float[Tensor, "2 time"], target: Float[Tensor, "2 time"], sample_rate_hz: float
    ) -> None:
        """Take the energies.

        Args:
            part: what the tracks give to the mix without the gain, whitened.
            target: what the mix has of them, whitened.
            sample_rate_hz: the rate.
        """
        self.frame = round(_FRAME_S * sample_rate_hz)
        self.frames = part.shape[-1] // self.frame
        part, target = self._framed(part), self._framed(target)
        self._own = part.square().sum((0, 2), dtype=torch.float64)
        self._common = (part * target).sum((0, 2), dtype=torch.float64)
        self._all = float(target.square().sum(dtype=torch.float64))
        self._constant = self._left(torch.ones(self.frames, dtype=torch.float64))[0]

    def explained(self, gain: Float[Tensor, " time"]) -> Explained:
        """Return what a gain as an amplitude leaves, at its best level."""
        left, level = self._left(self._framed(gain[None])[0].mean(-1, dtype=torch.float64))
        return Explained(left / max(self._constant, 1e-30), level)

    def _left(self, gain: Float[Tensor, " frame"]) -> tuple[float, float]:
        common = float((self._common * gain).sum())
        own = max(float((self._own * gain.square()).sum()), 1e-30)
        return self._all - common**2 / own, common / own

    def _framed(self, audio: Float[Tensor, "side time"]) -> Float[Tensor, "side frame sample"]:
        return audio[:, : self.frames * self.frame].unflatten(-1, (self.frames, self.frame))
