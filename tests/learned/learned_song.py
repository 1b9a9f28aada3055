"""What tests of the room share: tracks of a few seconds, a song of them, a network that is tiny."""

from typing import Any

import numpy as np
from torch import Tensor

from mixtrace.learned import NetworkShape
from mixtrace.session import Alignment, Session, Track

RATE_HZ = 30_000
TINY = NetworkShape(
    channels=(8, 8, 8),
    features=16,
    conformers=1,
    heads=2,
    head_size=8,
    kernel=8,
    recurrent=1,
    recurrent_size=16,
)


def plucks(
    seed: int, low_hz: float = 0.0, high_hz: float = 15_000.0, seconds: float = 3.0
) -> np.ndarray:
    """Return noise of a band that decays four times a second, [1, time]."""
    rng = np.random.default_rng(seed)
    time = round(seconds * RATE_HZ)
    spectrum = np.fft.rfft(rng.standard_normal(time))
    frequency_hz = np.fft.rfftfreq(time, 1.0 / RATE_HZ)
    spectrum[(frequency_hz < low_hz) | (frequency_hz > high_hz)] = 0.0
    fall = np.exp(-np.mod(np.arange(time), RATE_HZ // 4) / (0.08 * RATE_HZ))
    audio = np.fft.irfft(spectrum, time) * fall
    return (0.3 * audio / np.abs(audio).max()).astype(np.float32)[None]


def session_of(dry: list[np.ndarray], mix: np.ndarray) -> Session:
    tracks = tuple(
        Track(f"track {k}", "all", audio, Alignment(), not audio.any(), None, 0)
        for k, audio in enumerate(dry)
    )
    return Session("planted", RATE_HZ, mix, tracks, ())


class Memory:
    """A keeper that remembers everything."""

    def __init__(self) -> None:
        self.kept: list[tuple[dict[str, Tensor], dict[str, Any]]] = []

    def load(self) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        return self.kept[-1] if self.kept else None

    def save(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        self.kept.append(({name: t.clone() for name, t in tensors.items()}, dict(facts)))
