"""Distances between mel spectra E of an estimate and T of its target, with their gradient.

    logs = mean |log(E / T)|,    error = ||E - T||,    norm = ||E||,

of which the gradients are sign(E - T) / (n E), (E - T) / error and E / norm; where E and T are
equal, the first two are zero. Compiled loops take one pass for all three;
`distances_reference` computes them with tensor operations, on any device.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.loops import over_rows
from mixtrace.losses import distances_kernels as kernels

__all__ = ["Distances", "distances", "distances_reference"]

Distances = tuple[
    Float[Tensor, "*batch"],
    Float[Tensor, "*batch"],
    Float[Tensor, "*batch"],
]
"""Logs, error and norm."""


def distances(
    estimate: Float[Tensor, "*batch frame band"],
    target: Float[Tensor, "*batch frame band"],
) -> Distances:
    """Return the three distances of every spectrum.

    Args:
        estimate: magnitudes, positive.
        target: magnitudes, positive.
    """
    if estimate.device.type != "cpu":
        return distances_reference(estimate, target)
    return _Distances.apply(estimate, target)


def distances_reference(estimate: Tensor, target: Tensor) -> Distances:
    """Compute what `distances` computes with tensor operations alone, on any device."""
    logs = (estimate / target).log().abs().mean((-2, -1))
    error = torch.linalg.vector_norm(estimate - target, dim=(-2, -1))
    return logs, error, torch.linalg.vector_norm(estimate, dim=(-2, -1))


class _Distances(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, estimate: Tensor, target: Tensor) -> Distances:
        flat = [tensor.contiguous().flatten(0, -3) for tensor in (estimate, target)]
        ours, theirs = (tensor.numpy() for tensor in flat)
        sums = torch.empty((len(ours), 3), dtype=torch.float64)
        over_rows(kernels.forward_kernel, len(ours), ours, theirs, sums.numpy())
        count = estimate.shape[-1] * estimate.shape[-2]
        found = torch.cat([sums[:, :1] / count, sums[:, 1:].sqrt()], 1)
        ctx.save_for_backward(*flat, found)
        ctx.count, ctx.shape = count, estimate.shape
        logs, error, norm = found.to(estimate.dtype).unflatten(0, estimate.shape[:-2]).unbind(-1)
        return logs, error, norm

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        *flat, found = ctx.saved_tensors
        given = torch.stack(gradients, -1).flatten(0, -2).double()
        divisor = found.clone()
        divisor[:, 0] = ctx.count
        factors = torch.where(divisor > 0.0, given / divisor, 0.0).to(flat[0].dtype)
        of_estimate = torch.empty_like(flat[0])
        ours, theirs = (tensor.numpy() for tensor in flat)
        factors = factors.contiguous().numpy()
        over_rows(kernels.backward_kernel, len(ours), ours, theirs, factors, of_estimate.numpy())
        return of_estimate.reshape(ctx.shape), None
