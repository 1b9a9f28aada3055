"""The normal equations of impulse responses, and their solution by conjugate gradients.

y_o(t) = sum_k sum_tau h_ok(tau) x_k(t - tau) + e, with `lead` taps before time zero. The equations
are block Toeplitz: a product with them is a K x K matrix for each bin of a circle of twice the
taps. The preconditioner is the inverse of that matrix, its correlations tapered by a triangle: cut
correlations are not positive definite bin by bin.

Where samples are held out the equations are Toeplitz no more. `HeldOut` multiplies by them exactly,
block by block of the song; the Toeplitz equations of what is left remain the preconditioner.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Bool, Complex, Float
from torch import Tensor

from mixtrace.captured.channels import Signals, channels_of
from mixtrace.captured.correlations import later_lags
from mixtrace.captured.normal_kernels import TILE, hermitian_product_kernel
from mixtrace.loops import over_rows

__all__ = ["Equations", "HeldOut", "Toeplitz", "solve"]

_EXACT = 1e-4  # of what the wanted taps measure, in the preconditioner's norm
_INVERT_AT_ONCE_BYTES = 50_000_000
_PRECISION = 1e-6  # of an energy: what differences of sums in single precision can tell


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
        energy: of all outputs together.
        lower: the spectra of the correlations of inputs, [pair, part, bin] of the circle, real and
            imaginary part, row after row of the lower half.
    """

    wanted: Float[Tensor, "output input taps"]
    power: Float[Tensor, " input"]
    energy: float
    lower: np.ndarray

    @classmethod
    def of(
        cls, products: Complex[Tensor, "bin signal signal"], inputs: int, lead: int, taps: int
    ) -> "Toeplitz":
        """Return the equations of so many taps that products of inputs, then outputs, make up."""
        lower = np.empty((inputs * (inputs + 1) // 2, 2, taps + 1), np.float32)
        power = torch.empty(inputs)
        for k in range(inputs):
            # The circle correlates x_l after x_k, so that its spectrum is conj(X_k) X_l.
            later = later_lags(products[:, k, : k + 1])[:, :taps]
            earlier = later_lags(products[:, : k + 1, k])[:, 1:taps].flip(-1)
            circle = torch.cat((later, torch.zeros((k + 1, 1)), earlier), -1)
            power[k] = circle[k, 0]
            lower[k * (k + 1) // 2 : (k + 1) * (k + 2) // 2] = _apart(torch.fft.rfft(circle))
        after = later_lags(products[:, :inputs, inputs:])[..., : taps - lead]
        before = later_lags(products[:, inputs:, :inputs])[..., 1 : lead + 1].flip(-1)
        wanted = torch.cat((before, after.transpose(0, 1)), -1)
        energy = later_lags(products[:, inputs:, inputs:].diagonal(dim1=1, dim2=2))[:, 0]
        return cls(wanted, power, float(energy.sum()), lower)

    def product(self, h: Float[Tensor, "output input taps"]) -> Tensor:
        """Return the equations' matrix times the taps."""
        return _through(self.lower, h)

    def left(self, h: Float[Tensor, "output input taps"]) -> float:
        """Return the energy that the taps leave of the outputs, as far as single precision tells.

        |y - X h|^2 = |y|^2 - h (2 X'y - X'X h).
        """
        explained = (h.double() * (2 * self.wanted - self.product(h))).sum()
        return max(self.energy - float(explained), _PRECISION * self.energy)

    def easing(self, ridge: Float[Tensor, "output input taps"]) -> Callable[[Tensor], Tensor]:
        """Return the product with the preconditioner for a ridge."""
        inputs, bins = len(self.power), self.lower.shape[-1]
        inverse = self._tapered()
        rows, columns = np.tril_indices(inputs)
        mean_ridge = ridge.mean((0, 2))
        at_once = max(1, _INVERT_AT_ONCE_BYTES // (8 * inputs * inputs))
        for first in range(0, bins, at_once):
            part = torch.complex(*torch.from_numpy(inverse[..., first : first + at_once]).unbind(1))
            matrix = torch.zeros((part.shape[1], inputs, inputs), dtype=part.dtype)
            matrix[:, columns, rows] = part.T.conj()
            matrix[:, rows, columns] = part.T
            matrix += torch.diag(mean_ridge)
            inverted = torch.linalg.inv(matrix)[:, rows, columns].T
            inverse[..., first : first + at_once] = _apart(inverted)
        return lambda h: _through(inverse, h)

    def _tapered(self) -> np.ndarray:
        """Return the spectra of the correlations under a triangle."""
        pairs, _, bins = self.lower.shape
        lag = torch.arange(2 * (bins - 1))
        triangle = 1 - torch.minimum(lag, lag.flip(0) + 1) / (bins - 1)
        tapered = np.empty_like(self.lower)
        at_once = max(1, _INVERT_AT_ONCE_BYTES // (16 * bins))
        for first in range(0, pairs, at_once):
            part = torch.complex(*torch.from_numpy(self.lower[first : first + at_once]).unbind(1))
            under = torch.fft.irfft(part, len(lag)) * triangle
            tapered[first : first + at_once] = _apart(torch.fft.rfft(under))
        return tapered


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Equations over the samples of a song that are not held out.

    Attributes:
        spectra: of what the outputs of each block hear of the inputs.
        counted: which outputs of each block count.
        wanted: correlations of the inputs with what counts of the outputs.
    """

    spectra: Complex[Tensor, "block input bin"]
    counted: Bool[Tensor, "block taps"]
    wanted: Float[Tensor, "output input taps"]

    @classmethod
    def of(
        cls, dry: Signals, wet: Signals, heard: Bool[Tensor, " time"], taps: int, lead: int
    ) -> "HeldOut":
        """Return the equations of the responses from inputs to outputs."""
        dry, wet = channels_of(dry), channels_of(wet)
        counted = torch.nn.functional.pad(heard, (0, -dry.time % taps)).unflatten(-1, (-1, taps))
        blocks = torch.nonzero(counted.any(-1))[:, 0].tolist()
        spectra = torch.empty((len(blocks), len(dry), taps + 1), dtype=torch.complex64)
        for place, block in enumerate(blocks):
            start = (block - 1) * taps + lead
            spectra[place] = torch.fft.rfft(dry.part(start, start + 2 * taps))
        nothing = torch.zeros((len(wet), len(dry), taps))
        equations = cls(spectra, counted[blocks], nothing)
        outputs = (wet.part(block * taps, (block + 1) * taps) for block in blocks)
        return replace(equations, wanted=equations._correlated(outputs))

    def product(self, h: Float[Tensor, "output input taps"]) -> Tensor:
        """Return the equations' matrix times the taps."""
        taps = h.shape[-1]
        into = torch.fft.rfft(h, 2 * taps)
        made = (torch.fft.irfft((into * s).sum(1), 2 * taps)[:, taps:] for s in self.spectra)
        return self._correlated(made)

    def _correlated(self, outputs: Iterable[Tensor]) -> Tensor:
        """Return the correlations of the inputs with what counts of the outputs of each block."""
        count, inputs, taps = self.wanted.shape
        total = torch.zeros((count, inputs, taps + 1), dtype=torch.complex64)
        for block, counted, spectra in zip(outputs, self.counted, self.spectra, strict=True):
            error = torch.nn.functional.pad(block * counted, (taps, 0))
            total.addcmul_(torch.fft.rfft(error)[:, None], spectra.conj())
        return torch.fft.irfft(total, 2 * taps)[..., :taps]


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


def _apart(spectra: Complex[Tensor, "*pair bin"]) -> np.ndarray:
    """Return real and imaginary parts as [..., part, bin]."""
    return torch.stack((spectra.real, spectra.imag), -2).numpy()


def _through(lower: np.ndarray, h: Float[Tensor, "output input taps"]) -> Tensor:
    """Return the product of Hermitian matrices, one a bin, with taps on a circle of twice them."""
    taps = h.shape[-1]
    spectra = _apart(torch.fft.rfft(h, 2 * taps))
    products = np.empty_like(spectra)
    tiles = -(-spectra.shape[-1] // TILE)
    over_rows(hermitian_product_kernel, tiles, lower, spectra, products)
    made = torch.complex(*torch.from_numpy(products).unbind(-2))
    return torch.fft.irfft(made, 2 * taps)[..., :taps]
