"""L_a of a whole song, window by window."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from mixtrace.losses import (
    WARM_UP_S,
    WINDOW_S,
    Convention,
    LossParts,
    MixLoss,
    combine_channels,
    evaluation_windows,
)

__all__ = ["LOSS_RATE_HZ", "SongLoss", "audio_loss"]

LOSS_RATE_HZ = 30_000
"""The rate at which L_a is computed, whatever the rate of the files."""

_WINDOWS_AT_ONCE = 4


@dataclass(frozen=True)
class SongLoss:
    """L_a = 0.5 L_lr + 0.25 L_m + 0.25 L_s, the mean over a song's windows, and its parts.

    Attributes:
        l_a: The loss.
        l_lr: Mean of the losses of left and right.
        l_m: Loss of mid = left + right.
        l_s: Loss of side = left - right.
    """

    l_a: float
    l_lr: float
    l_m: float
    l_s: float


@torch.no_grad()
def audio_loss(
    *,
    target: Float[Tensor, "2 time"],
    estimate: Float[Tensor, "2 time"],
    starts: Sequence[int] | None = None,
) -> dict[Convention, SongLoss]:
    """Return L_a of a song, or of some of its windows, in both conventions.

    Windows of 3.8 s advance by 2.8 s; the first second of each is not counted, so that the song's
    first second is not; the last one is zero-padded. The mean over windows weighs them alike.

    Args:
        target: The mix at 30 kHz, [2, time], full scale 1.
        estimate: As long as the target.
        starts: First samples of the windows; None for all evaluation windows.

    Returns:
        The loss by convention.

    Raises:
        AudioError: The song is not longer than a second.

    Source: DESIGN, section 2; S. Lee et al., arXiv 2509.15948.
    """
    warm_up_samples = round(WARM_UP_S * LOSS_RATE_HZ)
    window_samples = round(WINDOW_S * LOSS_RATE_HZ)
    starts = evaluation_windows(target.shape[-1], LOSS_RATE_HZ) if starts is None else starts
    pair = functional.pad(torch.stack((target, estimate)), (0, window_samples))
    loss = MixLoss(LOSS_RATE_HZ, device=target.device, dtype=target.dtype)
    parts = []
    for first in range(0, len(starts), _WINDOWS_AT_ONCE):
        windows = [
            pair[..., start + warm_up_samples : start + window_samples]
            for start in starts[first : first + _WINDOWS_AT_ONCE]
        ]
        targets, estimates = torch.stack(windows, 1)
        parts.append(loss.parts(estimates, loss.features(targets)))
    return {"published": _mean(parts, "published"), "eq4": _mean(parts, "eq4")}


def _mean(parts: list[LossParts], convention: Convention) -> SongLoss:
    channels = torch.cat([combine_channels(part, convention) for part in parts])
    left, right, mid, side = channels.mean(0, dtype=torch.float64).tolist()
    both = 0.5 * (left + right)
    return SongLoss(l_a=0.5 * both + 0.25 * (mid + side), l_lr=both, l_m=mid, l_s=side)
