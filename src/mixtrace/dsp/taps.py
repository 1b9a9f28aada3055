"""Delay taps whose positions can be learnt: hard in the forward direction, soft in the backward.

Source: Lee et al. 2025, arXiv 2509.15948, multitap delay: the inverse FFT of z^k, k = 0 .. N/2,
of a point z in the unit disk is a low-passed pulse that peaks where the angle of z points; its
gradient stands in for that of the one-hot tap.
"""

import math
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.dsp import taps_kernels as kernels
from mixtrace.dsp.fir import convolve
from mixtrace.loops import over_rows

__all__ = ["place_taps"]


def place_taps(
    turn: Float[Tensor, "*batch"],
    sharpness: Float[Tensor, "*batch"],
    taps: Float[Tensor, "*batch taps"],
    slot_samples: int,
) -> Float[Tensor, "*batch slot"]:
    """Return slots of silence with a short filter centred at each tap's position.

    Args:
        turn: position of the tap as a fraction of its slot, in [0, 1).
        sharpness: |z| in [0, 1]; shapes the gradient only.
        taps: the filter of each tap, odd length; what leaves the slot is cut off.
        slot_samples: length of a slot.
    """
    result = _PlaceTaps.apply(turn, sharpness, taps, slot_samples)
    assert isinstance(result, Tensor)
    return result


class _PlaceTaps(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, turn: Tensor, sharpness: Tensor, taps: Tensor, slot: int) -> Tensor:
        centre = torch.remainder(torch.round(turn.double() * slot).long(), slot)
        offset = torch.arange(taps.shape[-1], device=taps.device) - taps.shape[-1] // 2
        index = centre[..., None] + offset
        inside = (index >= 0) & (index < slot)
        index = index.clamp(0, slot - 1)
        result = taps.new_zeros((*turn.shape, slot))
        result.scatter_add_(-1, index, taps * inside)
        ctx.save_for_backward(turn, sharpness, taps, index, inside)
        ctx.slot = slot
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        (gradient,) = gradients
        turn, sharpness, taps, index, inside = ctx.saved_tensors
        grad_taps = torch.gather(gradient, -1, index) * inside
        on_cpu = gradient.device.type == "cpu"
        slopes = soft_gradient_compiled if on_cpu else soft_gradient_reference
        grad_turn, grad_sharpness = slopes(gradient.contiguous(), taps, turn, sharpness)
        return grad_turn, grad_sharpness, grad_taps, None


def soft_gradient_compiled(
    gradient: Tensor, taps: Tensor, turn: Tensor, sharpness: Tensor
) -> tuple[Tensor, Tensor]:
    """Do what `soft_gradient_reference` does in compiled loops."""
    slot = gradient.shape[-1]
    rows = gradient.flatten(0, -2)
    pulse_gradient = torch.empty_like(rows)
    colour = taps.detach().contiguous().flatten(0, -2)
    over_rows(kernels.correlate, len(rows), rows.numpy(), colour.numpy(), pulse_gradient.numpy())
    result = torch.empty((2, *turn.shape), dtype=turn.dtype)
    of_turn, of_sharpness = result.flatten(1).numpy()
    over_rows(
        kernels.soft_gradient,
        len(rows),
        torch.fft.rfft(pulse_gradient).numpy(),
        slot,
        turn.detach().contiguous().flatten().numpy(),
        sharpness.detach().contiguous().flatten().numpy(),
        of_turn,
        of_sharpness,
    )
    return result[0], result[1]


def soft_gradient_reference(
    gradient: Tensor, taps: Tensor, turn: Tensor, sharpness: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the gradient of the soft pulse h[n] = irfft(z^k) with respect to angle and radius.

    Correlating the gradient with the filter gives that of the pulse which the filter coloured. With
    G its rfft: dL = 1/N sum_k c_k Re(conj(G_k) d(z^k)), c = 1 at both ends, else 2,
    z^k = r^k exp(-2 pi j k turn), so d/dr = k r^(k-1) e^(..) and d/dturn = -2 pi j k z^k.
    """
    pulse_gradient = convolve(gradient, taps.flip(-1), taps.shape[-1] // 2)
    slot = pulse_gradient.shape[-1]
    transform = torch.fft.rfft(pulse_gradient)
    k = torch.arange(transform.shape[-1], dtype=turn.dtype, device=turn.device)
    weight = torch.full_like(k, 2.0 / slot)
    weight[0] = 1.0 / slot
    if slot % 2 == 0:
        weight[-1] = 1.0 / slot
    log_radius = torch.log(sharpness.clamp_min(1e-7))[..., None]
    magnitude = torch.exp((k - 1.0).clamp_min(0.0) * log_radius)
    phase = torch.polar(magnitude * k * weight, -2.0 * math.pi * k * turn[..., None])
    product = (transform.conj() * phase).sum(-1)
    grad_sharpness = product.real
    grad_turn = 2.0 * math.pi * sharpness * product.imag
    return grad_turn, grad_sharpness
