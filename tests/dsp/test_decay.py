"""Decay of responses: against closed forms, Schroeder's integral and another minimiser."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from mixtrace.dsp import (
    LONGEST_DECAY_S,
    decay_time_s,
    measured_rt60_s,
    mid_rt60_s,
    reverberation_taps,
)

RATE_HZ = 30_000.0
FRAME_S = 0.005


def energies(rt60_s: float, frames: int) -> np.ndarray:
    return 10.0 ** (-6.0 * FRAME_S * np.arange(frames) / rt60_s)


def room(rt60_s: float, length_s: float, *, seed: int = 0, floor: float = 0.0) -> torch.Tensor:
    """Return stereo noise that decays behind a direct sound, on a floor of noise."""
    rng = np.random.default_rng(seed)
    time = round(length_s * RATE_HZ)
    falling = 10.0 ** (-3.0 * np.arange(time) / RATE_HZ / rt60_s)
    response = rng.standard_normal((2, time)) * falling + floor * rng.standard_normal((2, time))
    response[:, 0] = 20.0
    return torch.from_numpy(response)


def t20_s(response: torch.Tensor) -> float:
    """Return 60 dB over the slope of Schroeder's integral from -5 to -25 dB (ISO 3382-1)."""
    energy = response.square().sum(0).numpy()[round(0.02 * RATE_HZ) :]
    left = np.cumsum(energy[::-1])[::-1]
    level_db = 10.0 * np.log10(left / left[0] + 1e-300)
    inside = np.flatnonzero((level_db <= -5.0) & (level_db >= -25.0))
    return -60.0 / np.polyfit(inside / RATE_HZ, level_db[inside], 1)[0]


@pytest.mark.parametrize("rt60_s", [0.2, 0.9, 3.0])
@pytest.mark.parametrize("frames", [12, 50, 400])
def test_an_exponential_is_read_exactly_wherever_it_ends(rt60_s, frames):
    assert decay_time_s(energies(rt60_s, frames), FRAME_S) == pytest.approx(rt60_s, rel=1e-6)


def test_the_likeliest_decay_is_that_of_another_minimiser():
    energy = np.random.default_rng(3).gamma(2.0, size=30) * energies(1.0, 30)

    def unlikeliness(found):
        log_mean = found[0] - found[1] * np.arange(30)
        return float(np.sum(log_mean + energy * np.exp(-log_mean)))

    found = minimize(unlikeliness, [0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-9})
    expected_s = 6.0 * math.log(10.0) * FRAME_S / found.x[1]
    assert 3.0 * 30 * FRAME_S < expected_s  # so that all frames are within the first 20 dB
    assert decay_time_s(energy, FRAME_S) == pytest.approx(expected_s, rel=1e-4)


def test_echoes_with_silence_between_fall_as_they_fall():
    energy = np.where(np.arange(400) % 20 == 0, energies(1.5, 400), 0.0)
    # Where the first 20 dB end among echoes moves it a little.
    assert decay_time_s(energy, FRAME_S) == pytest.approx(1.5, rel=0.05)


def test_a_long_floor_of_noise_is_no_tail():
    energy = energies(0.2, 400) + 1e-4
    assert decay_time_s(energy, FRAME_S) == pytest.approx(0.2, rel=0.02)


def test_what_does_not_fall_or_is_not_there_is_told():
    assert decay_time_s(np.ones(40), FRAME_S) == LONGEST_DECAY_S
    assert decay_time_s(np.arange(1.0, 41.0), FRAME_S) == LONGEST_DECAY_S
    assert decay_time_s(np.ones(5), FRAME_S) == LONGEST_DECAY_S
    assert decay_time_s(np.zeros(40), FRAME_S) == 0.0
    click = torch.zeros(1, 3000)
    click[0, 0] = 1.0
    for nothing in (torch.zeros(2, 3000), torch.zeros(1, 1), click):
        assert measured_rt60_s(nothing, RATE_HZ) == 0.02
        assert mid_rt60_s(nothing, RATE_HZ) < 0.05  # as long as the filters ring


@pytest.mark.parametrize("rt60_s", [0.3, 0.8, 1.2])
def test_a_whole_response_reads_as_t20(rt60_s):
    whole = room(rt60_s, 2.0 * rt60_s)
    assert measured_rt60_s(whole, RATE_HZ) == pytest.approx(rt60_s, rel=0.03)
    assert measured_rt60_s(whole, RATE_HZ) == pytest.approx(t20_s(whole), rel=0.03)
    # An octave of noise holds fewer independent samples: some 700 a second at 1 kHz.
    assert mid_rt60_s(whole, RATE_HZ) == pytest.approx(rt60_s, rel=0.12)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("floor", [0.0, 0.01])
def test_a_response_that_ends_early_reads_as_the_whole(seed, floor):
    cut = room(2.5, 0.5, seed=seed, floor=floor)
    assert t20_s(cut) < 0.5 * 2.5
    assert measured_rt60_s(cut, RATE_HZ) == pytest.approx(2.5, rel=0.05)
    assert mid_rt60_s(cut, RATE_HZ) == pytest.approx(2.5, rel=0.2)


def test_the_middle_is_that_of_two_octaves():
    bands_s = torch.tensor([[4.0, 2.2, 1.8, 0.9, 0.6, 0.4]], dtype=torch.float64)
    nothing, all_of_it = torch.zeros(1, dtype=torch.float64), torch.ones(1, dtype=torch.float64)
    taps = reverberation_taps(
        bands_s, nothing, all_of_it, length=90_000, sample_rate_hz=RATE_HZ, seed=0
    )[0]
    assert mid_rt60_s(taps, RATE_HZ) == pytest.approx((2.2 + 1.8) / 2.0, rel=0.06)
