"""The generators of the demo song against direct sums and measured pitches."""

import numpy as np
import pytest

from mixtrace.instruments import Note
from mixtrace.instruments.synthesis import band_noise, decay, gate, harmonics, overlay, times_s
from mixtrace.instruments.tonal import string

RATE_HZ = 24000


def test_harmonics_equal_a_direct_sum_of_sines():
    time_s = times_s(0.5, RATE_HZ)
    frequency_hz = 200.0 + 100.0 * time_s
    phase = 2.0 * np.pi * np.cumsum(frequency_hz) / RATE_HZ
    expected = sum(np.sin(n * phase) * partial for n, partial in ((1, 1.0), (2, 0.5), (3, 1 / 3)))
    found = harmonics(frequency_hz, 3, lambda n, partial_hz: np.full_like(partial_hz, 1 / n), 24000)
    # The recurrence loses a few of the sixteen digits.
    np.testing.assert_allclose(found, expected, atol=1e-10)


def test_harmonics_beyond_the_sample_rate_are_left_out():
    frequency_hz = np.full(RATE_HZ, 2500.0)
    found = harmonics(frequency_hz, 99, lambda n, partial_hz: np.ones_like(partial_hz), RATE_HZ)
    spectrum = np.abs(np.fft.rfft(found)) / (RATE_HZ / 2)
    # One second: bin = Hz. 0.45 of the rate is 10.8 kHz, so harmonics 1 to 4 and nothing else.
    assert np.flatnonzero(spectrum > 1e-6).tolist() == [2500, 5000, 7500, 10000]


def test_decay_halves_each_half_life():
    np.testing.assert_allclose(decay(np.array([0.0, 0.1, 0.3]), 0.1), [1.0, 0.5, 0.125])


def test_gate_is_open_between_attack_and_release():
    envelope = gate(np.array([0.0, 0.05, 0.1, 0.5, 0.6, 0.7]), 0.5, attack_s=0.1, release_s=0.2)
    np.testing.assert_allclose(envelope, [0.0, 0.5, 1.0, 1.0, 0.5, 0.0], atol=1e-12)


def test_band_noise_has_unit_level_inside_its_band():
    noise = band_noise(4 * RATE_HZ, 1000.0, 2000.0, RATE_HZ, np.random.default_rng(0))
    power = np.abs(np.fft.rfft(noise)) ** 2
    frequency_hz = np.fft.rfftfreq(len(noise), 1 / RATE_HZ)
    inside = power[(frequency_hz > 700.0) & (frequency_hz < 2800.0)].sum() / power.sum()
    assert np.sqrt(np.mean(noise**2)) == pytest.approx(1.0)
    # A second-order slope leaves a few per cent of the power outside a widened band.
    assert inside > 0.9


def test_overlay_adds_sounds_and_cuts_the_last():
    notes = [Note(0.0, 1.0, (), 1.0), Note(0.5, 1.0, (), 2.0), Note(1.5, 1.0, (), 3.0)]
    track = overlay(notes, lambda note: np.full((2, 10), note.velocity), 2.0, 10)
    np.testing.assert_array_equal(track[0], [1] * 5 + [3] * 5 + [2] * 5 + [3] * 5)
    np.testing.assert_array_equal(track[0], track[1])


@pytest.mark.parametrize("pitch_midi", [40, 57, 67])
def test_a_string_is_in_tune(pitch_midi: int):
    count = 2 * RATE_HZ
    sound = string(pitch_midi, count, 0.3, RATE_HZ, np.random.default_rng(1))
    expected_hz = 440.0 * 2.0 ** ((pitch_midi - 69) / 12)
    # Padded 16 times, a bin is 1/32 Hz, 0.7 cents of the lowest string.
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(count), 16 * count))
    frequency_hz = np.fft.rfftfreq(16 * count, 1 / RATE_HZ)
    near = np.abs(frequency_hz / expected_hz - 1.0) < 0.2
    found_hz = frequency_hz[near][np.argmax(spectrum[near])]
    # Listeners notice about 5 cents.
    assert abs(1200.0 * np.log2(found_hz / expected_hz)) < 5.0
