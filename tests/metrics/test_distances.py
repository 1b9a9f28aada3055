"""MAE and MRSD: closed forms, and a plain loop over frames as the oracle."""

import numpy as np
import pytest
import torch
from scipy import signal

from mixtrace.metrics import (
    distances,
    loudness_matched_distances,
    mean_absolute_error,
    measure,
    multi_resolution_spectral_distance,
)

FFT_SIZES_SAMPLES = (2048, 1024, 512, 256, 128, 64)


def noise(seed: int, time_samples: int = 8_192) -> torch.Tensor:
    """Return seeded stereo noise at -20 dB in double precision."""
    generator = torch.Generator().manual_seed(seed)
    return 0.1 * torch.randn(2, time_samples, generator=generator, dtype=torch.float64)


def plain_distance(target: np.ndarray, estimate: np.ndarray) -> float:
    """Return MRSD, written plainly, of signals whose length every hop divides."""
    total = 0.0
    for fft_samples in FFT_SIZES_SAMPLES:
        window = signal.get_window("hann", fft_samples)
        starts = range(0, target.shape[-1] - fft_samples + 1, fft_samples // 4)
        pair = (
            [np.abs(np.fft.rfft(window * x[:, start : start + fft_samples])) for start in starts]
            for x in (target, estimate)
        )
        ours, theirs = (np.maximum(magnitudes, 1e-5) for magnitudes in pair)
        total += np.mean(np.abs(ours - theirs)) + np.mean(np.abs(np.log(ours / theirs)))
    return total


def test_spectral_distance_against_a_plain_loop() -> None:
    target, estimate = noise(0), noise(1)
    expected = plain_distance(target.numpy(), estimate.numpy())
    ours = multi_resolution_spectral_distance(target=target, estimate=estimate)
    # Double precision; transforms differ by rounding.
    assert ours == pytest.approx(expected, rel=1e-9)


def test_blocks_do_not_change_the_distance(monkeypatch: pytest.MonkeyPatch) -> None:
    target, estimate = noise(2), noise(3)
    whole = multi_resolution_spectral_distance(target=target, estimate=estimate)
    monkeypatch.setattr(distances, "_BLOCK_VALUES", 40_000)
    parts = multi_resolution_spectral_distance(target=target, estimate=estimate)
    assert parts == pytest.approx(whole, rel=1e-12)  # the order of a double-precision sum


def test_twice_as_loud_in_closed_form() -> None:
    target = noise(4)
    once, thrice = (
        multi_resolution_spectral_distance(target=x, estimate=2.0 * x) for x in (target, 3 * target)
    )
    # 6 log 2 from the six logarithmic terms, whatever the level; the linear ones grow with it.
    logarithmic = 6.0 * np.log(2.0)
    assert once > logarithmic
    assert thrice - logarithmic == pytest.approx(3.0 * (once - logarithmic), rel=1e-9)


@pytest.mark.parametrize("time_samples", (2, 63, 2_049))
def test_any_length_and_an_exact_match(time_samples: int) -> None:
    target = noise(5, time_samples)
    assert multi_resolution_spectral_distance(target=target, estimate=target) == 0.0
    assert multi_resolution_spectral_distance(target=target, estimate=-target) < 1e-12
    assert multi_resolution_spectral_distance(target=target, estimate=noise(6, time_samples)) > 0.0


def test_mean_absolute_error() -> None:
    target = torch.tensor([[0.0, 1.0], [-1.0, 0.5]])
    estimate = torch.tensor([[0.0, -1.0], [-1.0, 0.0]])
    assert mean_absolute_error(target=target, estimate=estimate) == (2.0 + 0.5) / 4.0


def sine(gain: float) -> np.ndarray:
    """Return a stereo sine of 441 Hz at 44.1 kHz, 100 samples a period, 4 s."""
    wave = np.sin(2.0 * np.pi * np.arange(4 * 44_100) / 100.0)
    return (gain * np.stack([wave, wave])).astype(np.float32)


@pytest.mark.parametrize("gain", [0.05, 1.0, 1.9])
def test_a_gain_is_no_error_where_loudness_is_matched(gain: float) -> None:
    """A sine turned over is 2 A |sin| off, whose mean is 4 A / pi; at any gain of its own."""
    target = sine(0.4)
    alike = measure(target=target, estimate=gain * target, sample_rate_hz=44_100).matched
    turned = measure(target=target, estimate=-gain * target, sample_rate_hz=44_100).matched
    assert alike is not None and turned is not None
    # Single precision; the gain is found from two loudnesses, and rounded as the samples are.
    assert alike.mae == pytest.approx(0.0, abs=1e-6)
    # 100 samples a period: the mean of |sin| over them is 2 / pi to within 0.04 %.
    assert turned.mae == pytest.approx(4.0 * 0.4 / np.pi, rel=5e-4)
    # Magnitudes know no polarity. Logarithms of nothing but rounding are many bins of up to .001.
    assert alike.mrsd == pytest.approx(turned.mrsd, abs=1e-6)


def test_six_decibels_more_are_a_factor_of_the_spectra() -> None:
    target, estimate = noise(4), noise(5)
    found = loudness_matched_distances(
        target=target, estimate=estimate, loudness_difference_lu=20.0 * np.log10(2.0)
    )
    # Double precision; the ratio goes through decibels and back.
    assert found.mrsd == pytest.approx(
        plain_distance(target.numpy(), 0.5 * estimate.numpy()), rel=1e-9
    )
    assert found.mae == pytest.approx((target - 0.5 * estimate).abs().mean().item(), rel=1e-9)


def test_silence_has_no_loudness_to_match() -> None:
    silent = np.zeros((2, 4 * 44_100), np.float32)
    assert measure(target=sine(0.4), estimate=silent, sample_rate_hz=44_100).matched is None
