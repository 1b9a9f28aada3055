"""A strip from its responses: a reverb where more than noise follows, and none where not."""

import numpy as np
import pytest
import torch

from mixtrace.captured import CapturedTrack
from mixtrace.interpret.strips import Fixed, StripReading

RATE, TAPS, LEAD = 30_000, 7_500, 900
NOISE = 1e-3


def read(room: float) -> Fixed:
    """Return the strip of a direct sound, noise, and a room that is so loud."""
    rng = np.random.default_rng(4)
    responses = NOISE * rng.standard_normal((2, 1, TAPS))
    responses[:, 0, LEAD] += 0.5
    later = np.arange(TAPS - LEAD) / RATE
    tail = rng.standard_normal((2, TAPS - LEAD)) * np.exp(-later / 0.05) * (later > 0.015)
    responses[:, 0, LEAD:] += room * tail
    still = torch.zeros(100)
    track = CapturedTrack(
        "voice",
        "vocals",
        torch.from_numpy(responses).float(),
        None,
        still,
        still,
        0.5,
        1.0,
        torch.ones(1, 1),
        torch.ones(513),
    )
    return StripReading(track, np.full(4097, NOISE**2), LEAD, RATE).fixed()


def test_noise_is_no_room():
    found = read(0.0)
    assert found.reverb is None
    assert found.late.over_noise == pytest.approx(1.0, rel=0.1)


def test_a_room_is_a_reverb():
    found = read(0.02)
    assert found.reverb is not None
    assert found.late.over_noise > 5.0
