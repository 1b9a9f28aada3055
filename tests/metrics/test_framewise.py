"""What is compared, loudness, panning and dynamics of frames: closed forms and other libraries."""

import librosa
import numpy as np
import pyloudnorm
import pytest

from mixtrace.metrics.frames import (
    framed,
    moving_average,
    percentage_error,
    sounding_range,
    spectra,
)
from mixtrace.metrics.framewise import dynamics_db, loudness_and_peak, panning_rms

RATE_HZ = 44_100


def noise(seed: int, samples: int = RATE_HZ) -> np.ndarray:
    return 0.1 * np.random.default_rng(seed).standard_normal((2, samples)).astype(np.float32)


@pytest.mark.parametrize("quiet_db", (-44.0, -46.0))
def test_the_range_is_that_of_librosa(quiet_db: float):
    audio = noise(0, 3 * RATE_HZ)
    audio[:, :30_000] *= 10.0 ** (quiet_db / 20.0)  # its frames are quieter than all by 44 dB
    audio[:, -20_000:] = 0.0
    audio[0] *= 0.1  # the louder channel decides
    _, expected = librosa.effects.trim(audio, top_db=45, frame_length=4096, hop_length=1024)
    assert sounding_range(audio) == tuple(expected)
    assert (expected[0] < 5_000) == (quiet_db > -45.0)


def test_silence_has_no_range():
    assert sounding_range(np.zeros((2, RATE_HZ), np.float32)) == (0, 0)


def test_frames_are_those_of_librosa():
    audio = noise(1)
    expected = librosa.util.frame(audio, frame_length=4096, hop_length=1024)
    assert np.array_equal(framed(audio, 4096, 1024), np.swapaxes(expected, 1, 2))


def test_moving_averages_against_a_convolution():
    series = np.random.default_rng(2).standard_normal((3, 100))
    expected = [np.convolve(row, np.full(40, 1.0 / 40.0), "valid") for row in series]
    np.testing.assert_allclose(moving_average(series), expected, atol=1e-12)  # orders of sums
    assert moving_average(series[:, :39]) == pytest.approx(series[:, :39].mean(-1, keepdims=True))


def test_percentage_error():
    target, estimate = np.array([-10.0, 20.0, 0.0]), np.array([-11.0, 15.0, 1.0])
    # 10 % and 25 %; nothing can be a percentage of 0.
    assert percentage_error(target=target, estimate=estimate) == pytest.approx(17.5)
    assert percentage_error(target=0.0 * target, estimate=estimate) is None


def test_loudness_and_peak_of_frames():
    audio = noise(3, 2 * RATE_HZ) * np.linspace(0.0, 1.0, 2 * RATE_HZ, dtype=np.float32)
    loudness_lufs, peak_dbfs = loudness_and_peak(audio, RATE_HZ)
    meter = pyloudnorm.Meter(RATE_HZ)
    starts = range(0, 2 * RATE_HZ - 17_640 + 1, 8_820)
    assert len(loudness_lufs) == len(starts)
    for number, start in enumerate(starts):
        frame = audio[:, start : start + 17_640]
        expected = meter.integrated_loudness(frame.T.astype(np.float64))
        assert loudness_lufs[number] == pytest.approx(expected, abs=1e-9)
        assert peak_dbfs[number] == pytest.approx(20.0 * np.log10(np.abs(frame).max()), abs=1e-5)
    silent = loudness_and_peak(0.0 * audio, RATE_HZ)
    assert (silent == -70.0).all()


@pytest.mark.parametrize("gain", (0.0, 0.5, 1.0))
def test_panning_of_one_source(gain: float):
    """One source with the gains 1 and g lies at 1 - 2 g / (1 + g²) in every bin."""
    source = noise(4)[0]
    off = panning_rms(next(spectra(np.stack([source, gain * source]))), RATE_HZ)
    assert off.shape[0] == 4
    assert off == pytest.approx(1.0 - 2.0 * gain / (1.0 + gain**2), abs=1e-5)  # single precision


def test_panning_by_bands():
    """A tone on the left alone, above a middle one in another band."""
    time = np.arange(8_192) / RATE_HZ
    low, high = np.sin(2 * np.pi * 990.0 * time), np.sin(2 * np.pi * 6_000.0 * time)
    middle = noise(5, 8_192)[0] * 1e-3
    audio = np.stack([middle + low + high, middle + low]).astype(np.float32)
    everywhere, lows, mids, highs = panning_rms(next(spectra(audio)), RATE_HZ).mean(-1)
    assert lows < 0.1 and mids < 0.1  # what leaks of the side tone's window
    assert highs > 2.0 * max(lows, mids)
    counts = (23, 232 - 23, 2048 - 232)
    squares = np.dot(counts, np.square((lows, mids, highs))) / sum(counts)
    # The mean over two frames of roots is not the root of a mean; they are nearly one.
    assert everywhere == pytest.approx(np.sqrt(squares), rel=0.02)


def test_dynamics_of_a_sine():
    """Its RMS level lies 3.01 dB below its peak, and the mean level of its samples as far below."""
    tone = 0.5 * np.sin(2.0 * np.pi * np.arange(RATE_HZ) * (16.0 / 4096.0) + 0.1)
    rms_dbfs, spread_db, crest_db = dynamics_db(np.stack([tone, 0.1 * tone]))
    half_db = 10.0 * np.log10(2.0)
    assert rms_dbfs[0] == pytest.approx(20.0 * np.log10(0.5) - half_db, abs=1e-6)
    assert rms_dbfs[1] == pytest.approx(rms_dbfs[0] - 20.0, abs=1e-6)
    # The mean of log |sin| is -log 2, and of 128 samples of half a period log |2 sin 128 phi| / 128
    # more.
    more_db = 20.0 * np.log10(np.abs(2.0 * np.sin(128 * 0.1))) / 128
    assert spread_db == pytest.approx(half_db - more_db, abs=1e-4)
    assert crest_db == pytest.approx(half_db, abs=2e-3)  # the largest sample is nearly the peak


def test_dynamics_of_noise():
    """The mean of log |x| of Gaussian noise: the spread is 10 log10(2 e^gamma) dB."""
    _, spread_db, _ = dynamics_db(noise(6, 10 * RATE_HZ))
    # A mean over 430 frames of 4096 samples, each of a spread of 9.6 dB.
    assert spread_db.mean() == pytest.approx(10.0 * np.log10(2.0 * np.exp(np.euler_gamma)), abs=0.1)


def test_silent_samples_are_bounded():
    rms_dbfs, spread_db, crest_db = dynamics_db(np.zeros((1, 4_096), np.float32))
    assert (rms_dbfs, spread_db, crest_db) == (-120.0, 0.0, 0.0)
