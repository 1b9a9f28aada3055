"""What is heard: anchors against the recommendation's mask, loudness, excerpts, mistakes."""

import numpy as np
import pyloudnorm
import pytest
from scipy import signal

from mixtrace.errors import AudioError
from mixtrace.listening import anchor, make_item

RATE_HZ = 44_100


def song(seed: int, seconds: float = 8.0, level: float = 0.1) -> np.ndarray:
    audio = level * np.random.default_rng(seed).standard_normal((2, round(seconds * RATE_HZ)))
    return audio.astype(np.float32)


@pytest.mark.parametrize("rate_hz", (32_000, 44_100, 96_000))
@pytest.mark.parametrize("cutoff_hz", (3_500.0, 7_000.0))
def test_anchors_keep_the_mask(cutoff_hz: float, rate_hz: int):
    """BS.1534-3: 0.1 dB up to the cut-off, -25 dB at 8/7 of it, -50 dB from 9/7 of it on."""
    click = np.zeros((2, 4_001))
    click[:, 2_000] = 1.0
    taps = anchor(click, cutoff_hz, rate_hz)[0]
    assert np.argmax(taps) == 2_000  # nothing is delayed
    hertz, response = signal.freqz(taps, worN=1 << 15, fs=rate_hz)
    level_db = 20.0 * np.log10(np.abs(response) + 1e-12)
    assert np.abs(level_db[hertz <= cutoff_hz]).max() <= 0.1
    assert level_db[hertz >= 8.0 / 7.0 * cutoff_hz].max() <= -25.0
    assert level_db[hertz >= 9.0 / 7.0 * cutoff_hz].max() <= -50.0


def test_an_anchor_needs_a_rate_at_which_it_differs():
    with pytest.raises(AudioError, match="16 kHz at least"):
        anchor(song(0), 7_000.0, 16_000)


def test_all_are_equally_loud_and_none_clips():
    reference, loud = song(1, level=0.3), song(2, level=0.02)
    loud[:, 100_000] = 0.5  # a click that would exceed full scale by far once it is matched
    item = make_item("song", reference, {"loud": loud}, RATE_HZ, start_s=1.0, length_s=4.0)
    meter = pyloudnorm.Meter(RATE_HZ)
    loudness_lufs = [meter.integrated_loudness(one.audio.T) for one in item.stimuli]
    # Fades of 5 ms at the ends take a thousandth of four seconds.
    assert loudness_lufs == pytest.approx([loudness_lufs[0]] * 4, abs=0.02)
    assert max(np.abs(one.audio).max() for one in item.stimuli) == pytest.approx(0.99, rel=1e-6)
    assert item.stimuli[0].gain_db < 0.0


def test_versions_are_excerpts_of_the_same_moment():
    reference = song(3)
    item = make_item("song", reference, {"half": reference / 2}, RATE_HZ, start_s=2.0, length_s=3.0)
    assert [one.role for one in item.stimuli] == ["reference", "low anchor", "mid anchor", "system"]
    hidden, system = item.stimuli[0].audio, item.stimuli[-1].audio
    # Loudness is read to a billionth, samples are of single precision.
    np.testing.assert_allclose(system, hidden, atol=1e-6)
    inside = slice(1_000, -1_000)
    cut = reference[:, 2 * RATE_HZ : 5 * RATE_HZ]
    gain = 10.0 ** (item.stimuli[0].gain_db / 20.0)
    np.testing.assert_allclose(hidden[:, inside], gain * cut[:, inside], rtol=1e-6)
    assert np.abs(hidden[:, [0, -1]]).max() == 0.0
    # Half-way through the fade of 5 ms.
    assert hidden[0, 110] == pytest.approx(gain * 0.5 * cut[0, 110], rel=0.01)


def test_the_loudest_stretch_is_taken_where_none_is_named():
    reference = song(4)
    reference[:, : 3 * RATE_HZ] *= 0.3
    reference[:, 6 * RATE_HZ :] *= 0.3
    item = make_item("song", reference, {"a": reference}, RATE_HZ, start_s=None, length_s=3.0)
    assert item.start_s == pytest.approx(3.0, abs=0.05)  # steps of 0.1 s


@pytest.mark.parametrize(
    ("start_s", "length_s", "message"),
    (
        (0.0, 1.0, "2 to 12 s"),
        (0.0, 13.0, "2 to 12 s"),
        (0.0, 9.0, "within song, which lasts 8.0 s"),
        (None, 9.0, "within song"),
        (6.5, 2.0, "within song"),
        (-1.0, 2.0, "within song"),
    ),
)
def test_excerpts_that_cannot_be(start_s: float | None, length_s: float, message: str):
    with pytest.raises(AudioError, match=message):
        make_item("song", song(5), {"a": song(6)}, RATE_HZ, start_s=start_s, length_s=length_s)


def test_a_silent_version_is_named():
    silent = np.zeros_like(song(7))
    with pytest.raises(AudioError, match="of quiet it is silent"):
        make_item("song", song(7), {"quiet": silent}, RATE_HZ, start_s=0.0, length_s=3.0)
