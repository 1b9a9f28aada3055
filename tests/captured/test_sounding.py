"""Where a track sounds, and what a response is there."""

import numpy as np
import scipy.signal
import torch

from mixtrace.captured import anatomy, sounding_at
from mixtrace.captured.channels import channels_of
from mixtrace.captured.sounding import as_heard, sounding

RATE_HZ, LEAD, TAPS = 44_100, 1323, 11_026


def bass() -> np.ndarray:
    rng = np.random.default_rng(0)
    sos = scipy.signal.butter(4, (60.0, 400.0), "bandpass", fs=RATE_HZ, output="sos")
    return np.asarray(scipy.signal.sosfilt(sos, rng.standard_normal((1, 8 * RATE_HZ))), np.float32)


def test_the_power_is_that_of_welch():
    found = sounding(channels_of(torch.from_numpy(bass())))
    hertz, wanted = scipy.signal.welch(bass()[0], RATE_HZ, nperseg=1024, noverlap=0)
    wanted = wanted / wanted.max()
    # both average 344 frames alike; welch takes the mean off each, which only bass bands feel
    loud = (wanted > 0.01) & (hertz > 80)
    np.testing.assert_allclose(found.numpy()[loud], wanted[loud], rtol=0.05)
    assert torch.allclose(sounding_at(found, torch.tensor([RATE_HZ / 2.0]), RATE_HZ), found[-1:])


def test_a_guess_where_the_track_does_not_sound_moves_no_arrival():
    power = sounding(channels_of(torch.from_numpy(bass())))
    responses = torch.zeros((2, 1, TAPS))
    responses[:, 0, LEAD + 10] = 0.3
    high = np.asarray(scipy.signal.firwin(101, 8_000, pass_zero=False, fs=RATE_HZ))
    responses[:, 0, LEAD + 3_000 : LEAD + 3_101] = torch.from_numpy(2.0 * high).float()
    found = anatomy(responses, power, LEAD, RATE_HZ)
    # the peak of a band of 340 Hz is flat: within a sample of its place
    assert abs(found.arrival_s - 10 / RATE_HZ) < 1 / RATE_HZ
    plain = anatomy(responses, torch.ones(513), LEAD, RATE_HZ)
    assert abs(plain.arrival_s - 3_050 / RATE_HZ) < 1 / RATE_HZ  # where the guess is highest


def test_a_flat_track_leaves_responses_as_they_are():
    noise = torch.randn((2, 2, TAPS), generator=torch.Generator().manual_seed(0))
    assert torch.allclose(as_heard(noise, torch.ones(513)), noise, atol=1e-5)
