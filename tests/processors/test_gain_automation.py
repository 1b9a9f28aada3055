"""Fades and rides against numpy's interpolation, wherever in the song a window starts."""

import numpy as np
import pytest
import torch

from mixtrace.processors import Passing
from mixtrace.processors.gain_automation import GainAutomation

AUTOMATION = GainAutomation()
DURATION_S = 12.6  # knots every 0.2 s


def rides(nodes: int = 2) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return 10.0 * torch.randn(nodes, 64, dtype=torch.float64, generator=generator)


def settings(ride_db: torch.Tensor) -> dict[str, torch.Tensor]:
    duration_s = torch.full((len(ride_db),), DURATION_S, dtype=torch.float64)
    return {"ride_db": ride_db, "duration_s": duration_s}


@pytest.mark.parametrize("rate_hz", [8_000.0, 44_100.0])
@pytest.mark.parametrize("start_s", [0.0, 5.03, 12.5, 20.0])
def test_gain_is_linear_in_db_between_knots_and_held_after_the_last(start_s, rate_hz):
    audio = torch.ones(2, 2, 8000, dtype=torch.float64)
    one, start = audio.new_ones(2), audio.new_full((2,), start_s)
    passing = Passing(audio, None, start, rate_hz)
    output, _ = AUTOMATION.follow(passing, settings(rides()), one, 0.0 * one)
    moments_s = start_s + np.arange(8000) / rate_hz
    knots_s = np.linspace(0.0, DURATION_S, 64)
    for node in range(2):
        expected_db = np.interp(moments_s, knots_s, rides()[node].numpy())
        for channel in range(2):
            measured_db = 20.0 * np.log10(output[node, channel].numpy())
            np.testing.assert_allclose(measured_db, expected_db, atol=1e-9)


def test_a_fade_out():
    fade_db = torch.linspace(0.0, -60.0, 64, dtype=torch.float64)[None]
    audio = torch.ones(1, 2, round(DURATION_S * 1000.0) + 1, dtype=torch.float64)
    output = AUTOMATION.forward(audio, settings(fade_db), 1000.0)[0, 0]
    assert output[0] == 1.0
    assert output[6300].item() == pytest.approx(10.0 ** (-30.0 / 20.0), rel=1e-9)
    assert output[-1].item() == pytest.approx(1e-3, rel=1e-9)


def test_the_weight_mixes_dry_audio_in():
    audio = torch.ones(1, 1, 10, dtype=torch.float64)
    quiet = settings(torch.full((1, 64), -40.0, dtype=torch.float64))
    wet, rest = audio.new_full((1,), 0.25), audio.new_zeros(1)
    output, state = AUTOMATION.follow(Passing(audio, None, rest, 1000.0), quiet, wet, rest)
    torch.testing.assert_close(output, torch.full_like(audio, 0.75 + 0.25 * 0.01))
    assert torch.equal(state, rest)
