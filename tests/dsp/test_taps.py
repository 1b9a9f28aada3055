"""Delay taps: the hard forward direction, and the soft pulse's gradient in the backward."""

import numpy as np
import pytest
import torch
from torch import Tensor

from mixtrace.dsp import place_taps
from mixtrace.dsp.taps import soft_gradient_compiled, soft_gradient_reference


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def uniform(*shape: int, seed: int = 0) -> Tensor:
    return torch.rand(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def soft_pulse(turn: Tensor, sharpness: Tensor, slot: int) -> Tensor:
    """Return irfft(z^k), the pulse whose gradient stands in for the one-hot tap's."""
    k = torch.arange(slot // 2 + 1, dtype=turn.dtype)
    angle = -2.0 * torch.pi * turn[..., None] * k
    return torch.fft.irfft(
        sharpness[..., None] ** k * torch.polar(torch.ones_like(angle), angle), slot
    )


def coloured(pulse: Tensor, taps: Tensor) -> Tensor:
    """Return the pulse convolved with a centred filter, cut to its slot."""
    half = taps.shape[-1] // 2
    whole = torch.nn.functional.conv1d(
        pulse[:, None], taps.flip(-1)[:, None], padding=half, groups=1
    )
    return whole[torch.arange(len(pulse)), torch.arange(len(pulse))]


@pytest.mark.parametrize("slot", [300, 441])
def test_forward_is_the_filter_about_the_nearest_sample(slot: int):
    turn, sharpness, taps = uniform(40, seed=1), uniform(40, seed=2), random(40, 39, seed=3)
    result = place_taps(turn, sharpness, taps, slot).numpy()
    for row in range(40):
        one_hot = np.zeros(slot)
        one_hot[round(turn[row].item() * slot) % slot] = 1.0
        expected = np.convolve(one_hot, taps[row].numpy())[19 : 19 + slot]
        np.testing.assert_allclose(result[row], expected, atol=1e-15)


def test_the_last_half_sample_of_a_slot_is_its_first():
    # The slot is a circle: an angle a hair below a full turn is nearest to time zero.
    turn = torch.tensor([0.9999, 1.0, 0.0], dtype=torch.float64)
    result = place_taps(turn, torch.ones_like(turn), torch.ones(3, 1).double(), 100)
    assert result.argmax(-1).tolist() == [0, 0, 0]


@pytest.mark.parametrize("slot", [64, 65])
def test_the_hard_tap_stands_at_the_peak_of_the_soft_pulse(slot: int):
    turn, sharpness = uniform(200, seed=4), 0.2 + 0.79 * uniform(200, seed=5)
    hard = place_taps(turn, sharpness, torch.ones(200, 1).double(), slot)
    assert torch.equal(hard.argmax(-1), soft_pulse(turn, sharpness, slot).argmax(-1))


@pytest.mark.parametrize("slot", [60, 61])
@pytest.mark.parametrize("colour_taps", [1, 9])
def test_backward_is_the_gradient_of_the_soft_pulse(slot: int, colour_taps: int):
    turn, sharpness = uniform(8, seed=6), 0.05 + 0.9 * uniform(8, seed=7)
    # Not symmetric, as the periodic window makes them.
    taps, weight = random(8, colour_taps, seed=8), random(8, slot, seed=9)
    leaves = (turn.clone().requires_grad_(), sharpness.clone().requires_grad_())
    loss = (place_taps(*leaves, taps, slot) * weight).sum()
    gradients = torch.autograd.grad(loss, leaves)

    def soft_loss(turn: Tensor, sharpness: Tensor) -> Tensor:
        return (coloured(soft_pulse(turn, sharpness, slot), taps) * weight).sum(-1)

    step = 1e-6
    numeric_turn = (soft_loss(turn + step, sharpness) - soft_loss(turn - step, sharpness)) / (
        2.0 * step
    )
    numeric_sharpness = (soft_loss(turn, sharpness + step) - soft_loss(turn, sharpness - step)) / (
        2.0 * step
    )
    # Central differences of step 1e-6 in float64; slopes are up to 1e3.
    torch.testing.assert_close(gradients[0], numeric_turn, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(gradients[1], numeric_sharpness, rtol=1e-5, atol=1e-5)


def test_the_gradient_of_the_filter_is_exact():
    turn, taps = uniform(5, seed=10), random(5, 39, seed=11).requires_grad_()
    sharpness = torch.full_like(turn, 0.5)
    assert torch.autograd.gradcheck(lambda t: place_taps(turn, sharpness, t, 50), taps)


@pytest.mark.parametrize("sharpness", [0.0, 1.0])
def test_gradients_are_finite_at_the_ends_of_the_sharpness(sharpness: float):
    turn = uniform(4, seed=12).float().requires_grad_()
    radius = torch.full((4,), sharpness, requires_grad=True)
    loss = (place_taps(turn, radius, torch.ones(4, 3), 50) * random(4, 50, seed=13)).sum()
    for gradient in torch.autograd.grad(loss, (turn, radius)):
        assert gradient.isfinite().all()


@pytest.mark.parametrize("slot", [60, 61])
def test_compiled_and_reference_have_equal_gradients(slot: int):
    turn, sharpness = uniform(6, 5, seed=14), uniform(6, 5, seed=15)
    given = (random(6, 5, slot, seed=16), random(6, 5, 9, seed=17), turn, sharpness)
    pairs = zip(soft_gradient_compiled(*given), soft_gradient_reference(*given), strict=True)
    for compiled, reference in pairs:
        # float64; one rotates step by step, the other takes each angle's sine.
        torch.testing.assert_close(compiled, reference, rtol=1e-9, atol=1e-9)
