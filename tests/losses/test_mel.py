"""The mel filters: against librosa's, and the block product against the plain one."""

import librosa
import numpy as np
import pytest
import torch

from mixtrace.losses import FFT_SIZES_SAMPLES, mel_filters
from mixtrace.losses.mel import MelBank


@pytest.mark.parametrize("fft_samples", FFT_SIZES_SAMPLES)
@pytest.mark.parametrize("sample_rate_hz", (16_000, 30_000))
def test_filters_are_those_of_librosa(sample_rate_hz: int, fft_samples: int) -> None:
    reference = librosa.filters.mel(
        sr=sample_rate_hz, n_fft=fft_samples, n_mels=96, dtype=np.float64
    )
    # Both in double precision; weights are below 0.03 per Hz.
    np.testing.assert_allclose(mel_filters(sample_rate_hz, fft_samples), reference, atol=1e-13)


@pytest.mark.parametrize("sample_rate_hz", (30_000, 96_000))
def test_bands_equal_the_plain_product(sample_rate_hz: int) -> None:
    weights = mel_filters(sample_rate_hz, 1024)
    weights = weights[weights.sum(axis=1) > 0.0]
    bank = MelBank(sample_rate_hz, 1024, device="cpu", dtype=torch.float64)
    random = np.random.default_rng(0)
    magnitudes = random.random((2, 5, 513))
    # Sums of some hundred products in double precision.
    np.testing.assert_allclose(bank.bands(torch.from_numpy(magnitudes)), magnitudes @ weights.T)


def test_bands_without_a_bin_are_left_out() -> None:
    empty = mel_filters(96_000, 512).sum(axis=1) == 0.0
    assert empty.any()
    bank = MelBank(96_000, 512, device="cpu", dtype=torch.float32)
    spectra = bank.bands(torch.ones(1, 257))
    assert spectra.shape == (1, 96 - int(empty.sum()))
    assert (spectra > 0.0).all()


@pytest.mark.parametrize("sample_rate_hz", (30_000, 96_000))
def test_packed_weights_are_the_filters(sample_rate_hz: int) -> None:
    weights = mel_filters(sample_rate_hz, 1024)
    weights = weights[weights.sum(axis=1) > 0.0]
    bank = MelBank(sample_rate_hz, 1024, device="cpu", dtype=torch.float64)
    unpacked = np.zeros_like(weights)
    for band, (first, count, start) in enumerate(bank.extents.tolist()):
        unpacked[band, first : first + count] = bank.weights[start : start + count]
    np.testing.assert_array_equal(unpacked, weights)
