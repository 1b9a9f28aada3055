"""Cascades of second-order sections (see `dsp/sections.py`) as responses and as taps."""

import math
from typing import Any

import torch
from jaxtyping import Complex, Float
from torch import Tensor

from mixtrace.dsp import cascade_kernels as kernels
from mixtrace.dsp.fft import fast_length
from mixtrace.loops import over_rows

__all__ = ["cascade_response", "cascade_taps", "cascade_taps_reference", "ringing_s"]


def cascade_response(
    sections: Float[Tensor, "*batch section 6"], points: int, dtype: torch.dtype
) -> Complex[Tensor, "*batch bin"]:
    """Return the product of the sections' responses at the bins of a real transform.

    c0 + c1 z⁻¹ + c2 z⁻² = z⁻¹ [(c0 + c1 + c2) - 2 (c0 + c2) sin²(ω/2) + j (c0 - c2) sin ω]: no sum
    in it loses digits near 0 Hz, so float32 carries low sections too.

    Args:
        sections: rows (b0, b1, b2, 1, a1, a2) in float64.
        points: length of the transform; bins are at k rate / points Hz, k = 0 .. points // 2.
        dtype: float32 or float64, that of the response's parts.
    """
    omega = 2.0 * math.pi / points * torch.arange(points // 2 + 1, dtype=torch.float64)
    omega = omega.to(sections.device)
    square, sine = torch.sin(omega / 2.0).square().to(dtype), torch.sin(omega).to(dtype)

    def polynomial(c: Tensor) -> Tensor:
        total, ends, odd = c.sum(-1), -2.0 * (c[..., 0] + c[..., 2]), c[..., 0] - c[..., 2]
        total, ends, odd = (part.to(dtype)[..., None] for part in (total, ends, odd))
        return torch.complex(total + ends * square, odd * sine)

    result = None
    for section in sections.unbind(-2):
        response = polynomial(section[..., :3]) / polynomial(section[..., 3:])
        result = response if result is None else result * response
    assert result is not None, "a cascade has at least one section"
    return result


def cascade_taps(
    sections: Float[Tensor, "*batch section 6"], length: int, dtype: torch.dtype
) -> Float[Tensor, "*batch time"]:
    """Return the start of a cascade's impulse response.

    Args:
        sections: rows (b0, b1, b2, 1, a1, a2) in float64.
        length: samples to return.
        dtype: float32 or float64, that of the taps.
    """
    if sections.device.type != "cpu":
        return cascade_taps_reference(sections, length, dtype)
    taps = _Ring.apply(sections.flatten(0, -3).contiguous(), length)
    return taps.unflatten(0, sections.shape[:-2]).to(dtype)  # type: ignore[union-attr]


def cascade_taps_reference(
    sections: Float[Tensor, "*batch section 6"], length: int, dtype: torch.dtype
) -> Float[Tensor, "*batch time"]:
    """Compute what `cascade_taps` computes with tensor operations alone, on any device.

    The response is sampled on a circle of at least twice the length. What rings longer than the
    circle falls onto the start: where `ringing_s` fits into the length, the circle's end is below
    -160 dB and the cut leaves -80 dB beside what rings at the start.
    """
    points = fast_length(2 * length)
    return torch.fft.irfft(cascade_response(sections, points, dtype), n=points)[..., :length]


class _Ring(torch.autograd.Function):
    """The impulse responses [row, time] of sections [row, section, 6] in series."""

    @staticmethod
    def forward(ctx: Any, sections: Tensor, length: int) -> Tensor:
        ctx.save_for_backward(sections)
        taps = sections.new_empty((len(sections), length))
        over_rows(kernels.ring_forward, len(sections), sections.numpy(), taps.numpy())
        return taps

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (sections,) = ctx.saved_tensors
        result = torch.empty_like(sections)
        arrays = (tensor.numpy() for tensor in (sections, gradients[0].contiguous(), result))
        over_rows(kernels.ring_backward, len(sections), *arrays)
        return result, None


def ringing_s(lowest_hz: float, highest_q: float, *, highest_gain_db: float = 0.0) -> float:
    """Return how long a section rings until it is down 80 dB, in seconds.

    exp(-π f t / Q) for a pair of poles of frequency f; two real poles (Q < .5) decay as the slower.

    Args:
        lowest_hz: the lowest frequency of the poles: of passes and bells the dialled one, of a
            shelf that times 10^(-|gain| / 80).
        highest_q: the highest Q as dialled.
        highest_gain_db: the highest boost of a bell; its poles' Q is 10^(gain / 40) times its own.

    >>> round(ringing_s(20.0, 0.7071), 3)
    0.104
    """
    q = highest_q * 10.0 ** (max(highest_gain_db, 0.0) / 40.0)
    half_width = 0.5 / q
    slower = half_width - math.sqrt(max(half_width**2 - 1.0, 0.0))
    return math.log(1e4) / (2.0 * math.pi * lowest_hz * slower)
