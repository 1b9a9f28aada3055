"""Sounds that a test processes."""

import numpy as np
import torch
from torch import Tensor

RATE_HZ = 30_000


def beats(seconds: float = 6.0, seed: int = 0) -> Tensor:
    """Return two channels of noise as music has it: beats that decay, softer and louder bars."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    envelope = np.exp(-6.0 * np.mod(2.1 * time, 1.0)) * (0.3 + 0.7 * (np.sin(1.3 * time) > 0.0))
    audio = 0.3 * (envelope + 0.02) * rng.standard_normal((2, len(time)))
    return torch.from_numpy(audio.astype(np.float32))
