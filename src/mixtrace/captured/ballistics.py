"""Level detectors: the rectified signal followed with an attack and a release."""

from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.captured.ballistics_kernels import follow_kernel
from mixtrace.loops import over_rows

__all__ = ["BALLISTICS", "Ballistics", "levels_db"]

_FLOOR = 1e-6


@dataclass(frozen=True)
class Ballistics:
    """Time constants of a level detector, to 1 - 1/e of a step.

    Attributes:
        attack_ms: while the signal is above the level.
        release_ms: while it is below.
    """

    attack_ms: float
    release_ms: float


BALLISTICS = tuple(
    Ballistics(attack, release)
    for attack, release in product((0.5, 2.0, 8.0, 30.0), (10.0, 40.0, 160.0, 640.0))
    if release >= attack
)
"""What is tried: from a limiter's to a leveller's."""


def levels_db(
    audio: Float[Tensor, "channel time"],
    detectors: tuple[Ballistics, ...],
    frame_samples: int,
    sample_rate_hz: int,
) -> Float[Tensor, "detector frame"]:
    """Return the mean level of each frame, dB re full scale, at least -120.

    The channels' root mean square is followed: s[n] = u[n] + a (s[n-1] - u[n]), with
    a = exp(-1 / (time constant x rate)).

    Args:
        audio: a track.
        detectors: attack and release of each.
        frame_samples: the last frame may be shorter.
        sample_rate_hz: the rate.
    """
    envelope = audio.square().mean(0).sqrt().numpy()
    times_ms = np.array([[d.attack_ms, d.release_ms] for d in detectors])
    poles = np.exp(-1000.0 / (times_ms * sample_rate_hz)).astype(np.float32)
    means = np.empty((len(detectors), -(-len(envelope) // frame_samples)), np.float32)
    attack, release = np.ascontiguousarray(poles.T)
    over_rows(
        follow_kernel, len(detectors), envelope, attack, release, np.int64(frame_samples), means
    )
    return 20.0 * torch.log10(torch.from_numpy(means) + _FLOOR)
