"""The windows of a song: everything after its first second is counted exactly once."""

import numpy as np
import pytest

from mixtrace.errors import AudioError
from mixtrace.losses import HOP_S, WARM_UP_S, WINDOW_S, evaluation_windows


@pytest.mark.parametrize("sample_rate_hz", (8_000, 30_000, 44_100))
@pytest.mark.parametrize("length_s", (1.1, 3.8, 3.8001, 6.6, 17.5))
def test_every_sample_after_the_first_second_is_counted_once(
    length_s: float, sample_rate_hz: int
) -> None:
    length_samples = round(length_s * sample_rate_hz)
    window, warm_up = round(WINDOW_S * sample_rate_hz), round(WARM_UP_S * sample_rate_hz)
    counted = np.zeros(length_samples + window, dtype=int)
    for start in evaluation_windows(length_samples, sample_rate_hz):
        counted[start + warm_up : start + window] += 1
    assert (counted[:warm_up] == 0).all()
    assert (counted[warm_up:length_samples] == 1).all()
    # No window lies wholly behind the end.
    assert counted[length_samples:].sum() < HOP_S * sample_rate_hz


def test_exact_ends() -> None:
    # 3.8 s at 30 kHz are one window; one sample more needs a second.
    assert evaluation_windows(114_000, 30_000) == [0]
    assert evaluation_windows(114_001, 30_000) == [0, 84_000]


def test_a_song_within_the_warm_up_is_refused() -> None:
    with pytest.raises(AudioError, match=r"more than 1\.0 s"):
        evaluation_windows(30_000, 30_000)
