"""Gain computers: a one-pole energy detector, a static curve with a quadratic knee, and the gain.

For audio u of C channels, pole a, threshold T and half-knee W (both in nepers of energy):

    e[n] = mean over channels of u[n]^2
    s[n] = a s[n-1] + (1 - a) e[n]
    x[n] = direction (log(s[n] + 1e-5) - T)
    q(x) = 0 for x < -W;  x for x > W;  (x + W)^2 / (4 W) between
    y[n] = u[n] (1 - w + w exp(slope q(x[n])))

A compressor of ratio R has direction +1 and slope 1/R - 1, a gate direction -1 and slope 1 - R.

Source: Lee et al. 2025, arXiv 2509.15948, compressor and noise gate; the knee is that of Giannoulis
et al., JAES 60, 2012, eq. (4). The reference smooths with a truncated response, here the recursion
is exact.
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.dsp.dynamics_kernels import BLOCK, backward_kernel, forward_kernel
from mixtrace.loops import over_rows

__all__ = ["ENERGY_FLOOR", "detect_and_gain", "detect_and_gain_reference"]

ENERGY_FLOOR = 1e-5
"""Added to the energy before the logarithm: the detector hears nothing below -50 dB."""


def detect_and_gain(
    audio: Float[Tensor, "node channel time"],
    pole: Float[Tensor, " node"],
    threshold: Float[Tensor, " node"],
    half_knee: Float[Tensor, " node"],
    slope: Float[Tensor, " node"],
    wet: Float[Tensor, " node"],
    *,
    direction: int,
    state: Float[Tensor, " node"],
) -> tuple[Float[Tensor, "node channel time"], Float[Tensor, " node"]]:
    """Return the audio under its gain, and the detector's state after the last sample.

    Args:
        audio: one or two channels a node, detected together.
        pole: a of the module's equations.
        threshold: T, natural logarithm of energy.
        half_knee: W, natural logarithm of energy.
        slope: gain in nepers per neper of excess.
        wet: the dry/wet weight w.
        direction: +1 acts above the threshold, -1 below it.
        state: s[-1] of each node; zero at the start of a song.
    """
    if audio.device.type != "cpu":
        return detect_and_gain_reference(
            audio, pole, threshold, half_knee, slope, wet, direction=direction, state=state
        )
    moving = (audio, pole, threshold, half_knee, slope, wet)
    graded = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in moving)
    result = _DetectAndGain.apply(*moving, direction, state, graded)
    assert isinstance(result, tuple)
    return result


def detect_and_gain_reference(
    audio: Tensor,
    pole: Tensor,
    threshold: Tensor,
    half_knee: Tensor,
    slope: Tensor,
    wet: Tensor,
    *,
    direction: int,
    state: Tensor,
) -> tuple[Tensor, Tensor]:
    """Compute what `detect_and_gain` computes with tensor operations alone, on any device."""
    energy = audio.square().mean(1)
    smooth = _one_pole(energy, pole, state)
    excess = direction * (torch.log(smooth + ENERGY_FLOOR) - threshold[:, None])
    knee = half_knee[:, None]
    curve = torch.where(
        excess > knee,
        excess,
        torch.where(excess < -knee, 0.0, (excess + knee).square() / (4.0 * knee)),
    )
    gain = torch.exp(slope[:, None] * curve)
    weight = wet[:, None]
    return audio * (1.0 - weight + weight * gain)[:, None], smooth[:, -1]


def _one_pole(energy: Tensor, pole: Tensor, state: Tensor) -> Tensor:
    """Return s[n] = a s[n-1] + (1 - a) e[n] by doubling: log2(time) passes over the signal."""
    smooth = (1.0 - pole)[:, None] * energy
    smooth = torch.cat([smooth[:, :1] + (pole * state)[:, None], smooth[:, 1:]], 1)
    power, step = pole[:, None], 1
    while step < energy.shape[1]:
        head, tail = smooth[:, :step], smooth[:, step:] + power * smooth[:, :-step]
        smooth = torch.cat([head, tail], 1)
        power, step = power * power, 2 * step
    return smooth


class _DetectAndGain(torch.autograd.Function):
    """The same with compiled sequential loops and a hand-written gradient."""

    @staticmethod
    def forward(ctx: Any, audio: Tensor, *rest: Any) -> tuple[Tensor, Tensor]:
        *scalars, direction, state, graded = rest
        audio = audio.contiguous()
        packed = torch.stack(scalars, 1).contiguous()
        output = torch.empty_like(audio)
        smooth = audio.new_empty((audio.shape[0], audio.shape[2] if graded else BLOCK))
        gain, final = torch.empty_like(smooth), torch.empty_like(state)
        over_rows(
            forward_kernel,
            len(audio),
            audio.detach().numpy(),
            packed.detach().numpy(),
            state.detach().numpy(),
            np.int64(direction),
            output.numpy(),
            smooth.numpy(),
            gain.numpy(),
            final.numpy(),
        )
        ctx.save_for_backward(audio, packed, state, smooth, gain)
        ctx.direction = direction
        ctx.mark_non_differentiable(final)
        return output, final

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        audio, packed, state, smooth, gain = ctx.saved_tensors
        grad_audio = torch.empty_like(audio)
        grad_packed = packed.new_zeros(packed.shape)
        over_rows(
            backward_kernel,
            len(audio),
            audio.detach().numpy(),
            packed.detach().numpy(),
            state.detach().numpy(),
            np.int64(ctx.direction),
            smooth.numpy(),
            gain.numpy(),
            gradients[0].contiguous().numpy(),
            grad_audio.numpy(),
            grad_packed.numpy(),
        )
        return grad_audio, *grad_packed.unbind(1), None, None, None
