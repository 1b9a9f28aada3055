"""The feedback delay against a loop that runs sample by sample."""

import numpy as np
import pytest
import torch
from torch import Tensor

from mixtrace.dsp import delay_response, delay_taps, delay_taps_each_side, repeating_s

RATES_HZ = (30_000.0, 44_100.0, 48_000.0, 96_000.0)


def column(*values: float, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.tensor(values, dtype=dtype)


def by_loop(
    delay_samples: int,
    feedback: float,
    damping_hz: float,
    ping_pong: float,
    length: int,
    rate_hz: float,
) -> np.ndarray:
    """Return the taps [out, in, time] of a delay line of whole samples, a filter in its loop."""
    corner = 2.0 * np.pi * damping_hz / rate_hz
    pole = np.exp(-corner)
    nyquist = 1.0 / np.hypot(1.0, np.pi / corner)  # the analogue filter's magnitude there
    b0 = ((1.0 - pole) + (1.0 + pole) * nyquist) / 2.0
    b1 = (1.0 - pole) - b0
    matrix = np.array([[1.0 - ping_pong, ping_pong], [ping_pong, 1.0 - ping_pong]])
    taps = np.zeros((2, 2, length))
    for source in range(2):
        line = np.zeros((2, length))  # what goes into the delay
        before, damped = np.zeros(2), np.zeros(2)
        for n in range(length):
            late = line[:, n - delay_samples] if n >= delay_samples else np.zeros(2)
            taps[:, source, n] = late
            damped = pole * damped + b0 * late + b1 * before
            before = late
            line[:, n] = feedback * matrix @ damped
            line[source, n] += n == 0
    return taps


CASES = [  # delay in samples, feedback, damping in Hz, ping-pong
    (400, 0.95, 300.0, 0.0),
    (57, 0.8, 5000.0, 0.3),
    (900, 0.6, 20_000.0, 1.0),
    (3000, 0.0, 2000.0, 0.5),
    (2999, 0.95, 1000.0, 0.75),
]


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_taps_of_whole_samples_are_those_of_the_loop(rate_hz):
    length = 3000
    delay, feedback, damping_hz, ping_pong = torch.tensor(CASES, dtype=torch.float64).unbind(1)
    given = (delay / rate_hz, feedback, damping_hz)
    taps = delay_taps(*given, ping_pong, length=length, sample_rate_hz=rate_hz)
    alone = delay_taps_each_side(*given, length=length, sample_rate_hz=rate_hz)
    for row, case in enumerate(CASES):
        expected = by_loop(*case, length=length, rate_hz=rate_hz)
        # float64 over at most 53 rounds of the loop.
        np.testing.assert_allclose(taps[row], expected, atol=1e-10)
        straight = by_loop(*case[:3], 0.0, length=length, rate_hz=rate_hz)
        assert not straight[0, 1].any()
        np.testing.assert_allclose(alone[row, 0], straight[0, 0], atol=1e-10)


def test_echoes_alternate_at_full_ping_pong():
    taps = delay_taps(
        column(0.01),
        column(0.5),
        column(1e5),
        column(1.0),
        length=2000,
        sample_rate_hz=44_100.0,
    )
    left, right = taps[0, :, 0]
    energies = [
        (side[centre - 100 : centre + 200].square().sum().item() > 0.01)
        for centre in (441, 882, 1323)
        for side in (left, right)
    ]
    assert energies == [True, False, False, True, True, False]


def test_a_delay_between_two_samples_is_the_band_limited_one():
    n = np.arange(1500)
    taps = delay_taps_each_side(
        column(500.37 / 44_100.0),
        column(0.0),
        column(5000.0),
        length=1500,
        sample_rate_hz=44_100.0,
    )
    # The circle's sinc differs from the line's by its far repetitions, 1 / (pi 9500) each.
    np.testing.assert_allclose(taps[0, 0], np.sinc(n - 500.37), atol=5e-5)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_the_response_is_the_transform_of_the_taps(rate_hz):
    points = 48_000
    given = column(0.011, 0.0273), column(0.3, 0.6), column(1e3, 8e3), column(0.2, 1.0)
    response = delay_response(*given, points=points, sample_rate_hz=rate_hz)
    taps = delay_taps(*given, length=points, sample_rate_hz=rate_hz)
    below = slice(0, int(0.45 * points))
    # The sinc's tails, cut at time zero, spread 1e-4 over the band.
    difference = torch.fft.rfft(taps)[..., below] - response[..., below]
    assert difference.abs().max() < 3e-3
    assert response.abs().max() > 1.0


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_the_loop_damps_as_the_analogue_filter(rate_hz):
    hz = torch.arange(1, 6000)
    for damping_hz in (200.0, 2000.0, 6000.0, 15_000.0):
        one, more = (
            delay_response(
                column(0.01),
                column(feedback),
                column(damping_hz),
                column(0.0),
                points=int(rate_hz),
                sample_rate_hz=rate_hz,
            )[0, 0, 0, 1:6000]
            for feedback in (0.0, 0.5)
        )
        # H = D / (1 - f L D)
        loop = (1.0 / one - 1.0 / more) / 0.5
        level_db = 20.0 * torch.log10(loop.abs())
        expected_db = -10.0 * torch.log10(1.0 + (hz / damping_hz) ** 2)
        assert (level_db - expected_db).abs().max() < 0.45


def test_gradients_against_finite_differences():
    given = [
        column(0.0101, 0.0203).requires_grad_(),
        column(0.0, 0.95).requires_grad_(),
        column(500.0, 9000.0).requires_grad_(),
        column(0.0, 1.0).requires_grad_(),
    ]

    def taps(time_s: Tensor, feedback: Tensor, damping_hz: Tensor, ping_pong: Tensor) -> Tensor:
        settings = (time_s, feedback, 1e3 * damping_hz, ping_pong)
        return delay_taps(*settings, length=700, sample_rate_hz=30_000.0)[..., 290::40]

    given[2] = column(0.5, 9.0).requires_grad_()
    assert torch.autograd.gradcheck(taps, given, eps=1e-7, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_the_ends_of_all_ranges_have_finite_taps_and_gradients(dtype, rate_hz):
    ends = torch.cartesian_prod(
        column(0.001, 0.7, dtype=dtype),
        column(0.0, 0.95, dtype=dtype),
        column(100.0, 22_000.0, dtype=dtype),
        column(0.0, 0.5, 1.0, dtype=dtype),
    )
    given = [part.clone().requires_grad_() for part in ends.unbind(1)]
    taps = delay_taps(*given, length=9000, sample_rate_hz=rate_hz)
    assert taps.dtype == dtype
    assert taps.isfinite().all()
    weight = torch.linspace(-1.0, 1.0, 9000, dtype=dtype)
    for gradient in torch.autograd.grad((taps.abs() * weight).sum(), given):
        assert gradient.isfinite().all()


def test_echoes_are_down_60_db_where_they_are_said_to_be():
    seconds = repeating_s(0.25, 0.7)
    assert 0.7 ** (seconds / 0.25) <= 1e-3 < 0.7 ** (seconds / 0.25 - 1.0)
