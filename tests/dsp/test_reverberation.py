"""Reverberation: decays by Schroeder's integral, and captured responses turned."""

import numpy as np
import pytest
import torch
from torch import Tensor

from mixtrace.dsp import (
    BAND_EDGES_HZ,
    mid_rt60_s,
    resample_taps,
    reverberation_taps,
    turned,
)

RATES_HZ = (30_000.0, 44_100.0, 48_000.0, 96_000.0)
CENTRES_HZ = tuple(250.0 * 2.0**band for band in range(6))
HALL_S = (2.5, 2.2, 1.8, 1.5, 1.2, 0.8)


def taps(
    rt60_s: tuple[float, ...],
    *,
    rate_hz: float = 30_000.0,
    length_s: float = 3.0,
    pre_delay_s: float = 0.0,
    width: float = 1.0,
    seed: int = 0,
) -> Tensor:
    return reverberation_taps(
        torch.tensor([rt60_s], dtype=torch.float64),
        torch.tensor([pre_delay_s], dtype=torch.float64),
        torch.tensor([width], dtype=torch.float64),
        length=round(length_s * rate_hz),
        sample_rate_hz=rate_hz,
        seed=seed,
    )[0]


def remaining_energies(response: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return Schroeder's integral [band, time] of what passes a Gaussian inside each band.

    A Gaussian rings for a few of its periods; a filter with steep edges would ring for seconds.
    """
    time = response.shape[-1]
    hz = np.fft.rfftfreq(2 * time, 1.0 / rate_hz)
    spectrum = np.fft.rfft(response, 2 * time)
    result = []
    for centre_hz in CENTRES_HZ:
        window = np.exp(-0.5 * ((hz - centre_hz) / (0.08 * centre_hz)) ** 2)
        heard = np.fft.irfft(spectrum * window)[..., :time]
        result.append(np.cumsum((heard**2).sum(0)[::-1])[::-1])
    return np.array(result)


def rt60_of(remaining: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return 60 dB over the slope between -5 and -35 dB (ISO 3382-1, T30)."""
    result = []
    for energy in remaining:
        level_db = 10.0 * np.log10(energy / energy[0] + 1e-300)
        inside = np.flatnonzero((level_db < -5.0) & (level_db > -35.0))
        result.append(-60.0 / np.polyfit(inside / rate_hz, level_db[inside], 1)[0])
    return np.array(result)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_each_band_of_a_hall_decays_in_its_time(rate_hz):
    response = taps(HALL_S, rate_hz=rate_hz).numpy()
    measured = rt60_of(remaining_energies(response, rate_hz), rate_hz)
    np.testing.assert_allclose(measured, HALL_S, rtol=0.05)


def test_uneven_decays_are_right_on_average():
    # One noise of a narrow band and a short decay is off by a tenth; twenty-four of them are not.
    for rt60_s in ((0.5, 1.0, 2.0, 1.5, 1.0, 0.5), (0.6,) * 6):
        remaining = 0.0
        for seed in range(24):
            energies = remaining_energies(taps(rt60_s, length_s=2.5, seed=seed).numpy(), 30e3)
            remaining = remaining + energies / energies[:, :1]
        np.testing.assert_allclose(rt60_of(np.array(remaining), 30e3), rt60_s, rtol=0.05)


def test_bands_sum_to_the_whole_and_are_an_octave_wide():
    assert np.allclose(np.diff(np.log2(BAND_EDGES_HZ)), 1.0)
    # Without decay every sample is that of one white noise: its spectrum is flat across the edges.
    power = torch.fft.rfft(taps((1e6,) * 6, length_s=20.0)).abs().square().mean(0)
    hz = np.fft.rfftfreq(600_000, 1.0 / 30e3)
    levels = []
    for low_hz, high_hz in zip((100.0, *BAND_EDGES_HZ), (*BAND_EDGES_HZ, 14e3), strict=True):
        middle = (hz > low_hz * 1.2) & (hz < high_hz / 1.2)
        edge = (hz > high_hz / 1.1) & (hz < high_hz * 1.1)
        levels += [power[middle].mean(), power[edge].mean()]
    # The mean of 1200 bins of two noises: 2 % each.
    np.testing.assert_allclose(levels, 1.0, rtol=0.1)


@pytest.mark.parametrize("rate_hz", RATES_HZ[1:])
def test_it_is_the_same_sound_of_unit_energy_at_every_rate(rate_hz):
    low = taps(HALL_S, pre_delay_s=0.01)
    high = taps(HALL_S, rate_hz=rate_hz, pre_delay_s=0.01)
    # The onset's mirror, and the end that the pre-delay moved out.
    assert abs(low.square().sum(1).mean().item() - 1.0) < 1e-3
    spectra = [
        torch.fft.rfft(response, n=4 * round(rate))[:, :52_000]
        for response, rate in ((low, 30e3), (high, rate_hz))
    ]
    difference = (spectra[1] - spectra[0]).abs().square().mean()
    # The onset is as sharp as the rate allows, -35 dB of the whole.
    assert difference < 10**-3.5 * spectra[0].abs().square().mean()


def test_width_sets_the_correlation_of_the_channels():
    for width, expected in ((0.0, 1.0), (0.5, np.cos(np.pi / 4.0)), (1.0, 0.0)):
        response = taps(HALL_S, width=width).numpy()
        # Some 2000 independent samples under the envelope.
        assert abs(np.corrcoef(response)[0, 1] - expected) < 0.06
    same = taps(HALL_S, width=0.0)
    assert torch.equal(same[0], same[1])


def test_pre_delay_moves_the_response():
    still = taps(HALL_S)
    whole = taps(HALL_S, pre_delay_s=0.05)
    # Rounding of two transforms.
    torch.testing.assert_close(whole[:, 1500:], still[:, :-1500], rtol=0.0, atol=1e-12)
    assert whole[:, :1500].abs().max() < 1e-12
    half = taps(HALL_S, pre_delay_s=0.05 + 0.5 / 30e3)
    turns = torch.fft.rfftfreq(180_000, 1.0 / 30e3, dtype=torch.float64) * (0.05 + 0.5 / 30e3)
    moved = torch.fft.rfft(half, n=180_000) * torch.exp(2j * torch.pi * turns)
    difference = (moved - torch.fft.rfft(still, n=180_000)).abs().square().mean()
    # What rings before time zero is cut: 1 / (pi² 1500) of the density at the Nyquist frequency.
    assert difference < 7e-5 * moved.abs().square().mean()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gradients_of_the_parametric_response(dtype):
    given = [
        torch.tensor(values, dtype=dtype, requires_grad=True)
        for values in (
            [[0.02, 0.1, 0.05, 0.2, 0.1, 0.03], [10.0, 0.02, 1.0, 0.5, 0.3, 20.0]],
            [0.0, 0.0041],
            [0.0, 1.0],
        )
    ]

    def response(rt60_s: Tensor, pre_delay_s: Tensor, width: Tensor) -> Tensor:
        return reverberation_taps(
            rt60_s, pre_delay_s, width, length=1300, sample_rate_hz=30_000.0, seed=3
        )[..., ::60]

    if dtype == torch.float64:
        assert torch.autograd.gradcheck(response, given, eps=1e-7, atol=1e-4, rtol=1e-3)
    for gradient in torch.autograd.grad(response(*given).abs().sum(), given):
        assert gradient.isfinite().all()
        assert gradient.any()


def test_nodes_do_not_depend_on_one_another():
    rows = torch.tensor([HALL_S, HALL_S[::-1]], dtype=torch.float64)
    pre_delay_s, width = torch.tensor([[0.01, 0.002], [1.0, 0.3]], dtype=torch.float64)
    settings = {"length": 20_000, "sample_rate_hz": 44_100.0, "seed": 1}
    both = reverberation_taps(rows, pre_delay_s, width, **settings)
    for row in range(2):
        one = slice(row, row + 1)
        alone = reverberation_taps(rows[one], pre_delay_s[one], width[one], **settings)
        torch.testing.assert_close(both[one], alone, rtol=0.0, atol=1e-12)


def captured(*channels: int, rt60_s: float = 0.8, rate_hz: float = 48_000.0) -> Tensor:
    """Return noise that decays after a direct sound at 20 ms."""
    generator = torch.Generator().manual_seed(5)
    time = round(1.5 * rate_hz)
    since_s = (torch.arange(time, dtype=torch.float64) - 0.02 * rate_hz) / rate_hz
    envelope = torch.where(since_s >= 0.0, 10.0 ** (-3.0 * since_s / rt60_s), 0.0)
    noise = torch.randn(*channels, time, dtype=torch.float64, generator=generator)
    response = 0.1 * noise * envelope
    response[..., round(0.02 * rate_hz)] = 2.0
    return response


def turn(
    response: Tensor,
    *,
    factor: float = 1.0,
    tone: float = 0.0,
    shift_s: float = 0.0,
    rate_hz: float = 48_000.0,
) -> Tensor:
    settings = (response.new_tensor([value]) for value in (factor, tone, shift_s))
    return turned(response, 48_000.0, *settings, sample_rate_hz=rate_hz)[0]


@pytest.mark.parametrize("channels", [(1,), (2,), (2, 2)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_neutral_settings_leave_a_captured_response_as_it_is(channels, dtype, rate_hz):
    response = captured(*channels).to(dtype)
    expected = resample_taps(response, 48_000.0, rate_hz)
    # Rounding of two transforms.
    tolerance = {torch.float32: 1e-6, torch.float64: 1e-14}[dtype]
    result = turn(response, rate_hz=rate_hz)
    assert result.dtype == dtype
    torch.testing.assert_close(result, expected, rtol=0.0, atol=tolerance * 2.0)


@pytest.mark.parametrize("factor", [0.5, 0.8, 1.25, 1.5])
def test_a_captured_decay_is_turned_longer_and_shorter(factor):
    response = turn(captured(2, rt60_s=0.6), factor=factor)
    measured_s = mid_rt60_s(captured(2, rt60_s=0.6), 48_000.0)
    assert measured_s == pytest.approx(0.6, rel=0.05)
    # The later of a longer decay weigh more, and noise is not even.
    assert mid_rt60_s(response, 48_000.0) == pytest.approx(factor * measured_s, rel=0.05)
    # The direct sound keeps its level.
    assert response.abs().amax().item() == pytest.approx(2.0, rel=1e-12)


def test_a_tilt_is_straight_in_octaves_and_nothing_sounds_before_the_direct_sound():
    response = captured(1)
    result = turn(response, tone=2.0)
    points = 1 << 18
    ratio = torch.fft.rfft(result, n=points) / torch.fft.rfft(response, n=points)
    hz = torch.tensor([62.5, 250.0, 1000.0, 4000.0, 16_000.0])
    level_db = 20.0 * torch.log10(ratio[0, (hz * points / 48_000.0).round().long()].abs())
    expected_db = torch.tensor([-8.0, -4.0, 0.0, 4.0, 8.0], dtype=torch.float64)
    # Bins lie beside the octaves, and the cut at the end of the taps.
    torch.testing.assert_close(level_db, expected_db, rtol=0.0, atol=0.05)
    before = result[0, :955].abs().max()
    # The kink of a tilt at the Nyquist frequency rings, -60 dB five samples before.
    assert before < 1e-3 * result.abs().max()


def test_a_captured_response_is_moved():
    response = captured(2)
    later = turn(response, shift_s=0.01)
    torch.testing.assert_close(later[:, 480:], response[:, :-480], rtol=0.0, atol=1e-12)
    earlier = turn(response, shift_s=-0.03)
    torch.testing.assert_close(earlier[:, :-1440], response[:, 1440:], rtol=0.0, atol=1e-12)


def test_gradients_of_turning():
    response = captured(2)[:, 900:1500]
    given = [
        torch.tensor(values, dtype=torch.float64, requires_grad=True)
        for values in ([1.0, 0.3], [0.0, -3.0], [0.0, 0.7])
    ]

    def function(factor: Tensor, tone: Tensor, shift_ms: Tensor) -> Tensor:
        settings = (factor, tone, shift_ms / 1000.0)
        return turned(response, 48_000.0, *settings, sample_rate_hz=44_100.0)[..., 50:300:10]

    assert torch.autograd.gradcheck(function, given, eps=1e-7, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_the_ends_of_all_ranges_of_turning_are_finite(rate_hz):
    click = torch.zeros(2, 2, 3000)
    click[..., 0] = 1.0
    for response in (click, torch.zeros(1, 3000), captured(1).float()):
        given = [
            torch.tensor(values, requires_grad=True)
            for values in ([0.1, 1.0, 10.0], [-6.0, 0.0, 6.0], [-0.5, 0.0, 0.5])
        ]
        result = turned(response, 48_000.0, *given, sample_rate_hz=rate_hz)
        assert result.isfinite().all()
        for gradient in torch.autograd.grad(result.sum(), given):
            assert gradient.isfinite().all()
