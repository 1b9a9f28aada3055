"""Warps against their equations, and what a specification does with its range."""

import dataclasses
import math

import pytest
import torch
from torch import Tensor

from mixtrace.params import (
    Affine,
    Between,
    DecayTime,
    Exponential,
    Logistic,
    ParamSpec,
    PoleTime,
    TapPosition,
    Warp,
)

SCALAR_WARPS = [
    Affine(8.7, -26.0),
    Exponential(4.3),
    Exponential(-2.0, 1.0),
    Between(20.0, 20_000.0),
    Logistic(-2.0),
    PoleTime(30_000.0),
    DecayTime(0.0064, 8.0),
]


@pytest.mark.parametrize("warp", SCALAR_WARPS, ids=repr)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_round_trip(warp: Warp, dtype: torch.dtype):
    z = torch.linspace(-6.0, 6.0, 101, dtype=dtype)
    # Near z = 6 a sigmoid is 1/400 from its end, which costs two or three digits of the format.
    tolerance = 1e4 * torch.finfo(dtype).eps
    back = warp.unconstrained(warp.physical(z))
    torch.testing.assert_close(back, z, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("warp", SCALAR_WARPS, ids=repr)
def test_warps_are_monotonic_with_finite_gradients(warp: Warp):
    z = torch.linspace(-12.0, 12.0, 101, requires_grad=True)
    (gradient,) = torch.autograd.grad(warp.physical(z).sum(), z)
    assert torch.isfinite(gradient).all()
    assert (gradient.sign() == gradient.sign()[0]).all()
    assert gradient.abs().min() > 0.0


def test_equations_of_the_published_start():
    zero = torch.zeros((), dtype=torch.float64)
    # pole 1/2 at 30 kHz: 1 / (30 log 2) ms
    assert PoleTime(30_000.0).physical(zero).item() == pytest.approx(1.0 / (30.0 * math.log(2.0)))
    # exp(-log(2) / 8) of amplitude each 6.4 ms: 60 dB take log(1000) * 8 / log(2) frames
    expected_s = 0.0064 * math.log(1000.0) * 8.0 / math.log(2.0)
    assert DecayTime(0.0064, 8.0).physical(zero).item() == pytest.approx(expected_s)
    assert Logistic(-2.0).physical(zero).item() == -1.0
    assert Between(20.0, 2000.0).physical(zero).item() == pytest.approx(200.0)
    assert Exponential(4.0).physical(zero).item() == 4.0
    assert Affine(4.0, -26.0).physical(zero).item() == -26.0


def test_inverses_are_finite_at_the_ends():
    assert Logistic(-2.0).unconstrained(torch.tensor([0.0, -2.0])).isfinite().all()
    assert Exponential(-2.0).unconstrained(torch.tensor([0.0])).isfinite().all()
    ends = torch.tensor([[0.0, 0.0], [0.1, 1.0], [0.05, 0.0], [0.0, 1.0]])
    assert TapPosition(0.1).unconstrained(ends).isfinite().all()


def test_a_tap_turns_clockwise_and_keeps_its_place_even_without_sharpness():
    warp = TapPosition(0.1)
    quarter = warp.physical(torch.tensor([0.0, -0.5], dtype=torch.float64))
    assert quarter[0].item() == pytest.approx(0.025, abs=1e-9)  # moved 1e-12 off the centre
    assert quarter[1].item() == pytest.approx(math.tanh(0.5), rel=1e-9)
    offset_s = torch.linspace(0.001, 0.099, 50, dtype=torch.float64)
    for sharpness in (0.0, 0.5, 1.0):
        value = torch.stack([offset_s, torch.full_like(offset_s, sharpness)], -1)
        back = warp.physical(warp.unconstrained(value))
        # Ends of the sharpness are 1e-6 away from infinite or missing angles.
        torch.testing.assert_close(back, value, rtol=0.0, atol=2e-6)


def test_the_gradient_of_a_tap_has_unit_norm_and_the_direction_of_the_chain_rule():
    generator = torch.Generator().manual_seed(1)
    z = torch.randn(50, 2, dtype=torch.float64, generator=generator, requires_grad=True)
    weight = torch.randn(50, 2, dtype=torch.float64, generator=generator)

    def value(points: Tensor) -> Tensor:
        return (TapPosition(0.1).physical(points) * weight).sum(-1)

    (gradient,) = torch.autograd.grad(value(z).sum(), z)
    step = 1e-6
    with torch.no_grad():
        slopes = [
            (value(z + step * axis) - value(z - step * axis)) / (2.0 * step)
            for axis in torch.eye(2, dtype=torch.float64)
        ]
    numeric = torch.stack(slopes, -1)
    expected = numeric / numeric.norm(dim=-1, keepdim=True)
    # 1e-7 is added to the norm; the slopes here are 0.01 to 10.
    torch.testing.assert_close(gradient, expected, rtol=0.0, atol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_gradient_of_a_tap_in_the_centre_is_finite(dtype: torch.dtype):
    z = torch.zeros(3, 2, dtype=dtype, requires_grad=True)
    (gradient,) = torch.autograd.grad(TapPosition(0.1).physical(z).sum(), z)
    assert gradient.isfinite().all()
    assert gradient.norm(dim=-1).min() > 0.9


SPEC = ParamSpec(
    name="knee_db",
    unit="dB",
    low=0.5,
    high=20.0,
    neutral=None,
    init=0.0,
    warp=Exponential(4.0),
    shape=(),
    label="knee",
)


def test_a_specification_keeps_values_in_range():
    z = torch.tensor([-10.0, 0.0, 10.0])
    torch.testing.assert_close(SPEC.physical(z), torch.tensor([0.5, 4.0, 20.0]))
    torch.testing.assert_close(SPEC.clip(torch.tensor([-1.0, 7.0])), torch.tensor([0.5, 7.0]))
    back = SPEC.physical(SPEC.unconstrained(torch.tensor([0.0, 4.0, 99.0])))
    torch.testing.assert_close(back, torch.tensor([0.5, 4.0, 20.0]))


def test_projection_moves_only_what_is_out_of_range():
    projected = SPEC.project(torch.tensor([-10.0, 0.3, 10.0]))
    expected = torch.tensor([math.log(0.5 / 4.0), 0.3, math.log(20.0 / 4.0)])
    torch.testing.assert_close(projected, expected)


def test_a_range_may_differ_along_the_last_axis():
    spec = dataclasses.replace(SPEC, low=(0.0, 1.0), high=(2.0, 3.0), warp=Affine(1.0), shape=(2,))
    clipped = spec.clip(torch.tensor([[-5.0, -5.0], [5.0, 5.0]]))
    torch.testing.assert_close(clipped, torch.tensor([[0.0, 1.0], [2.0, 3.0]]))


SWITCH = ParamSpec(
    name="slope",
    unit="dB/oct",
    low=0.0,
    high=24.0,
    neutral=0.0,
    init=0.0,
    warp=Affine(12.0, 12.0),
    shape=(),
    label="slope",
    rate=0.0,
    choices=(0.0, 12.0, 24.0),
)


def test_a_switch_takes_its_choices_only_and_no_gradient_moves_it():
    value = torch.tensor([-3.0, 5.0, 7.0, 12.0, 19.0, 90.0], requires_grad=True)
    clipped = SWITCH.clip(value)
    assert clipped.tolist() == [0.0, 0.0, 12.0, 12.0, 24.0, 24.0]
    (gradient,) = torch.autograd.grad(clipped.sum(), value)
    assert gradient.tolist() == [0.0] * 6
    assert SWITCH.clip(torch.tensor(math.nan)).isnan()
    z = torch.tensor([-2.0, -0.7, 0.1, 0.6])
    assert SWITCH.physical(z).tolist() == [0.0, 0.0, 12.0, 24.0]
    assert SWITCH.physical(SWITCH.project(z)).tolist() == [0.0, 0.0, 12.0, 24.0]
