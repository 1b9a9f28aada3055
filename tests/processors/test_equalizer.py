"""The drawn curve is the curve that is measured."""

import numpy as np
import pytest
import torch
from scipy import signal

from mixtrace.processors.equalizer import Equalizer, equalizer_frequencies

EQUALIZER = Equalizer()


def measured_db(curve_db: np.ndarray, hz: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return the level of the filter's response; it must be real and positive (zero phase)."""
    values = {"magnitude_db": torch.from_numpy(curve_db)[None]}
    response = EQUALIZER.impulse_response(values, rate_hz)
    assert response.taps.shape[:2] == (1, 1)  # the same for both channels
    time = np.arange(response.taps.shape[-1]) - response.lead_samples
    centred = np.exp(-2j * np.pi * np.outer(hz, time) / rate_hz) @ response.taps[0, 0].numpy()
    # The periodic window is half a sample late, which turns steep parts of a curve a little.
    assert np.abs(np.angle(centred)).max() < 0.01
    return 20.0 * np.log10(np.abs(centred))


def frequencies() -> np.ndarray:
    return equalizer_frequencies().double().numpy()


def test_the_grid_ends_below_15_khz():
    hz = equalizer_frequencies()
    assert hz.shape == (1024,)
    assert hz[0] == 0.0
    assert hz[-1].item() == pytest.approx(15_000.0 * 2046 / 2047)


@pytest.mark.parametrize("rate_hz", [30_000.0, 44_100.0, 48_000.0, 96_000.0])
def test_a_flat_curve_is_a_gain_up_to_nyquist(rate_hz: float):
    hz = np.linspace(0.0, rate_hz / 2.0, 500)
    # The window's middle is 1 - 6e-7: 5e-6 dB.
    np.testing.assert_allclose(measured_db(np.full(1024, 6.0), hz, rate_hz), 6.0, atol=1e-5)


@pytest.mark.parametrize("rate_hz", [30_000.0, 44_100.0, 48_000.0])
@pytest.mark.parametrize("centre_hz", [400.0, 1000.0, 5000.0])
def test_a_drawn_bell_is_reached(centre_hz: float, rate_hz: float):
    def bell_db(hz: np.ndarray) -> np.ndarray:
        octaves = np.log2(np.maximum(hz, 1.0) / centre_hz)
        return 9.0 * np.exp(-0.5 * (octaves / 0.5) ** 2)

    hz = np.geomspace(40.0, 14_000.0, 400)
    measured = measured_db(bell_db(frequencies()), hz, rate_hz)
    assert hz[measured.argmax()] == pytest.approx(centre_hz, rel=0.02)
    # A Hann window of 68 ms smooths the curve over 30 Hz; the bell at 400 Hz is 280 Hz wide.
    np.testing.assert_allclose(measured, bell_db(hz), atol=0.2 if centre_hz < 1000.0 else 0.05)


def test_the_last_value_is_held_above_15_khz():
    curve_db = np.where(frequencies() < 10_000.0, 0.0, -12.0)
    measured = measured_db(curve_db, np.array([9_000.0, 14_000.0, 20_000.0, 23_900.0]), 48_000.0)
    np.testing.assert_allclose(measured, [0.0, -12.0, -12.0, -12.0], atol=0.01)


def test_equal_settings_filter_both_channels_alike():
    generator = torch.Generator().manual_seed(0)
    audio = torch.randn(1, 1, 4000, dtype=torch.float64, generator=generator).expand(1, 2, -1)
    values = {"magnitude_db": torch.linspace(-20.0, 5.0, 1024, dtype=torch.float64)[None]}
    output = EQUALIZER.forward(audio, values, 30_000.0)
    assert torch.equal(output[:, 0], output[:, 1])
    taps = EQUALIZER.impulse_response(values, 30_000.0).taps[0, 0].numpy()
    expected = signal.fftconvolve(audio[0, 0].numpy(), taps)[1023 : 1023 + 4000]
    np.testing.assert_allclose(output[0, 0], expected, atol=1e-12)
