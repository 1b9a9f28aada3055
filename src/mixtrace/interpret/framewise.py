"""How well a gain over time explains the mix, from energies of frames alone.

z is what some tracks give to the mix without the gain that is asked for, t what the mix has of
them, both whitened. Under a gain g that hardly moves within a frame the error is
sum_n A[n] g[n]² - 2 B[n] g[n] + sum t², with A = sum z² and B = sum z t over the frame: once these
are known, a gain costs nothing to try. The level that serves a gain best is (sum B g) / (sum A g²).
"""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

__all__ = ["FRAME_S", "Explained", "Framewise", "framed"]

FRAME_S = 0.005


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
        part, target = (framed(audio, round(FRAME_S * sample_rate_hz)) for audio in (part, target))
        self.own: Float[np.ndarray, " frame"] = _summed(part.square())
        self.common: Float[np.ndarray, " frame"] = _summed(part * target)
        self.energy = float(target.square().sum(dtype=torch.float64))
        self.constant = self._left(np.ones(len(self.own)))[0]

    def explained(self, gain: Float[np.ndarray, " frame"]) -> Explained:
        """Return what a gain as an amplitude leaves, at its best level."""
        left, level = self._left(gain)
        return Explained(left / max(self.constant, 1e-30), level)

    def under(self, gain: Float[np.ndarray, " frame"]) -> "Framewise":
        """Return the same of a part that already has a gain."""
        other = Framewise.__new__(Framewise)
        other.own, other.common = self.own * gain**2, self.common * gain
        other.energy, other.constant = self.energy, self.constant
        return other

    def _left(self, gain: Float[np.ndarray, " frame"]) -> tuple[float, float]:
        common = float(self.common @ gain)
        own = max(float(self.own @ gain**2), 1e-30)
        return self.energy - common**2 / own, common / own


def framed(
    audio: Float[Tensor, "channel time"], samples: int
) -> Float[Tensor, "channel frame samples"]:
    """Return whole frames of so many samples."""
    frames = audio.shape[-1] // samples
    return audio[:, : frames * samples].unflatten(-1, (frames, samples))


def _summed(values: Float[Tensor, "side frame sample"]) -> Float[np.ndarray, " frame"]:
    return values.sum((0, 2), dtype=torch.float64).numpy()
