"""The limiter: its ceiling, against tensor operations, and as measured."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from mixtrace.dsp import limit
from mixtrace.dsp.limiting import limit_reference
from mixtrace.errors import AudioError

ROWS = 4
EARLY = (0.0, 3.4, 25.0, 7.0)
SCALARS = {
    "ceiling_db": (-3.0, -6.0, -20.0, -30.0),
    "release_samples": (20.0, 50.0, 300.0, 0.0),
    "wet": (1.0, 0.5, 0.8, 1.0),
    "make_up_db": (0.0, 6.0, 3.0, 12.0),
}


def values(dtype: torch.dtype) -> dict[str, Tensor]:
    return {name: torch.tensor(value, dtype=dtype) for name, value in SCALARS.items()}


def bursts(channels: int, time: int, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(ROWS, channels, time, dtype=torch.float64, generator=generator)
    return noise * torch.tensor([0.05, 1.0, 0.01]).repeat_interleave(-(-time // 3))[:time]


def limited(audio: Tensor, early: int, ceiling_db: float = -6.0, release: float = 100.0) -> Tensor:
    """Return one row under the limiter, as long as it was, with silence behind its end."""
    behind = torch.zeros(*audio.shape[:-1], early, dtype=audio.dtype)
    one = torch.ones(len(audio), dtype=audio.dtype)
    output, _ = limit(
        torch.cat([audio, behind], -1), ceiling_db * one, release * one, one,
        early_samples=early * one, beyond=early, state=one.new_zeros(len(audio), 2 * early + 1),
    )  # fmt: skip
    return output


@pytest.mark.parametrize("beyond", [0, 25])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(
    # float32: its rounding in decibels; gradients add a few hundred of such numbers.
    ("dtype", "near", "near_gradient"),
    [(torch.float64, 1e-10, 1e-10), (torch.float32, 1e-5, 2e-5)],
)
def test_compiled_is_the_reference(
    dtype: torch.dtype, near: float, near_gradient: float, channels: int, beyond: int
):
    results = []
    for function, precision in ((limit, dtype), (limit_reference, torch.float64)):
        given = {"audio": bursts(channels, 330, 0), **values(dtype)}
        given = {k: v.to(dtype).to(precision).requires_grad_() for k, v in given.items()}
        state = torch.linspace(0.0, 0.1, 2 * beyond + 1, dtype=precision).repeat(ROWS, 1)
        early = torch.tensor(EARLY) if beyond else torch.zeros(ROWS)
        output, after = function(**given, early_samples=early, beyond=beyond, state=state)
        weight = torch.linspace(-1.0, 1.0, output.shape[-1], dtype=precision)
        gradients = torch.autograd.grad((output * weight).sum(), list(given.values()))
        results.append((output, after, gradients))
    (output, after, gradients), (expected, expected_after, expected_gradients) = results
    torch.testing.assert_close(output.double(), expected, rtol=near, atol=near)
    torch.testing.assert_close(after.double(), expected_after, rtol=near, atol=near)
    for name, gradient, right in zip(given, gradients, expected_gradients, strict=True):
        assert right.abs().max() > 0.0, name
        error = (gradient - right).abs().max() / right.abs().max()
        assert error <= near_gradient, (name, error)


def test_gradients_against_finite_differences():
    inputs = [bursts(2, 40, 0), *values(torch.float64).values()]
    # A release of no samples has a difference on one side only.
    inputs = [*inputs[:2], inputs[2].clamp_min(2.0), *inputs[3:]]
    early, state = torch.tensor([0.0, 2.0, 4.0, 1.0]), torch.full((ROWS, 9), 0.01).double()

    def function(*given: Tensor) -> Tensor:
        *plain, made_up = given
        return limit(*plain, make_up_db=made_up, early_samples=early, beyond=4, state=state)[0]

    inputs = [v.requires_grad_() for v in inputs]
    # What is added up as whole numbers moves in steps of 1.5e-11 dB: a wider difference.
    assert torch.autograd.gradcheck(function, inputs, eps=1e-5, atol=1e-4, rtol=1e-3)


SOUNDS = {
    "noise": bursts(2, 6000, 1),
    "sines": torch.stack(
        [torch.sin(torch.arange(12_000.0).double() * f).reshape(2, -1) for f in (0.03, 0.3, 1.7, 3)]
    ),
    "steps": torch.ones(ROWS, 1, 3000).double().cumsum(-1) % 97 / 20.0,
}


@pytest.mark.parametrize("early", [0, 1, 44, 220])
@pytest.mark.parametrize("sound", SOUNDS)
@pytest.mark.parametrize(
    # Rounding of some tens of dB in float32; steps of 1.5e-11 dB and rounding in float64.
    ("dtype", "over_db"),
    [(torch.float32, 1e-5), (torch.float64, 1e-10)],
)
def test_no_peak_is_above_the_ceiling(dtype, over_db: float, sound: str, early: int):
    output = limited(SOUNDS[sound].to(dtype), early)
    peak_db = 20.0 * output.abs().max().log10()
    assert -6.5 < peak_db <= -6.0 + over_db


def test_what_is_below_the_ceiling_passes_untouched():
    audio = 0.5 * torch.sin(torch.arange(3000.0)).expand(1, 2, 3000).contiguous()
    assert torch.equal(limited(audio, 44), audio)


def test_the_reduction_rises_in_a_line_over_the_look_ahead_and_falls_with_the_release():
    early, release = 50, 200
    audio = torch.full((1, 1, 1000), 0.1).double()
    audio[..., 300] = 10.0
    gain_db = 20.0 * torch.log10(limited(audio, early, -6.0, release) / audio)[0, 0].numpy()
    line = -26.0 * np.arange(1, early + 2) / (early + 1.0)
    np.testing.assert_allclose(gain_db[:250], 0.0, atol=1e-9)
    # Whole numbers of 1.5e-11 dB.
    np.testing.assert_allclose(gain_db[250:301], line, atol=1e-9)
    # From the last of the means that hold the peak: all of them fall by 63 % in a release.
    start = gain_db[300 + early + 1]
    assert gain_db[300 + early + 1 + release] == pytest.approx(start * np.exp(-1.0), rel=1e-9)


def test_channels_are_turned_down_together():
    audio = bursts(2, 2000, 3)
    output = limited(audio, 20)
    torch.testing.assert_close(output[:, 0] / audio[:, 0], output[:, 1] / audio[:, 1])
    alone = limited(audio[:, :1], 20)
    assert not torch.allclose(alone, output[:, :1])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("graded", [True, False])
def test_blocks_are_the_whole_to_the_last_bit(dtype: torch.dtype, graded: bool):
    audio, beyond = bursts(2, 5025, 0).to(dtype), 25
    given: dict[str, Any] = {"early_samples": torch.tensor(EARLY), "beyond": beyond}
    rest = torch.zeros(ROWS, 2 * beyond + 1, dtype=dtype)
    whole, after = limit(audio, **values(dtype), **given, state=rest)
    audio.requires_grad_(graded)
    for steps in ([1, 2, 3, 500, 511, 3983], [13] * 384 + [8], [2048, 2048, 904]):
        state, at, outputs = rest, 0, []
        for step in steps:
            heard = audio[..., at : at + step + beyond]
            output, state = limit(heard, **values(dtype), **given, state=state)
            outputs.append(output)
            at += step
        assert torch.equal(torch.cat(outputs, -1), whole)
        assert torch.equal(state, after)


def test_silence_is_silence_with_finite_gradients():
    leaves = [torch.zeros(ROWS, 2, 100), *values(torch.float32).values()]
    for leaf in leaves:
        leaf.requires_grad_()
    early, state = torch.full((ROWS,), 9.0), torch.zeros(ROWS, 19)
    *plain, made_up = leaves
    output, _ = limit(*plain, make_up_db=made_up, early_samples=early, beyond=9, state=state)
    assert not output.any()
    for gradient in torch.autograd.grad(output.sum(), leaves):
        assert gradient.isfinite().all()


def test_a_state_of_another_look_ahead_is_told():
    one = torch.ones(1)
    with pytest.raises(AudioError, match=r"state of 9 values, for 4 samples.*it has 3"):
        limit(
            torch.zeros(1, 1, 50), one, one, one, early_samples=one, beyond=4,
            state=torch.zeros(1, 3),
        )  # fmt: skip
