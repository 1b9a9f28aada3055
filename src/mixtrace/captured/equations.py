"""The normal equations of impulse responses, and their solution by conjugate gradients.

y_o(t) = sum_k sum_tau h_ok(tau) x_k(t - tau) + e, with `lead` taps before time zero. The equations
are block Toeplitz: a product with them is a K x K matrix for each bin of a circle of twice the
taps. The preconditioner is the inverse of that matrix, its correlations tapered by a triangle: cut
correlations are not positive definite bin by bin.

Where samples are held out the equations are Toeplitz no more. `HeldOut` multiplies by them exactly,
block by block of the song; the Toeplitz equations of what is left remain the preconditioner.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mixtrace.captured.correlations import correlate
from mixtrace.captured.normal_kernels import TILE, hermitian_product_kernel
from mixtrace.loops import over_rows

__all__ = ["Equations", "HeldOut", "Toeplitz", "equations_of", "solve"]

_EXACT = 1e-4  # of what the wanted taps measure, in the preconditioner's norm
_INVERT_AT_ONCE_BYTES = 200_000_000


@runtime_checkable
class Equations(Protocol):
    """What a solution needs of normal equations without their ridge."""

    @property
    def wanted(self) -> Float[Tensor, "output input taps"]:
        """Correlations of the inputs with the outputs at the lags of the taps."""
        ...

    def product(self, h: Float[Tensor, "output input taps"]) -> Tensor:
        """Return the equations' matrix times the taps."""
        ...


