"""The curve of a direct part, against closed forms."""

import numpy as np
import scipy.signal
import torch

from mixtrace.captured import direct_db, direct_frequencies_hz

RATE_HZ, LEAD, TAPS = 44_100, 1323, 11_026


def test_gain_and_pan_are_flat_lines() -> None:
    responses = torch.zeros((2, 1, TAPS))
    responses[0, 0, LEAD + 30], responses[1, 0, LEAD + 30] = 0.5, -0.25
    found = direct_db(responses, LEAD, 30 / RATE_HZ, RATE_HZ)
    # one tap under the flat part of the window: only single precision rounds
    assert torch.allclose(found[0], torch.tensor(-6.0206), atol=1e-4)
    assert torch.allclose(found[1], torch.tensor(-12.0412), atol=1e-4)


def test_a_filter_shows_its_response_and_a_late_echo_does_not() -> None:
    b, a = scipy.signal.iirpeak(1_000.0, 2.0, fs=RATE_HZ)
    impulse = np.zeros(TAPS - LEAD)
    impulse[0] = 1.0
    heard = 1.0 * impulse + scipy.signal.lfilter(b, a, impulse)
    responses = torch.zeros((2, 1, TAPS))
    responses[:, 0, LEAD:] = torch.from_numpy(heard).float()
    responses[:, 0, LEAD + 4_000] += 0.7  # 90 ms later
    hertz = np.array(direct_frequencies_hz(RATE_HZ))
    z = np.exp(-2j * np.pi * hertz / RATE_HZ)
    wanted = np.polyval((np.array(a) + b)[::-1], z) / np.polyval(np.array(a)[::-1], z)
    found = direct_db(responses, LEAD, 0.0, RATE_HZ)[0].numpy()
    # a bell of 500 Hz has decayed by e^-30 after 20 ms; 0.05 dB is what the fade takes
    assert np.max(np.abs(found - 20 * np.log10(np.abs(wanted)))) < 0.05


def test_channels_of_a_track_add_as_powers() -> None:
    responses = torch.zeros((2, 2, TAPS))
    responses[0, 0, LEAD], responses[1, 1, LEAD], responses[0, 1, LEAD] = 0.6, 1.0, 0.8
    found = direct_db(responses, LEAD, 0.0, RATE_HZ)
    assert torch.allclose(found, torch.zeros_like(found), atol=1e-4)


def test_frequencies_stay_below_half_the_rate() -> None:
    assert direct_frequencies_hz(24_000)[-1] < 10_800
    assert direct_frequencies_hz(96_000)[-1] <= 20_000.1
