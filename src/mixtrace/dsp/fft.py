"""Fourier transforms of real audio: lengths that they handle well, and their gradient."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
from jaxtyping import Complex, Float
from torch import Tensor

__all__ = ["adjoint_spectrum", "fast_length", "real_signal", "real_spectrum"]


@lru_cache(maxsize=256)
def fast_length(minimum: int) -> int:
    """Return the smallest 2^a 3^b 5^c, a >= 5, that is at least `minimum`.

    Powers of two are cheapest, factors of three and five nearly so, larger primes up to ten times
    dearer; the factor of 32 keeps vector instructions busy.

    >>> fast_length(173_999)
    180000
    >>> fast_length(1)
    32
    """
    best = 1 << max(5, (max(minimum, 1) - 1).bit_length())
    five = 1
    while five < best:
        three = five
        while three < best:
            quotient = -(-minimum // three)
            candidate = three << max(5, (quotient - 1).bit_length())
            if minimum <= candidate < best:
                best = candidate
            three *= 3
        five *= 5
    return best


def real_spectrum(
    audio: Float[Tensor, "*batch time"], fft_length: int
) -> Complex[Tensor, "*batch bin"]:
    """Return `torch.fft.rfft(audio, fft_length)`, with a gradient that costs no more than it.

    Automatic differentiation of the same goes through a complex transform of the whole circle.

    Args:
        audio: real signals, no longer than the transform.
        fft_length: the transform's length, even.
    """
    return _RealSpectrum.apply(audio, fft_length)


def real_signal(
    spectrum: Complex[Tensor, "*batch bin"], fft_length: int
) -> Float[Tensor, "*batch time"]:
    """Return `torch.fft.irfft(spectrum, fft_length)`; the length is even."""
    return _in_company(lambda rows: torch.fft.irfft(rows, fft_length), spectrum)


def adjoint_spectrum(
    gradient: Complex[Tensor, "*batch bin"], fft_length: int
) -> Float[Tensor, "*batch time"]:
    """Return the gradient of a real signal of `fft_length` samples from that of its spectrum."""
    gradient = gradient.contiguous()
    # The inverse transform counts every bin twice but the first and the last: so must we.
    ends = gradient[..., :: fft_length // 2]
    single = ends.clone()
    ends.mul_(2.0)
    signal = _in_company(
        lambda rows: torch.fft.irfft(rows, fft_length, norm="forward").mul_(0.5), gradient
    )
    ends.copy_(single)
    return signal


class _RealSpectrum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, audio: Tensor, fft_length: int) -> Tensor:
        ctx.time, ctx.fft_length = audio.shape[-1], fft_length
        return _in_company(lambda rows: torch.fft.rfft(rows, fft_length), audio)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return adjoint_spectrum(gradients[0], ctx.fft_length)[..., : ctx.time], None


def _in_company(transform: Callable[[Tensor], Tensor], batch: Tensor) -> Tensor:
    """Return what a transform makes of a batch, a lone row beside one of zeros.

    The processor's library mostly takes longer for one long row than for two. The row is copied
    from the pair, lest who keeps it keep both.
    """
    if batch.device.type != "cpu" or batch.numel() != batch.shape[-1]:
        return transform(batch)
    row = batch.reshape(1, -1)
    alone = transform(torch.cat([row, torch.zeros_like(row)]))[:1].clone()
    return alone.view(*batch.shape[:-1], -1)
