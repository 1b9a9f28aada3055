"""MLDR: how differently two sounds move between loud and soft, over short against long times.

    d(x) = log mean_short x² - log mean_long x²,    MLDR = mean |d(target) - d(estimate)|

Means are those of one-poles: of 50 ms against 1 s, and of 100 ms against 2 s. The long one comes by
half the difference of the times earlier, so that both are centred on the same moment.

Source: Yu et al. 2025, arXiv 2504.14735. Ours: energies have a floor of 1e-8, one-poles begin at
rest, and the mean is over both pairs, all samples and channels.
"""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from scipy.signal import lfilter
from torch import Tensor

__all__ = ["SPANS_S", "dynamic_range_distance", "relative_dynamics"]

SPANS_S = ((0.05, 1.0), (0.1, 2.0))
"""Short and long time constants."""

_FLOOR = 1e-8  # -80 dB


def dynamic_range_distance(
    *,
    target: Float[Tensor, "channel time"],
    estimate: Float[Tensor, "channel time"],
    sample_rate_hz: int,
) -> Float[Tensor, ""]:
    """Return MLDR in nepers of energy, the mean over the channels.

    Args:
        target: channels, longer than a second.
        estimate: the same channels.
        sample_rate_hz: of both.
    """
    wanted, found = (relative_dynamics(audio, sample_rate_hz) for audio in (target, estimate))
    each = [(a - b).abs().mean() for a, b in zip(wanted, found, strict=True)]
    return torch.stack(each).mean()


def relative_dynamics(
    audio: Float[Tensor, "channel time"], sample_rate_hz: int
) -> list[Float[Tensor, "channel shorter"]]:
    """Return d for each pair of times, shorter than the audio by half their difference."""
    energy, found = audio.square(), []
    for short_s, long_s in SPANS_S:
        late = round(0.5 * (long_s - short_s) * sample_rate_hz)
        short, long = (
            torch.log(_mean(energy, time_s * sample_rate_hz) + _FLOOR)
            for time_s in (short_s, long_s)
        )
        found.append(short[:, : short.shape[1] - late] - long[:, late:])
    return found


def _mean(energy: Tensor, samples: float) -> Tensor:
    found = _OnePole.apply(energy, float(np.exp(-1.0 / samples)))
    assert isinstance(found, Tensor)
    return found


class _OnePole(torch.autograd.Function):
    """y[n] = a y[n-1] + (1 - a) x[n], from rest; its gradient is filtered so from the end."""

    @staticmethod
    def forward(ctx: Any, signal: Tensor, pole: float) -> Tensor:
        ctx.pole = pole
        return _filtered(signal, pole)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return _filtered(gradients[0].flip(-1), ctx.pole).flip(-1), None


def _filtered(signal: Tensor, pole: float) -> Tensor:
    """Return the filtered signal, computed in doubles: a pole of 2 s leaves 1e-5 to add."""
    output = lfilter([1.0 - pole], [1.0, -pole], signal.detach().double().numpy())
    return torch.from_numpy(np.asarray(output)).to(signal.dtype)
