"""Taps and noise as a delay and a reverb with dials."""

import pytest
import torch
from music_like import RATE_HZ, beats

from mixtrace.processors import NodeSettings
from mixtrace.simplifying.nearest import Place
from mixtrace.simplifying.noise_decay import nearest_reverb
from mixtrace.simplifying.twenty_taps import nearest_delay


def regular(wet: float) -> NodeSettings:
    """Return taps after 250, 500, 750 and 1000 ms, 6 dB softer each time."""
    taps, colors = torch.zeros(2, 20, 2), torch.full((2, 20, 20), -80.0)
    taps[..., 1] = 0.999
    for number, (slot, offset_s) in enumerate([(2, 0.05), (5, 0.0), (7, 0.05), (10, 0.0)]):
        taps[:, slot, 0] = offset_s
        colors[:, slot] = -6.0 * number
    return NodeSettings("twenty_tap_delay", {"taps": taps, "color_db": colors}, wet)


def test_regular_taps_are_a_delay_with_feedback():
    found = nearest_delay(Place(regular(0.3), beats(2.0), RATE_HZ))
    delay, fader = found.chain
    assert found.near
    assert delay.number("time_ms") == pytest.approx(250.0, abs=1.0)
    assert delay.number("feedback") == pytest.approx(0.5, abs=0.05)
    assert delay.number("ping_pong") < 0.1
    # Of energies 1, 1/4, 1/16, 1/64 that sum to one, the first is .867 as an amplitude.
    level = 10.0 ** (fader.number("level_db") / 20.0)
    assert level * delay.wet == pytest.approx(0.3 * 0.867, rel=0.05)
    assert level * (1.0 - delay.wet) == pytest.approx(0.7, rel=0.01)


def test_taps_at_random_stay():
    made = torch.Generator().manual_seed(0)
    taps = torch.stack([0.1 * torch.rand((2, 20), generator=made), torch.full((2, 20), 0.9)], -1)
    node = NodeSettings("twenty_tap_delay", {"taps": taps, "color_db": torch.zeros(2, 20, 20)}, 0.3)
    assert not nearest_delay(Place(node, beats(2.0), RATE_HZ)).near


def noise(rt60_s: torch.Tensor, initial_db: torch.Tensor) -> Place:
    node = NodeSettings("noise_reverb", {"rt60_s": rt60_s, "initial_db": initial_db}, 0.2)
    return Place(node, beats(2.0), RATE_HZ)


def test_even_noise_is_a_reverb_of_its_decay():
    found = nearest_reverb(noise(torch.full((2, 193), 1.2), torch.zeros(2, 193)))
    (reverb,) = found.chain
    assert found.near and reverb.wet == pytest.approx(0.2)
    # A line through the decay of one noise: 10 % is what a second one differs by.
    assert reverb.array("rt60_s") == pytest.approx([1.2] * 6, rel=0.1)
    assert reverb.number("width") > 0.9


def test_noise_of_the_middle_alone_is_narrow():
    sides_db = torch.tensor([0.0, -100.0])[:, None].expand(2, 193).clone()
    found = nearest_reverb(noise(torch.full((2, 193), 0.8), sides_db))
    assert found.chain[0].number("width") < 0.1


def test_noise_that_is_dark_from_the_start_stays():
    falling_db = torch.linspace(0.0, -60.0, 193).expand(2, 193).clone()
    assert not nearest_reverb(noise(torch.full((2, 193), 1.0), falling_db)).near