@dataclass(frozen=True, eq=False)
class Toeplitz:
    """Equations over a whole song, silent beyond its ends.

    Attributes:
        wanted: correlations of the inputs with the outputs at the lags of the taps.
        power: energy of each input.
        lower: the spectra of the correlations of inputs, [pair, bin] of the circle, row after row
            of the lower half.
        tapered: the same under a triangle.
    """

    wanted: Float[Tensor, "output input taps"]
    power: Float[Tensor, " input"]
    lower: np.ndarray
    tapered: np.ndarray

    def product(self, h: Float[Tensor, "output input taps"]) -> Tensor:
        """Return the equations' matrix times the taps."""
        return _through(self.lower, h)

    def easing(self, ridge: Float[Tensor, "output input taps"]) -> Callable[[Tensor], Tensor]:
        """Return the product with the preconditioner for a ridge."""
        inputs, bins = len(self.power), self.tapered.shape[1]
        rows, columns = np.tril_indices(inputs)
        mean_ridge = ridge.mean((0, 2))
        inverse = np.empty_like(self.tapered)
        at_once = max(1, _INVERT_AT_ONCE_BYTES // (8 * inputs * inputs))
        for first in range(0, bins, at_once):
            part = torch.from_numpy(self.tapered[:, first : first + at_once])
            matrix = torch.zeros((part.shape[1], inputs, inputs), dtype=part.dtype)
            matrix[:, columns, rows] = part.T.conj()
            matrix[:, rows, columns] = part.T
            matrix += torch.diag(mean_ridge)
            inverse[:, first : first + at_once] = torch.linalg.inv(matrix)[:, rows, columns].T
        return lambda h: _through(inverse, h)


def equations_of(
    dry: Float[Tensor, "input time"], wet: Float[Tensor, "output time"], taps: int, lead: int
) -> Toeplitz:
    """Return the normal equations of the responses from inputs to outputs.

    Args:
        dry: none of them silent.
        wet: as long.
        taps: even.
        lead: how many of the taps lie before time zero.
    """
    inputs, circle = len(dry), 2 * taps
    known = correlate(dry, wet, taps)
    wanted = known[:, inputs:].permute(1, 0, 2)
    wanted = torch.cat((wanted[..., circle - lead :], wanted[..., : taps - lead]), -1)
    rows, columns = np.tril_indices(inputs)
    lag = torch.arange(circle)
    triangle = 1 - torch.minimum(lag, circle - lag) / taps
    lower, tapered = (
        np.empty((len(rows), taps + 1), np.complex64),
        np.empty((len(rows), taps + 1), np.complex64),
    )
    for pair, (row, column) in enumerate(zip(rows, columns, strict=True)):
        # known[k, l] correlates x_l after x_k, so that its spectrum is conj(X_k) X_l
        lower[pair] = torch.fft.rfft(known[row, column]).numpy()
        tapered[pair] = torch.fft.rfft(known[row, column] * triangle).numpy()
    each = torch.arange(inputs)
    return Toeplitz(wanted.contiguous(), known[each, each, 0].clone(), lower, tapered)


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Equations over the samples of a song that are not held out.

    Attributes:
        dry: the inputs, whole.
        heard: whether a sample counts.
        taps: of the responses.
        lead: how many of them lie before time zero.
        wanted: correlations of the inputs with what counts of the outputs.
    """

    dry: Float[Tensor, "input time"]
    heard: Bool[Tensor, " time"]
    taps: int
    lead: int
    wanted: Float[Tensor, "output input taps"]

    @classmethod
    def of(
        cls,
        dry: Float[Tensor, "input time"],
        wet: Float[Tensor, "output time"],
        heard: Bool[Tensor, " time"],
        taps: int,
        lead: int,
    ) -> "HeldOut":
        """Return the equations of the responses from inputs to outputs."""
        empty = cls(dry, heard, taps, lead, torch.zeros((len(wet), len(dry), taps)))
        wanted = empty.wanted
        for first, spectra in empty._blocks():
            wanted += empty._correlated(first, wet[:, first : first + taps], spectra)
        return empty

    def product(self, h: Float[Tensor, "output input taps"]) -> Tensor:
        """Return the equations' matrix times the taps."""
        into = torch.fft.rfft(h, 2 * self.taps)
        total = torch.zeros_like(h)
        for first, spectra in self._blocks():
            made = torch.fft.irfft((into * spectra).sum(1), 2 * self.taps)[..., self.taps :]
            total += self._correlated(first, made, spectra)
        return total

    def _blocks(self) -> Iterator[tuple[int, Tensor]]:
        """Yield the start of each block that counts and the spectra of what its outputs hear."""
        taps, time = self.taps, self.dry.shape[-1]
        for first in range(0, time, taps):
            if not bool(self.heard[first : first + taps].any()):
                continue
            start = first - taps + self.lead
            begin, end = max(start, 0), min(start + 2 * taps, time)
            heard = torch.zeros((len(self.dry), 2 * taps))
            heard[:, begin - start : end - start] = self.dry[:, begin:end]
            yield first, torch.fft.rfft(heard)

    def _correlated(self, first: int, outputs: Tensor, spectra: Tensor) -> Tensor:
        """Return what a block's outputs add to the correlations with the inputs."""
        taps = self.taps
        count = min(taps, self.dry.shape[-1] - first)
        error = torch.zeros((len(outputs), 2 * taps))
        error[:, taps : taps + count] = outputs[:, :count] * self.heard[first : first + count]
        product = torch.fft.rfft(error)[:, None] * spectra.conj()
        return torch.fft.irfft(product, 2 * taps)[..., :taps]


def solve(
    equations: Equations,
    ridge: Float[Tensor, "output input taps"],
    easing: Callable[[Tensor], Tensor],
    turns: int,
    start: Float[Tensor, "output input taps"] | None = None,
) -> Float[Tensor, "output input taps"]:
    """Return the taps that minimise the squared error plus the ridge times their squares.

    Args:
        equations: what is to be solved.
        ridge: positive.
        easing: the preconditioner.
        turns: the most turns of conjugate gradients.
        start: where to begin; None for silence.
    """
    wanted = equations.wanted
    h = torch.zeros_like(wanted) if start is None else start.clone()
    rest = wanted if start is None else wanted - (equations.product(h) + ridge * h)
    enough = _EXACT**2 * float((wanted * easing(wanted)).sum())
    eased = easing(rest)
    way, left = eased, float((rest * eased).sum())
    for _ in range(turns):
        if left <= enough:
            break
        image = equations.product(way) + ridge * way
        step = left / float((way * image).sum())
        h, rest = h + step * way, rest - step * image
        eased = easing(rest)
        before, left = left, float((rest * eased).sum())
        way = eased + (left / before) * way
    return h


def _through(lower: np.ndarray, h: Float[Tensor, "output input taps"]) -> Tensor:
    """Return the product of Hermitian matrices, one a bin, with taps on a circle of twice them."""
    taps = h.shape[-1]
    spectra = torch.fft.rfft(h, 2 * taps)
    products = torch.empty_like(spectra)
    tiles = -(-spectra.shape[-1] // TILE)
    over_rows(hermitian_product_kernel, tiles, lower, spectra.numpy(), products.numpy())
    return torch.fft.irfft(products, 2 * taps)[..., :taps]
