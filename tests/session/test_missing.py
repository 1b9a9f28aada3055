"""What no track explains is told with its time and place, and what processing adds is not."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.signal import fftconvolve

from mixtrace.session.contents import Contents, content_notes, doubtful, examine
from mixtrace.session.missing import Missing

RATE = 22050
Play = Callable[..., np.ndarray]


def stereo(mono: np.ndarray) -> np.ndarray:
    return np.repeat(mono, 2, axis=0).astype(np.float32)


@pytest.fixture(scope="module")
def band(play: Play) -> list[np.ndarray]:
    return [play(1), play(2, low_hz=300.0), play(3, low_hz=200.0)]


def test_a_missing_track_is_told_by_its_time_and_bands(play: Play, band: list[np.ndarray]):
    """It plays from 2,000 to 9,000 Hz in the second half, two octaves above the others."""
    missing = play(9, low_hz=2000.0)
    missing[:, : 7 * RATE] = 0.0
    found = examine(band, stereo(np.sum(band, axis=0) + missing), RATE).missing
    assert found is not None
    first, last = found.spans_s[0][0], found.spans_s[-1][1]
    assert 6.0 <= first <= 9.5  # windows of 0.7 s; the tune's first note may be late
    assert last > 12.0
    low_hz, high_hz = found.bands_hz[0][0], found.bands_hz[-1][1]
    assert 1900.0 < low_hz < 4100.0
    assert high_hz > 7900.0
    assert found.share_db > -10.0


def test_a_complete_mix_lacks_nothing(band: list[np.ndarray]):
    assert examine(band, stereo(np.sum(band, axis=0)), RATE).missing is None


def test_processing_is_nothing_missing(band: list[np.ndarray]):
    """Distortion and a room of 0.4 s at a quarter of the level sound when their track does.

    A third of the peaks' height is lost to the amplifier, and a tenth to the mastering.
    """
    rng = np.random.default_rng(0)
    room = rng.standard_normal((1, RATE // 2)) * np.exp(-17.0 * np.arange(RATE // 2) / RATE)
    room *= 0.25 / np.sqrt(np.sum(room**2))
    wet = [np.tanh(3.0 * band[0]) / 3.0, band[1] + fftconvolve(band[1], room)[:, : 14 * RATE]]
    mix = np.tanh(stereo(wet[0] + wet[1] + band[2]))
    assert examine(band, mix, RATE).missing is None


def test_where_no_track_is_heard_nothing_is_missing(play: Play, band: list[np.ndarray]):
    assert examine(band, stereo(play(20) + play(21)), RATE).missing is None


def test_the_note_can_be_read():
    missing = Missing(((0.2, 3.8), (66.6, 70.0)), ((2000.0, 8000.0),), -3.0)
    (note,) = content_notes(Contents((), missing), [])
    assert "a sound at 0:00 to 0:04 and 1:06 to 1:10, from 2,000 to 8,000 Hz" in note
    assert doubtful(["resampled to 30000 Hz: the mix (44100 Hz)", note]) == [note]
