"""Covariances against closed forms: linear settings under noise of a known variance."""

import numpy as np
import pytest
import torch

from mixtrace.sureness.information import Information

PIECES, LENGTH = 30, 400


def changes(generator: torch.Generator) -> torch.Tensor:
    """Return how a mix changes with two settings that have something in common."""
    first, second = torch.randn((2, 2, PIECES * LENGTH), generator=generator)
    return torch.stack([first, 0.6 * first + 0.8 * second])


def test_white_noise_gives_the_covariance_of_least_squares():
    generator = torch.Generator().manual_seed(0)
    change = changes(generator)
    error = 0.3 * torch.randn(change.shape[1:], generator=generator)
    information = Information(2)
    information.add(error, change, PIECES)
    known = information.known([100.0, 100.0], 1.0)
    flat = change.flatten(1).double()
    closed = 0.3**2 * np.linalg.inv((flat @ flat.T).numpy())
    # The variance of 30 pieces is known to a quarter.
    np.testing.assert_allclose(known.covariance.diagonal(), closed.diagonal(), rtol=0.6)
    assert known.correlation[0, 1] == pytest.approx(-0.6, abs=0.25)


@pytest.mark.parametrize("even", [True, False])
def test_nine_of_ten_intervals_hold_the_truth(even: bool):
    """Noise that is not white, but differs from piece to piece, is allowed for as well."""
    hits = []
    for seed in range(200):
        generator = torch.Generator().manual_seed(seed)
        change = changes(generator)
        shape = (2, PIECES, 1) if not even else (2, PIECES, LENGTH)
        loud = torch.randn(shape, generator=generator)
        error = 0.1 * (loud.expand(2, PIECES, LENGTH).flatten(1))
        error = error if even else error * change[0].sign()
        flat = change.flatten(1)
        off = torch.linalg.solve(flat @ flat.T, flat @ error.flatten())
        information = Information(2)
        information.add(error - torch.tensordot(off, change, 1), change, PIECES)
        known = information.known([100.0, 100.0], 1.0)
        assert np.abs(known.pull).max() < 1e-3 * known.deviation.max()  # nothing is left to turn
        hits += (np.abs(off.numpy()) < 1.645 * known.deviation).tolist()
    # Two settings of 200 mixes, somewhat dependent: three deviations of a binomial are 5 %.
    assert 0.84 < np.mean(hits) < 0.95


def test_what_nothing_shows_keeps_the_spread_of_its_range():
    information = Information(2)
    change = torch.zeros((2, 2, 3000))
    change[0] = torch.randn((2, 3000), generator=torch.Generator().manual_seed(1))
    information.add(0.1 * change[0].flip(0), change, 3)
    known = information.known([2.0, 7.0], 1.0)
    assert known.deviation[1] == pytest.approx(7.0, rel=1e-6)
    assert known.deviation[0] < 0.1


def test_two_settings_that_do_the_same_cannot_be_told_apart():
    generator = torch.Generator().manual_seed(2)
    one = torch.randn((2, 3000), generator=generator)
    information = Information(2)
    information.add(0.1 * torch.randn((2, 3000), generator=generator), torch.stack([one, one]), 3)
    known = information.known([5.0, 5.0], 1.0)
    assert known.correlation[0, 1] == pytest.approx(-1.0, abs=1e-3)
    # Of the difference nothing is known, the sum is: each has half of the variance of its range.
    assert known.deviation[0] == pytest.approx(5.0 / np.sqrt(2.0), rel=0.01)


def test_half_a_song_tells_as_much_of_the_whole():
    generator = torch.Generator().manual_seed(3)
    change = changes(generator)
    error = torch.randn(change.shape[1:], generator=generator)
    information = Information(2)
    information.add(error, change, PIECES)
    half, whole = (information.known([1e3, 1e3], share) for share in (0.5, 1.0))
    np.testing.assert_allclose(half.covariance, 0.5 * whole.covariance, rtol=1e-4)
