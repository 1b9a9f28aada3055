"""The two terms of DiffVox's loss: against auraloss, loops in numpy and finite differences."""

import auraloss
import numpy as np
import pytest
import torch

from mixtrace.losses.dynamic_range import dynamic_range_distance, relative_dynamics
from mixtrace.losses.linear_spectra import linear_spectral_distance

RATE_HZ = 44_100


def noise(seed: int, seconds: float, channels: int = 2, rate_hz: int = RATE_HZ) -> torch.Tensor:
    """Return noise that swells three times a second."""
    rng = np.random.default_rng(seed)
    time = round(seconds * rate_hz)
    swell = 0.1 + 0.1 * np.sin(2.0 * np.pi * 3.0 * np.arange(time) / rate_hz)
    return torch.from_numpy(swell * rng.standard_normal((channels, time)))


def test_the_spectral_distance_is_that_of_auraloss():
    target, estimate = noise(0, 1.0).float(), noise(1, 1.0).float() * 0.5
    reference = auraloss.freq.MultiResolutionSTFTLoss(
        [128, 512, 2048],
        [32, 128, 512],
        [128, 512, 2048],
        sample_rate=RATE_HZ,
        perceptual_weighting=True,
    )
    found = linear_spectral_distance(target=target, estimate=estimate, sample_rate_hz=RATE_HZ)
    # float32, and the filter as a convolution instead of a product of spectra.
    assert float(found) == pytest.approx(float(reference(estimate[None], target[None])), rel=1e-4)


def by_loop(audio: np.ndarray, rate_hz: int) -> list[np.ndarray]:
    """Return the relative dynamics of one channel, sample after sample."""
    found = []
    for short_s, long_s in ((0.05, 1.0), (0.1, 2.0)):
        levels = []
        for time_s in (short_s, long_s):
            share, mean, line = 1.0 - np.exp(-1.0 / (time_s * rate_hz)), 0.0, []
            for sample in audio:
                mean += share * (sample**2 - mean)
                line.append(np.log(mean + 1e-8))
            levels.append(np.array(line))
        late = round((long_s - short_s) / 2.0 * rate_hz)
        found.append(levels[0][: len(audio) - late] - levels[1][late:])
    return found


def test_the_relative_dynamics_are_those_of_a_loop():
    audio = noise(2, 2.0, channels=1, rate_hz=4000)
    for found, expected in zip(
        relative_dynamics(audio, 4000), by_loop(audio[0].numpy(), 4000), strict=True
    ):
        np.testing.assert_allclose(found[0].numpy(), expected, rtol=1e-9, atol=1e-9)


def test_a_mere_gain_is_no_difference_of_dynamics():
    audio = noise(3, 2.0)
    found = dynamic_range_distance(target=audio, estimate=0.5 * audio, sample_rate_hz=RATE_HZ)
    assert float(found) < 1e-4  # the floor of -80 dB


def test_gradients_against_finite_differences():
    rate_hz = 100
    target, estimate = noise(4, 1.5, 2, rate_hz), noise(5, 1.5, 2, rate_hz).requires_grad_()

    def distance(audio: torch.Tensor) -> torch.Tensor:
        return dynamic_range_distance(target=target, estimate=audio, sample_rate_hz=rate_hz)

    assert torch.autograd.gradcheck(distance, (estimate,))
