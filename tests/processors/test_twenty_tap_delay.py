"""Echoes where they were set, in seconds, with the energy and the colour they were given."""

import numpy as np
import pytest
import torch

from mixtrace.processors.twenty_tap_delay import TwentyTapDelay

DELAY = TwentyTapDelay()

RATES_HZ = [30_000.0, 44_100.0, 48_000.0]


def settings(*, color_db: float = 0.0, seed: int = 0) -> dict[str, torch.Tensor]:
    """Return taps at least 5 ms off the ends of their slots, so that no colour is cut."""
    generator = torch.Generator().manual_seed(seed)
    offset_s = 0.005 + 0.09 * torch.rand(1, 2, 20, dtype=torch.float64, generator=generator)
    return {
        "taps": torch.stack([offset_s, torch.full_like(offset_s, 0.5)], -1),
        "color_db": torch.full((1, 2, 20, 20), color_db, dtype=torch.float64),
    }


def taps(values: dict[str, torch.Tensor], rate_hz: float) -> torch.Tensor:
    """Return the response by channel and slot."""
    response = DELAY.impulse_response(values, rate_hz)
    assert response.lead_samples == 0
    return response.taps[0].unflatten(-1, (20, -1))


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_echoes_stand_where_they_were_set(rate_hz: float):
    values = settings()
    slots = taps(values, rate_hz)
    assert slots.shape == (2, 20, round(0.1 * rate_hz))
    found_s = slots.argmax(-1).double() / rate_hz
    # A hard tap stands on a sample: half of one to each side, and rounding.
    error_s = (found_s - values["taps"][0, ..., 0]).abs().max().item()
    assert error_s <= 0.5 / rate_hz + 1e-9


@pytest.mark.parametrize("color_db", [-40.0, 0.0, 30.0])
def test_energy_is_one_at_30_khz_whatever_the_level_of_the_colour(color_db: float):
    slots = taps(settings(color_db=color_db), 30_000.0)
    # 1e-12 is added to the energy, which at -40 dB is 2e-3.
    assert slots.square().sum((1, 2)).mean().item() == pytest.approx(1.0, rel=1e-8)
    # Flat colour: twenty equal single samples a channel.
    peaks = slots.abs().amax(-1)
    np.testing.assert_allclose(peaks, np.full((2, 20), 20.0**-0.5), rtol=1e-6)


def test_balance_and_relative_levels_are_kept():
    values = settings()
    values["color_db"][0, 0] += 6.0
    values["color_db"][0, 1, 3] -= 20.0
    slots = taps(values, 30_000.0)
    peaks = slots.abs().amax(-1)
    np.testing.assert_allclose(peaks[0] / peaks[1, 0], 10.0 ** (6.0 / 20.0), rtol=1e-9)
    assert (peaks[1, 3] / peaks[1, 0]).item() == pytest.approx(0.1, rel=1e-9)
    assert slots.square().sum((1, 2)).mean().item() == pytest.approx(1.0, rel=1e-9)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_a_tap_has_its_colour(rate_hz: float):
    values = settings()
    hz = torch.arange(20, dtype=torch.float64) * 30_000.0 / 39
    values["color_db"][:] = -12.0 * (hz / 15_000.0)
    slot = taps(values, rate_hz)[1, 7].numpy()
    centre = np.abs(slot).argmax()
    assert not slot[: centre - 35].any()
    assert not slot[centre + 35 :].any()
    axis = np.array([500.0, 3000.0, 6000.0, 9000.0, 12_000.0])
    turns = np.outer(axis, np.arange(len(slot))) / rate_hz
    level_db = 20.0 * np.log10(np.abs(np.exp(-2j * np.pi * turns) @ slot))
    # A line is not bent by the window, which spans two bins; only its ends are.
    np.testing.assert_allclose(np.diff(level_db), -12.0 * np.diff(axis) / 15_000.0, atol=0.1)


def test_equal_gain_at_every_rate():
    values = settings(color_db=-3.0)
    for rate_hz in RATES_HZ:
        # The middle of the periodic window is cos(pi / 78)^2 at 39 taps, nearer to one at 61.
        assert taps(values, rate_hz).square().sum().item() == pytest.approx(2.0, rel=3e-3)


def test_audio_repeats():
    values = settings()
    click = torch.zeros(1, 2, 6000, dtype=torch.float64)
    click[..., 0] = 1.0
    output = DELAY.forward(click, values, 30_000.0)
    torch.testing.assert_close(
        output[0], DELAY.impulse_response(values, 30_000.0).taps[0, :, :6000], rtol=0.0, atol=1e-12
    )
    left_only = click * torch.tensor([[1.0], [0.0]]).double()
    assert DELAY.forward(left_only, values, 30_000.0)[0, 1].abs().max() < 1e-12
