"""Compressors: their dials, from how the gain of a part of the mix moved."""

import numpy as np
import pytest
import torch

from mixtrace.interpret.dynamics import gain_of, read_compression
from mixtrace.interpret.framewise import Framewise
from mixtrace.interpret.nodes import node_of

RATE = 30_000.0


def track() -> torch.Tensor:
    """Return notes of many levels: noise that decays, one note in a third of a second."""
    rng = np.random.default_rng(0)
    audio = rng.standard_normal(int(12 * RATE)) * 0.3
    place = np.arange(len(audio)) % int(RATE / 3)
    levels = np.repeat(10 ** rng.uniform(-1.5, 0.0, 36), int(RATE / 3))
    return torch.tensor(audio * levels * np.exp(-place / (0.12 * RATE)), dtype=torch.float32)[None]


def test_a_frame_of_a_gain_costs_what_it_leaves():
    part = torch.randn(2, 1500, generator=torch.Generator().manual_seed(0))
    gain = torch.linspace(0.5, 1.0, 10).repeat_interleave(150)
    explained = Framewise(part, 2.0 * gain * part, RATE).explained(gain)
    assert explained.left == pytest.approx(0.0, abs=1e-6)
    assert explained.level == pytest.approx(2.0, rel=1e-6)


@pytest.mark.parametrize(("threshold_db", "ratio"), [(-28.0, 3.0), (-20.0, 6.0)])
def test_the_dials_of_a_compressor_are_found(threshold_db: float, ratio: float):
    dry = track()
    planted = node_of(
        "compressor",
        threshold_db=threshold_db,
        ratio=ratio,
        knee_db=4.0,
        attack_ms=4.0,
        release_ms=90.0,
        detector=0.0,
    )
    gain = gain_of(planted, dry, RATE)
    frames = Framewise(dry.repeat(2, 1), 0.7 * (gain * dry).repeat(2, 1), RATE)
    found = read_compression(frames, {"dry": dry}, RATE)
    # The search ends after some hundred tries, and usual dials are preferred to exact ones.
    assert found.left < 0.04
    assert found.level == pytest.approx(0.7, rel=0.05)
    assert found.settings.number("threshold_db") == pytest.approx(threshold_db, abs=3.0)
    assert found.settings.number("ratio") == pytest.approx(ratio, rel=1 / 3)
    assert found.settings.number("release_ms") == pytest.approx(90.0, rel=0.5)
    assert found.settings.number("detector") == 0.0
