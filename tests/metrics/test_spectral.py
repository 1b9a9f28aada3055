"""Spectral features against librosa, which computes each of them by other code."""

import librosa
import numpy as np
import pytest

from mixtrace.metrics import frames, spectral

RATE_HZ = 44_100
WINDOW = np.sqrt(np.hanning(4097)[:-1])


def coloured(seed: int, seconds: float = 1.5) -> np.ndarray:
    """Return stereo noise that falls with frequency, a tone in it, and silence in the middle."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    noise = np.cumsum(rng.standard_normal((2, len(time))), -1) * 0.002
    noise += 0.1 * np.sin(2.0 * np.pi * 990.0 * time) * [[1.0], [0.3]]
    noise[:, len(time) // 2 : len(time) // 2 + 8_192] = 0.0
    return noise.astype(np.float32)


@pytest.fixture(scope="module")
def audio() -> np.ndarray:
    return coloured(0)


@pytest.fixture(scope="module")
def magnitudes(audio: np.ndarray) -> np.ndarray:
    return np.concatenate(list(frames.spectra(audio)), 1)


@pytest.fixture(scope="module")
def theirs(audio: np.ndarray) -> np.ndarray:
    """The magnitudes by librosa: [channel, bin, frame]."""
    return np.abs(librosa.stft(audio, n_fft=4096, hop_length=1024, window=WINDOW, center=False))


def test_spectra(magnitudes: np.ndarray, theirs: np.ndarray):
    # Transforms of single precision differ by some units of their last place of the largest bin.
    np.testing.assert_allclose(magnitudes, np.swapaxes(theirs, 1, 2), atol=2e-6 * theirs.max())


def test_blocks_are_joined_without_a_seam(audio: np.ndarray, monkeypatch: pytest.MonkeyPatch):
    whole = np.concatenate(list(frames.spectra(audio)), 1)
    monkeypatch.setattr(frames, "_FRAMES_AT_ONCE", 7)
    assert np.array_equal(np.concatenate(list(frames.spectra(audio)), 1), whole)


def test_rolloff(magnitudes: np.ndarray, theirs: np.ndarray):
    expected = librosa.feature.spectral_rolloff(S=theirs, sr=RATE_HZ, n_fft=4096, roll_percent=0.85)
    off_hz = np.abs(spectral.rolloff_hz(magnitudes, RATE_HZ) - expected[:, 0])
    # Sums of single precision there, of double here: one in a hundred may end in the next bin.
    assert np.mean(off_hz > 0.01) <= 0.01
    assert off_hz.max() <= RATE_HZ / 4096 + 0.01


def test_centroid_and_bandwidth(magnitudes: np.ndarray, theirs: np.ndarray):
    given = {"S": theirs, "sr": RATE_HZ, "n_fft": 4096}
    centroid = librosa.feature.spectral_centroid(**given)
    expected = {
        spectral.centroid_hz: centroid,
        spectral.bandwidth_hz: librosa.feature.spectral_bandwidth(**given, centroid=centroid),
    }
    for ours, other in expected.items():
        # Single precision there, double here.
        np.testing.assert_allclose(ours(magnitudes, RATE_HZ), other[:, 0], rtol=2e-4, atol=0.1)


def test_flatness(magnitudes: np.ndarray, theirs: np.ndarray):
    expected = 20.0 * np.log10(librosa.feature.spectral_flatness(S=theirs)[:, 0])
    # Means of two thousand logarithms of single precision there: some thousandths of a dB.
    np.testing.assert_allclose(spectral.flatness_db(magnitudes), expected, atol=2e-2)


def test_contrast(magnitudes: np.ndarray, theirs: np.ndarray):
    ours = spectral.contrast_db(spectral.peaks_and_valleys(magnitudes, RATE_HZ))
    for channel, spectrum in enumerate(theirs):
        bands = librosa.feature.spectral_contrast(
            S=spectrum, sr=RATE_HZ, n_fft=4096, fmin=250.0, n_bands=4, quantile=0.02
        )
        expected = np.stack([bands[0], bands[1:4].mean(0), bands[4]])
        # Valleys are a few quiet bins, whose rounding counts: a hundredth of a dB.
        np.testing.assert_allclose(ours[:, channel], expected, atol=1e-2)


def test_contrast_by_hand():
    """A comb of 2 % of the bins over a floor stands as far above it in every band."""
    magnitudes = np.full((1, 1, 2049), 0.01)
    magnitudes[..., ::20] = 1.0
    low, mid, high = spectral.contrast_db(spectral.peaks_and_valleys(magnitudes, RATE_HZ))
    assert low == mid == high == pytest.approx(20.0)  # 10 log10 of the magnitudes


def test_silence_has_zero_of_everything():
    silent = np.zeros((2, 3, 2049), np.float32)
    for series in (spectral.centroid_hz, spectral.bandwidth_hz, spectral.rolloff_hz):
        assert not series(silent, RATE_HZ).any()
    assert not spectral.flatness_db(silent).any()
    assert not spectral.contrast_db(spectral.peaks_and_valleys(silent, RATE_HZ)).any()
