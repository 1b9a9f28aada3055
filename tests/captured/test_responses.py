"""Correlations against numpy's, responses against those that made the mix."""

import numpy as np
import scipy.signal
import torch

from mixtrace.captured import (
    apply_responses,
    read_responses,
    whitening_of,
)
from mixtrace.captured.correlations import add_products, later_lags, no_products
from mixtrace.captured.equations import HeldOut, Toeplitz

RATE_HZ = 8_000


def low_passed(order: int, cutoff: float, audio: np.ndarray) -> np.ndarray:
    """Butterworth, its cutoff a share of half the rate."""
    sections = scipy.signal.butter(order, cutoff, output="sos")
    return np.asarray(scipy.signal.sosfilt(sections, audio))


def test_correlations_are_those_of_numpy_at_every_lag():
    rng = np.random.default_rng(0)
    dry, wet = rng.standard_normal((2, 1_000)), rng.standard_normal((1, 1_000))
    lags = 96
    products = no_products(3, lags)
    add_products(products, torch.tensor(dry).float(), torch.tensor(wet).float())
    found = later_lags(products).numpy()  # at [k, other]: of `other` so much after k
    both = np.concatenate((dry, wet))
    for k in range(2):
        for other in range(3):
            whole = np.correlate(both[other], dry[k], "full")
            true = whole[999 - lags + 1 : 999 + lags]
            here = np.concatenate((found[other, k, :0:-1], found[k, other]))
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


def test_equations_with_samples_held_out_are_those_of_the_samples_left():
    """Against the matrix written out: rows are the samples that count, columns the taps."""
    rng = np.random.default_rng(3)
    time, taps, lead = 203, 16, 4
    dry, wet = rng.standard_normal((2, time)), rng.standard_normal((1, time))
    heard = np.ones(time, bool)
    heard[40:77], heard[150:], h = False, False, rng.standard_normal((1, 2, taps))
    rows = np.zeros((time, 2, taps))
    for tap in range(taps):
        for t in range(max(0, tap - lead), min(time, time + tap - lead)):
            rows[t, :, tap] = dry[:, t - tap + lead]
    rows = rows[heard].reshape(-1, 2 * taps)
    tracks, mix = torch.tensor(dry).float(), torch.tensor(wet).float()
    found = HeldOut.of(tracks, mix, torch.tensor(heard), taps, lead)
    # Single precision, sums of some hundred products of size one.
    np.testing.assert_allclose(found.wanted.ravel(), rows.T @ wet[0, heard], atol=1e-3)
    true = rows.T @ (rows @ h.ravel())
    np.testing.assert_allclose(found.product(torch.tensor(h).float()).ravel(), true, atol=3e-3)


def test_toeplitz_equations_are_those_of_a_song_that_is_silent_beyond_its_ends():
    """The block equations with nothing held out, on a song whose ends are silent."""
    rng = np.random.default_rng(4)
    dry, wet = (np.pad(rng.standard_normal((k, 150)), ((0, 0), (20, 33))) for k in (3, 2))
    tracks, mix = torch.tensor(dry).float(), torch.tensor(wet).float()
    products = no_products(5, 16)
    add_products(products, tracks, mix)
    toeplitz = Toeplitz.of(products, 3, 4, 16)
    exact = HeldOut.of(tracks, mix, torch.ones(203, dtype=torch.bool), 16, 4)
    h = torch.tensor(rng.standard_normal((2, 3, 16))).float()
    torch.testing.assert_close(toeplitz.wanted, exact.wanted, atol=1e-3, rtol=0)
    torch.testing.assert_close(toeplitz.product(h), exact.product(h), atol=3e-3, rtol=0)


def test_what_is_held_out_does_not_reach_the_responses():
    rng = np.random.default_rng(5)
    dry = torch.tensor(rng.standard_normal((1, 8_000))).float()
    wet = 0.5 * dry.repeat(2, 1)
    spoilt, heard = wet.clone(), torch.ones(8_000, dtype=torch.bool)
    heard[3_000:5_000] = False
    spoilt[:, ~heard] = torch.tensor(rng.standard_normal((2, 2_000))).float()
    read = [read_responses(dry, w, 64, 16, RATE_HZ, heard=heard) for w in (wet, spoilt)]
    assert torch.equal(*read)
    unmasked = read_responses(dry, spoilt, 64, 16, RATE_HZ)
    assert not torch.allclose(unmasked, read[0], atol=1e-3)
