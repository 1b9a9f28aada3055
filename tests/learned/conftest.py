"""A song of three seconds and two tracks whose numbers are known."""

import pytest
import torch
from learned_song import RATE_HZ, plucks, session_of

from mixtrace.learned import START, OwnEngine
from mixtrace.session import Session


@pytest.fixture(scope="session")
def planted() -> tuple[Session, torch.Tensor]:
    """Return the song, and the numbers that made its mix: far louder and softer, left and right."""
    numbers = torch.tensor(START).repeat(2, 1)
    numbers[:, 0] = torch.tensor([0.5, -0.6])
    numbers[:, 1] = torch.tensor([-0.7, 0.8])
    dry = [plucks(0, high_hz=800.0), plucks(1, low_hz=1500.0)]
    mix = OwnEngine().mix(numbers, [torch.from_numpy(audio) for audio in dry], RATE_HZ)
    return session_of(dry, mix.numpy()), numbers
