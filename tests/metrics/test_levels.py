"""Levels of sines, whose loudness, peaks and energies are known in closed form."""

import numpy as np
import pytest

from mixtrace.metrics import (
    crest_factor_db,
    integrated_loudness_lufs,
    levels,
    stereo_width_db,
    true_peak_dbtp,
)

RATE_HZ = 48_000


def sine(frequency_hz: float, amplitude: float, phase: float = 0.0) -> np.ndarray:
    """Return two seconds of a sine."""
    time_s = np.arange(2 * RATE_HZ) / RATE_HZ
    return amplitude * np.sin(2.0 * np.pi * frequency_hz * time_s + phase)


def test_loudness_of_the_reference_tone() -> None:
    # BS.1770: 997 Hz at full scale in one channel is -3.01 LKFS, in two 0 LKFS; a tenth is 20 dB
    # less. pyloudnorm designs the filters anew for each rate; EBU Tech 3341 allows 0.1 LU.
    tone = sine(997.0, 0.1)
    one = integrated_loudness_lufs(np.stack((tone, 0.0 * tone)), RATE_HZ)
    two = integrated_loudness_lufs(np.stack((tone, tone)), RATE_HZ)
    assert one == pytest.approx(-23.01, abs=0.1)
    assert two == pytest.approx(-20.0, abs=0.1)


def test_one_channel_sounds_from_both_loudspeakers() -> None:
    # Noise that fades through the gate: what is gated must be the same, too.
    fade = np.geomspace(1e-6, 1.0, 4 * RATE_HZ)
    noise = (fade * np.random.default_rng(0).normal(0.0, 0.2, 4 * RATE_HZ))[None]
    both = integrated_loudness_lufs(np.repeat(noise, 2, axis=0), RATE_HZ)
    assert integrated_loudness_lufs(noise, RATE_HZ) == pytest.approx(both, abs=1e-9)


def test_true_peak_lies_between_the_samples() -> None:
    # A quarter of the rate, 45 degrees off: every sample is 1/sqrt(2) of the peak. The resampler
    # is flat to 0.01 dB there, and the tone's ends ring by about as much as they are abrupt.
    fade = np.minimum(1.0, np.minimum(np.arange(2 * RATE_HZ), np.arange(2 * RATE_HZ)[::-1]) / 1e4)
    tone = fade * sine(RATE_HZ / 4.0, 0.5, np.pi / 4.0)
    audio = np.stack((0.1 * tone, -tone)).astype(np.float32)
    assert 20.0 * np.log10(np.abs(audio).max()) == pytest.approx(-9.03, abs=0.01)
    assert true_peak_dbtp(audio, RATE_HZ) == pytest.approx(-6.02, abs=0.02)


def test_crest_factor_of_a_sine_is_3_db() -> None:
    tone = sine(1_000.0, 0.3)
    # 48 samples a period include the peak itself: exact up to rounding.
    assert crest_factor_db(np.stack((tone, tone))) == pytest.approx(10.0 * np.log10(2.0), abs=1e-9)


@pytest.mark.parametrize(
    ("left", "right", "width_db"),
    (
        (1.0, 0.0, 0.0),
        (1.0, 1.0, -200.0),
        (1.0, -1.0, 200.0),
        (1.0, 0.5, 20.0 * np.log10(0.5 / 1.5)),
        (1.0, -0.5, 20.0 * np.log10(1.5 / 0.5)),
    ),
)
def test_width(left: float, right: float, width_db: float) -> None:
    tone = sine(440.0, 0.1)
    assert stereo_width_db(np.stack((left * tone, right * tone))) == pytest.approx(width_db)


def test_silence_has_no_levels() -> None:
    silent = levels(np.zeros((2, RATE_HZ), np.float32), RATE_HZ)
    assert silent.loudness_lufs is silent.true_peak_dbtp is None
    assert silent.crest_factor_db is silent.stereo_width_db is None


def test_a_signal_shorter_than_a_gating_block_has_no_loudness() -> None:
    tone = np.stack((sine(997.0, 0.1),) * 2)
    assert integrated_loudness_lufs(tone[:, : int(0.39 * RATE_HZ)], RATE_HZ) is None
    assert integrated_loudness_lufs(tone[:, : int(0.40 * RATE_HZ)], RATE_HZ) is not None
