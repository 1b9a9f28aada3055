"""Gain computers: the compiled loops against tensor operations, and both against scipy.signal."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy import signal
from torch import Tensor

from mixtrace.dsp import detect_and_gain
from mixtrace.dsp.dynamics import detect_and_gain_reference

NODES = 5
POLES = (0.05, 0.5, 0.97, 0.999, 0.99997)
"""From a fraction of a sample to a second at 30 kHz."""


def arguments(dtype: torch.dtype, *, channels: int = 2, time: int = 700) -> dict[str, Tensor]:
    """Return bursts from near silence to full scale that cross thresholds and knees."""
    generator = torch.Generator().manual_seed(channels)

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(NODES, dtype=torch.float64, generator=generator)

    noise = torch.randn(NODES, channels, time, dtype=torch.float64, generator=generator)
    # The detector rises through the knee and falls through it again.
    level = torch.cat(
        [torch.full((n,), v) for n, v in ((200, 0.05), (200, 1.0), (time - 400, 1e-3))]
    )
    return {
        "audio": (noise * level).to(dtype),
        "pole": torch.tensor(POLES, dtype=dtype),
        "threshold": uniform(-8.0, -6.0).to(dtype),
        "half_knee": uniform(0.05, 3.0).to(dtype),
        "slope": uniform(-1.5, -0.1).to(dtype),
        "wet": uniform(0.1, 1.0).to(dtype),
    }


def state(dtype: torch.dtype) -> Tensor:
    return torch.tensor([0.0, 1e-3, 1e-2, 1e-3, 1e-4], dtype=dtype)


def by_scipy(given: dict[str, Tensor], direction: int, before: Tensor) -> tuple[np.ndarray, ...]:
    """Return output and last state: lfilter, then the curve of Giannoulis et al. 2012, eq. (4)."""
    outputs, states = [], []
    for row in range(NODES):
        audio, pole, threshold, half_knee, slope, wet = (v[row].numpy() for v in given.values())
        energy = np.mean(audio**2, axis=0)
        smooth = signal.lfilter(
            [1.0 - pole], [1.0, -pole], energy, zi=[pole * before[row].numpy()]
        )[0]
        above = direction * (np.log(smooth + 1e-5) - threshold)
        inside = np.abs(above) <= half_knee
        curve = np.where(
            inside, (above + half_knee) ** 2 / (4.0 * half_knee), np.maximum(above, 0.0)
        )
        outputs.append(audio * (1.0 - wet + wet * np.exp(slope * curve)))
        states.append(smooth[-1])
    return np.stack(outputs), np.stack(states)


@pytest.mark.parametrize("function", [detect_and_gain, detect_and_gain_reference])
@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("channels", [1, 2])
def test_values_against_scipy(function: Callable, direction: int, channels: int):
    given, before = arguments(torch.float64, channels=channels), state(torch.float64)
    output, after = function(*given.values(), direction=direction, state=before)
    expected, expected_state = by_scipy(given, direction, before)
    # float64; the reference sums in another order, poles near one amplify that a thousandfold.
    np.testing.assert_allclose(output, expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(after, expected_state, rtol=1e-9)
    assert np.abs(expected - given["audio"].numpy()).max() > 0.1  # the gain did something


@pytest.mark.parametrize(
    # float32: a pole within 3e-5 of one carries 2e-3 of relative error in 1 - pole and in the
    # differences of the detector's steps.
    ("dtype", "tolerance"),
    [(torch.float64, 1e-8), (torch.float32, 5e-3)],
)
@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize("channels", [1, 2])
def test_compiled_and_reference_have_equal_gradients(dtype, tolerance, direction, channels):
    gradients = []
    for function, precision in (
        (detect_and_gain, dtype),
        (detect_and_gain_reference, torch.float64),
    ):
        given = {k: v.to(precision) for k, v in arguments(dtype, channels=channels).items()}
        leaves = [v.requires_grad_() for v in given.values()]
        output, _ = function(*leaves, direction=direction, state=state(precision))
        weight = torch.linspace(-1.0, 1.0, output.shape[-1], dtype=precision)
        gradients.append(torch.autograd.grad((output * weight).sum(), leaves))
    for name, compiled, reference in zip(arguments(dtype), *gradients, strict=True):
        scale = reference.reshape(NODES, -1).abs().amax(1)
        error = (compiled - reference).reshape(NODES, -1).abs().amax(1)
        assert (scale > 0.0).all(), name
        assert (error <= tolerance * scale).all(), (name, error / scale)


@pytest.mark.parametrize("direction", [1, -1])
def test_gradients_against_finite_differences(direction: int):
    given = [v.requires_grad_() for v in arguments(torch.float64, time=420).values()]
    given[0] = given[0][:, :, 180:420:10].detach().requires_grad_()

    def function(*values: Tensor) -> Tensor:
        return detect_and_gain(*values, direction=direction, state=state(torch.float64))[0]

    assert torch.autograd.gradcheck(function, given, eps=1e-7, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("function", [detect_and_gain, detect_and_gain_reference])
def test_two_halves_with_the_state_carried_are_the_whole(function: Callable):
    audio, *scalars = arguments(torch.float64).values()
    start = state(torch.float64)
    whole, whole_state = function(audio, *scalars, direction=1, state=start)
    first, between = function(audio[..., :333], *scalars, direction=1, state=start)
    second, last = function(audio[..., 333:], *scalars, direction=1, state=between)
    # Equal recursions; the reference sums in another order.
    torch.testing.assert_close(torch.cat([first, second], -1), whole, rtol=1e-10, atol=1e-13)
    torch.testing.assert_close(last, whole_state, rtol=1e-10, atol=0.0)


def test_strided_audio_and_gradients_are_read_in_place():
    audio, *scalars = arguments(torch.float64).values()
    wide = torch.stack([audio, -audio], -1)[..., 0].requires_grad_()
    plain = audio.clone().requires_grad_()
    results = []
    for leaf in (wide, plain):
        output, _ = detect_and_gain(leaf, *scalars, direction=1, state=state(torch.float64))
        # The gradient of a sum over an expanded weight is not contiguous either.
        results.append((output, *torch.autograd.grad(output.transpose(1, 2).sum(), leaf)))
    for left, right in zip(*results, strict=True):
        torch.testing.assert_close(left, right, rtol=0.0, atol=0.0)


def test_silence_is_silence_with_finite_gradients():
    _, *scalars = arguments(torch.float32).values()
    leaves = [torch.zeros(NODES, 2, 100), *scalars]
    for leaf in leaves:
        leaf.requires_grad_()
    output, last = detect_and_gain(*leaves, direction=-1, state=torch.zeros(NODES))
    assert not output.any()
    assert not last.any()
    for gradient in torch.autograd.grad(output.sum(), leaves):
        assert gradient.isfinite().all()
