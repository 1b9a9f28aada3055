"""The compiled loops of the loss against the same written with tensor operations."""

import pytest
import torch
from torch import Tensor

from mixtrace.losses.distances import distances, distances_reference
from mixtrace.losses.spectra import (
    POWER_FLOOR,
    Resolution,
    mel_magnitudes,
    mel_magnitudes_reference,
)

TYPES = (torch.float32, torch.float64)
ROUNDING = {torch.float32: 2e-5, torch.float64: 1e-11}
"""Of sums of up to some thousand products, in a different order."""


def noise(*shape: int, dtype: torch.dtype, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def check_close(ours: Tensor, theirs: Tensor) -> None:
    torch.testing.assert_close(
        ours.detach(), theirs.detach(), rtol=0.0, atol=ROUNDING[ours.dtype] * largest(theirs)
    )


def largest(tensor: Tensor) -> float:
    return float(tensor.detach().abs().max())


def gradient(output: Tensor, given: Tensor, of: Tensor) -> Tensor:
    return torch.autograd.grad(output, of, given, retain_graph=True)[0]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("fft_samples", (512, 1024, 4096))
def test_mel_magnitudes_equal_the_reference(dtype: torch.dtype, fft_samples: int) -> None:
    resolution = Resolution(30_000, fft_samples, device="cpu", dtype=dtype)
    stereo = 0.1 * noise(2, 2, 9_000, dtype=dtype)
    stereo[:, :, 4_000:6_000] *= 1e-3  # below the floor, where the gradient is zero
    stereo.requires_grad_()
    half = fft_samples // 2
    padded = torch.nn.functional.pad(stereo, (half, half), mode="reflect")
    frames = padded.unfold(-1, fft_samples, resolution.hop_samples) * resolution.window
    theirs = mel_magnitudes_reference(torch.fft.rfft(frames), resolution.bank)
    ours = mel_magnitudes(stereo, resolution)
    given = noise(*ours.shape, dtype=dtype, seed=1)
    check_close(ours, theirs)
    check_close(gradient(ours, given, stereo), gradient(theirs, given, stereo))


@pytest.mark.parametrize("dtype", TYPES)
def test_silence_has_the_floor_and_no_gradient(dtype: torch.dtype) -> None:
    resolution = Resolution(30_000, 1024, device="cpu", dtype=dtype)
    stereo = torch.zeros(1, 2, 5_000, dtype=dtype, requires_grad=True)
    mel = mel_magnitudes(stereo, resolution)
    ones = torch.ones(1, resolution.bank.bins, dtype=dtype)
    check_close(mel, (POWER_FLOOR**0.5 * resolution.bank.bands(ones)).expand_as(mel))
    assert not gradient(mel, torch.ones_like(mel), stereo).any()


@pytest.mark.parametrize("dtype", TYPES)
def test_distances_equal_the_reference(dtype: torch.dtype) -> None:
    # Magnitudes from 1e-6 to 1, as quiet and loud bands of real audio have them.
    estimate = (4.0 * noise(3, 4, 50, 96, dtype=dtype) - 7.0).exp().clamp(1e-6, 1.0)
    target = (4.0 * noise(3, 4, 50, 96, dtype=dtype, seed=1) - 7.0).exp().clamp(1e-6, 1.0)
    estimate.requires_grad_()
    ours = distances(estimate, target)
    theirs = distances_reference(estimate, target)
    for number, (own, their) in enumerate(zip(ours, theirs, strict=True)):
        check_close(own, their)
        given = noise(*own.shape, dtype=dtype, seed=2 + number)
        check_close(gradient(own, given, estimate), gradient(their, given, estimate))


@pytest.mark.parametrize("dtype", TYPES)
def test_equal_spectra_have_no_distance_and_no_gradient(dtype: torch.dtype) -> None:
    target = noise(1, 4, 20, 96, dtype=dtype).exp()
    estimate = target.clone().requires_grad_()
    logs, error, _ = distances(estimate, target)
    assert largest(logs) == 0.0
    assert largest(error) == 0.0
    assert not gradient(logs + error, torch.ones_like(logs), estimate).any()


def test_no_window_is_no_error() -> None:
    empty = torch.zeros(0, 4, 10, 96)
    assert [len(part) for part in distances(empty, empty)] == [0, 0, 0]
