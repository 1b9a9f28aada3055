"""Fader automation: its knots, from how the level of a part of the mix moved."""

import numpy as np
import pytest
import torch

from mixtrace.interpret.framewise import FRAME_S, Framewise
from mixtrace.interpret.rides import read_ride

RATE = 6_000.0
SECONDS = 20


def ridden(knot_s: list[float], knot_db: list[float], noise: float) -> Framewise:
    """Return frames of noise whose level moves between knots, under other noise."""
    rng = torch.Generator().manual_seed(0)
    part = torch.randn(2, int(SECONDS * RATE), generator=rng)
    line_db = np.interp(np.arange(part.shape[-1]) / RATE, knot_s, knot_db)
    target = torch.tensor(10 ** (line_db / 20), dtype=torch.float32) * part
    target += noise * torch.randn(part.shape, generator=rng)
    return Framewise(part, target, RATE)


@pytest.mark.parametrize("noise", [0.01, 0.5])
def test_a_ride_is_found(noise: float):
    knots = ([4.0, 6.0, 12.0], [-3.0, 3.0, 0.0])
    ride = read_ride(ridden(*knots, noise))
    assert ride is not None
    moments_s = (np.arange(len(ride.gain)) + 0.5) * FRAME_S
    off_db = 20 * np.log10(ride.gain) - np.interp(moments_s, *knots)
    off_db -= off_db.mean()
    # Knots lie on a grid of a quarter of a second, where the line moves by .75 dB.
    assert np.sqrt(np.mean(off_db**2)) < 0.3
    assert len(ride.settings.array("knot_s")) <= 10


def test_the_settings_are_the_gain():
    ride = read_ride(ridden([5.0, 15.0], [-4.0, 4.0], 0.01))
    assert ride is not None
    moments_s = (np.arange(len(ride.gain)) + 0.5) * FRAME_S
    line_db = np.interp(moments_s, ride.settings.array("knot_s"), ride.settings.array("knot_db"))
    np.testing.assert_allclose(20 * np.log10(ride.gain), line_db, atol=1e-4)


@pytest.mark.parametrize("noise", [0.0, 0.5, 3.0])
def test_what_stands_still_has_no_ride(noise: float):
    assert read_ride(ridden([0.0, 1.0], [0.0, 0.0], noise)) is None


def test_silence_has_no_ride():
    silence = torch.zeros(2, int(SECONDS * RATE))
    assert read_ride(Framewise(silence, silence, RATE)) is None
