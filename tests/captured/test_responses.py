"""Correlations against numpy's, responses against those that made the mix."""

import numpy as np
import scipy.signal
import torch

from mixtrace.captured import (
    apply_responses,
    correlate,
    read_responses,
    whitening_of,
)

RATE_HZ = 8_000


def low_passed(order: int, cutoff: float, audio: np.ndarray) -> np.ndarray:
    """Butterworth, its cutoff a share of half the rate."""
    sections = scipy.signal.butter(order, cutoff, output="sos")
    return np.asarray(scipy.signal.sosfilt(sections, audio))


def test_correlations_are_those_of_numpy_at_every_lag():
    rng = np.random.default_rng(0)
    dry, wet = rng.standard_normal((2, 1_000)), rng.standard_normal((1, 1_000))
    lags = 96
    found = correlate(torch.tensor(dry).float(), torch.tensor(wet).float(), lags).numpy()
    both = np.concatenate((dry, wet))
    for k in range(2):
        for other in range(3):
            whole = np.correlate(both[other], dry[k], "full")
            true = whole[999 - lags + 1 : 999 + lags]
            here = np.concatenate((found[k, other, lags + 1 :], found[k, other, :lags]))
            # Single precision, sums of 1,000 products of size one.
            np.testing.assert_allclose(here, true, atol=1e-3)


def test_responses_of_a_linear_mix_are_read():
    """Two coloured tracks with an echo and a filter each: taps to -40 dB of the strongest."""
    rng = np.random.default_rng(1)
    time, taps, lead = 10 * RATE_HZ, 960, 64
    dry = low_passed(1, 0.3, rng.standard_normal((2, time)))
    true = np.zeros((2, 2, taps - lead))
    true[:, 0, :200] = low_passed(2, 0.4, np.eye(1, 200)[0])
    true[0, 1, 0], true[1, 1, 5], true[1, 1, 500] = 0.7, -0.5, 0.25
    wet = np.stack([sum(np.convolve(dry[k], true[o, k])[:time] for k in (0, 1)) for o in (0, 1)])
    tracks, mix = torch.tensor(dry).float(), torch.tensor(wet).float()
    whitening = whitening_of(mix, RATE_HZ)
    found = read_responses(whitening.apply(tracks), whitening.apply(mix), taps, lead, RATE_HZ)
    # What the ridge takes off and where whitening leaves the top octave weak.
    assert float((found[..., lead:] - torch.tensor(true)).abs().max()) < 0.01 * 0.7
    estimate = apply_responses(found, tracks, lead)
    assert float((estimate - mix).square().mean() / mix.square().mean()) < 1e-4


def test_whitening_makes_a_coloured_mix_flat():
    rng = np.random.default_rng(2)
    coloured = low_passed(1, 0.1, rng.standard_normal((2, 80_000)))
    mix = torch.tensor(coloured).float()
    _, power = scipy.signal.welch(whitening_of(mix, RATE_HZ).apply(mix).numpy(), nperseg=1024)
    inside = 10 * np.log10(power[:, 20:400])
    # An estimate over 156 frames is within 1.5 dB; the mix itself falls by 25 dB here.
    assert np.ptp(np.median(inside.reshape(2, 20, 19), axis=2)) < 1.5
