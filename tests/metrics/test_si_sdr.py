"""SI-SDR against auraloss, and what no ratio can be taken of."""

import auraloss
import numpy as np
import pytest
import torch

from mixtrace.metrics import si_sdr_db


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.01, 0.1, (2, 20_000)).astype(np.float32)


@pytest.mark.parametrize("share", (0.01, 1.0, 30.0))
def test_against_auraloss(share: float):
    target = noise(0)
    estimate = 0.3 * target + share * noise(1)
    loss = auraloss.time.SISDRLoss(eps=0.0)
    expected = -loss(*(torch.from_numpy(x[None]).double() for x in (estimate, target))).item()
    # The same numbers in double precision.
    assert si_sdr_db(target=target, estimate=estimate) == pytest.approx(expected, abs=1e-6)


def test_it_does_not_depend_on_gain_or_polarity():
    target, estimate = noise(2), noise(2) + noise(3)
    once = si_sdr_db(target=target, estimate=estimate)
    assert si_sdr_db(target=target, estimate=-4.0 * estimate) == pytest.approx(once, abs=1e-5)


def test_what_has_no_ratio():
    target = noise(4)
    assert si_sdr_db(target=target, estimate=0.0 * target) is None
    assert si_sdr_db(target=0.0 * target, estimate=target) is None
    left = target * np.array([[1.0], [0.0]], np.float32)
    alone = si_sdr_db(target=left[:1], estimate=noise(5)[:1])
    assert si_sdr_db(target=left, estimate=noise(5)) == alone
    assert si_sdr_db(target=target, estimate=target) == 120.0
