"""The price of a chain against L_a as a result's is measured."""

from collections.abc import Sequence

import numpy as np
import pytest

from mixtrace.metrics import LOSS_RATE_HZ, at_loss_rate, audio_loss
from mixtrace.processors import Settings
from mixtrace.refining import ChainPrice, searched_windows

RATE_HZ = 44_100
NONE = Settings()


class Tape:
    """An engine that plays parts of a recording and rings on behind its end."""

    def __init__(self, audio: np.ndarray) -> None:
        self._audio = np.pad(audio, ((0, 0), (0, 10 * RATE_HZ)), "wrap").astype(np.float32)

    def told(self, settings: Settings) -> object:
        return None

    def render(self, settings: Settings, spans: Sequence[tuple[int, int]]) -> list[np.ndarray]:
        return [self._audio[:, start:stop] for start, stop in spans]


def noises() -> tuple[np.ndarray, np.ndarray]:
    """Return a mix of 9 s, and one that is not quite it."""
    rng = np.random.default_rng(0)
    mix, other = 0.1 * rng.standard_normal((2, 2, 9 * RATE_HZ)).astype(np.float32)
    return mix, 0.7 * mix + 0.3 * other


def test_it_is_what_is_measured_of_the_whole_song_on_these_windows():
    mix, estimate = noises()
    starts = [0, 84_000, 168_000]  # the last ends behind the song
    price = ChainPrice(Tape(estimate), mix, RATE_HZ, starts)
    target, heard = (at_loss_rate(audio, RATE_HZ) for audio in (mix, estimate))
    wanted = audio_loss(target=target, estimate=heard, starts=starts)["published"].l_a
    # Parts are resampled alone: what differs is rounding, for their edges are not counted.
    assert price(NONE) == pytest.approx(wanted, rel=1e-4)
    assert ChainPrice(Tape(mix), mix, RATE_HZ, starts)(NONE) == pytest.approx(0.0, abs=1e-3)


def test_a_chain_that_breaks_down_is_dear():
    mix, estimate = noises()
    price = ChainPrice(Tape(estimate), mix, RATE_HZ, [0])
    broken = ChainPrice(Tape(np.full_like(mix, np.nan)), mix, RATE_HZ, [0])
    silent = ChainPrice(Tape(np.zeros_like(mix)), mix, RATE_HZ, [0])
    assert price(NONE) < silent(NONE) < broken(NONE) < np.inf


def test_nothing_that_is_held_out_is_listened_to():
    length = 60 * LOSS_RATE_HZ
    held_out = [(30 * LOSS_RATE_HZ, length)]
    starts = searched_windows(length, held_out, 4)
    assert len(starts) == 4
    assert max(starts) + 3.8 * LOSS_RATE_HZ <= 30 * LOSS_RATE_HZ
    assert len(searched_windows(4 * LOSS_RATE_HZ, [], 4)) == 2
