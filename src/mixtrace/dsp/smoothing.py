"""A one-pole smoother with one pole while it rises and another while it falls, and its gradient.

    y[n] = a y[n-1] + (1 - a) c[n],   a = a_up where c[n] > y[n-1], else a_down

The gradient is exact: with l[n] = dy[n] + a[n+1] l[n+1] from the end, dc[n] = (1 - a[n]) l[n] and
each pole gets the sum of l[n] (y[n-1] - c[n]) over the samples that it was taken for.

Source: Giannoulis, Massberg, Reiss, JAES 60, 2012, the smooth branching detector.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.dsp.smoothing_kernels import backward_kernel, forward_kernel
from mixtrace.loops import over_rows

__all__ = ["smoothed"]


def smoothed(
    signal: Float[Tensor, "row time"],
    up: Float[Tensor, " row"],
    down: Float[Tensor, " row"],
    before: Float[Tensor, " row"],
) -> Float[Tensor, "row time"]:
    """Return the smoothed signals.

    Args:
        signal: c, on the CPU.
        up: the pole while y rises.
        down: the pole while y falls.
        before: y of the sample before the first.
    """
    found = _Smoothed.apply(signal, up, down, before)
    assert isinstance(found, Tensor)
    return found


class _Smoothed(torch.autograd.Function):
    """Compiled sequential loops and a hand-written gradient."""

    @staticmethod
    def forward(ctx: Any, signal: Tensor, *rows: Tensor) -> Tensor:
        given = [tensor.detach().contiguous() for tensor in (signal, *rows)]
        result = torch.empty_like(given[0])
        over_rows(forward_kernel, len(signal), *(t.numpy() for t in (*given, result)))
        ctx.save_for_backward(*given, result)
        return result

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, ...]:
        known = ctx.saved_tensors
        of_signal = torch.empty_like(known[0])
        of_poles = known[0].new_empty((len(of_signal), 3))
        tensors = (*known, gradients[0].contiguous(), of_signal, of_poles)
        over_rows(backward_kernel, len(of_signal), *(t.numpy() for t in tensors))
        return of_signal, *of_poles.unbind(1)
