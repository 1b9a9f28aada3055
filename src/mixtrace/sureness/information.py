"""What the windows of a song tell of its settings: curvature, pulls and their covariance.

Near the settings found, z, the whitened error of the mix is r - J dz, with r that of the settings
as they are and J the derivatives. Least squares turns them by (J^T J)^-1 J^T r. The error is for
the most part what other engines do that ours cannot say, which is neither white nor even over the
song, so that the covariance is the sandwich of White (Econometrica 48, 1980), clustered as by
Liang and Zeger (Biometrika 73, 1986) in pieces of a second:

    C = (A + P)^-1 (B + P) (A + P)^-1,   A = J^T J / s^2,   B = sum over pieces of g g^T / s^4,

g = J^T r of a piece, s^2 the variance of the error, P the precision that the range of each setting
gives it where the song shows nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor

__all__ = ["Information", "Known"]


_UNSEEN = 1e-5
"""Settings that are turned together and change the mix by less than this share of the energy by
which they change it apart count as changing nothing: rounding changes it by a tenth of that."""


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of unconstrained values.

    Attributes:
        covariance: of the estimates.
        pull: by how much least squares would turn each.
    """

    covariance: Float64[np.ndarray, "setting setting"]
    pull: Float64[np.ndarray, " setting"]

    @property
    def deviation(self) -> Float64[np.ndarray, " setting"]:
        """The standard deviation of each value."""
        return np.sqrt(self.covariance.diagonal())

    @property
    def correlation(self) -> Float64[np.ndarray, "setting setting"]:
        """How the errors of the values go together, -1 to 1."""
        return self.covariance / np.outer(self.deviation, self.deviation)


@dataclass
class Information:
    """Sums over the pieces of a song.

    Attributes:
        settings: how many there are.
    """

    settings: int
    _curvature: np.ndarray = field(init=False)
    _scores: list[np.ndarray] = field(default_factory=list)
    _energy: float = 0.0
    _samples: int = 0

    def __post_init__(self) -> None:
        """Start with nothing known."""
        self._curvature = np.zeros((self.settings, self.settings))

    def add(
        self,
        error: Float[Tensor, "2 time"],
        change: Float[Tensor, "setting 2 time"],
        pieces: int,
    ) -> None:
        """Add a window.

        Args:
            error: the whitened mix less the whitened estimate.
            change: the derivatives of the whitened estimate.
            pieces: into how many pieces to cut it.
        """
        flat = change.flatten(1)
        self._curvature += (flat @ flat.T).double().cpu().numpy()
        lengths = zip(error.tensor_split(pieces, -1), change.tensor_split(pieces, -1), strict=True)
        self._scores += [
            torch.einsum("sct,ct->s", part, of).double().cpu().numpy() for of, part in lengths
        ]
        self._energy += float(error.double().square().sum())
        self._samples += error.numel()

    def known(self, spreads: Sequence[float], share: float) -> Known:
        """Return what is known of the values.

        Args:
            spreads: the standard deviation that the range of each gives it.
            share: of the song that was added; the rest is taken to tell as much.
        """
        seen = self._seen()
        scores = np.array(self._scores).reshape(-1, self.settings) @ seen
        pieces = max(2, len(scores))
        variance = self._energy / max(1, self._samples) + 1e-30
        meat = scores.T @ scores * pieces / (pieces - 1)
        # An error that is not white tells less than its samples count: by as much as the scores
        # of the settings that it touches vary more than white noise would make them.
        told = self._curvature.diagonal() > 1e-12 * max(self._curvature.diagonal().max(), 1e-30)
        excess = meat.diagonal()[told] / (self._curvature.diagonal()[told] * variance)
        variance *= max(1.0, float(np.median(excess)) if told.any() else 1.0)
        prior = np.diag(1.0 / np.square(np.asarray(spreads, np.float64)))
        curvature = seen.T @ self._curvature @ seen / (variance * share)
        inverse = np.linalg.inv(curvature + prior)
        covariance = inverse @ (meat / (variance**2 * share) + prior) @ inverse
        pull = inverse @ (scores.sum(0) / (variance * share))
        return Known(0.5 * (covariance + covariance.T), pull)

    def _seen(self) -> Float64[np.ndarray, "setting setting"]:
        """Return the projection on what changes the mix, each setting by as much as it does alone.

        Settings turned against one another change nothing but what single precision rounds.
        """
        scales = np.sqrt(np.maximum(self._curvature.diagonal(), 1e-30))
        values, vectors = np.linalg.eigh(self._curvature / np.outer(scales, scales))
        kept = vectors[:, values > _UNSEEN]
        return (kept @ kept.T) * scales / scales[:, None]
