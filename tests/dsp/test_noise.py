"""Shaped noise against torch's own STFT and inverse."""

import pytest
import torch

from mixtrace.dsp import decaying_noise, shaped_noise, uniform_noise_stft


def noise(length: int, window_length: int = 64, seed: int = 0) -> torch.Tensor:
    return uniform_noise_stft(channels=2, length=length, window_length=window_length, seed=seed)


@pytest.mark.parametrize("length", [640, 641, 671, 672, 700])
def test_it_is_the_inverse_stft(length: int):
    stft = noise(length).to(torch.complex128)
    generator = torch.Generator().manual_seed(3)
    mask = torch.rand(3, *stft.shape, dtype=torch.float64, generator=generator)
    expected = torch.istft(
        (stft * mask).flatten(0, 1),
        n_fft=64,
        hop_length=32,
        window=torch.hann_window(64, dtype=torch.float64),
        length=length,
    )
    result = shaped_noise(stft, mask, length)
    # float64 sums of two frames; where one frame is left at the end the window is divided out.
    torch.testing.assert_close(result, expected.view(3, 2, length), rtol=1e-9, atol=1e-10)


def test_a_mask_of_ones_gives_the_noise():
    stft = noise(6000, 384)
    result = shaped_noise(stft, torch.ones(1, *stft.shape), 6000)[0]
    # Uniform in [-1, 1): variance 1/3. Four standard errors of 12000 samples' variance, 0.008.
    assert result.abs().max() <= 1.0 + 1e-5
    assert result.square().mean().item() == pytest.approx(1.0 / 3.0, abs=0.011)
    again = torch.stft(
        result, 384, 192, window=torch.hann_window(384), return_complex=True, center=True
    )
    torch.testing.assert_close(again, stft, rtol=0.0, atol=2e-4)  # float32, magnitudes up to 40


def test_a_seed_is_a_noise_and_channels_are_independent():
    assert torch.equal(noise(640), noise(640))
    assert not torch.equal(noise(640), noise(640, seed=1))
    left, right = noise(64_000).flatten(1)
    coherence = (left * right.conj()).mean().abs() / left.abs().square().mean()
    assert coherence < 4.0 / 64_000**0.5 * 2**0.5  # four standard errors, frames overlap by half


@pytest.mark.parametrize("length", [640, 671, 700])
def test_decaying_noise_is_noise_under_a_decaying_mask(length: int):
    stft = noise(length).to(torch.complex128)
    generator = torch.Generator().manual_seed(4)
    initial = torch.randn(3, 2, 33, dtype=torch.float64, generator=generator)
    decay = -torch.rand(3, 2, 33, dtype=torch.float64, generator=generator)
    weight = torch.randn(3, 2, length, dtype=torch.float64, generator=generator)
    results = []
    for compiled in (True, False):
        leaves = (initial.clone().requires_grad_(), decay.clone().requires_grad_())
        if compiled:
            taps = decaying_noise(stft, *leaves, length)
        else:
            frame = torch.arange(stft.shape[-1], dtype=torch.float64)
            mask = torch.exp(leaves[0][..., None] + leaves[1][..., None] * frame)
            taps = shaped_noise(stft, mask, length)
        results.append((taps, *torch.autograd.grad((taps * weight).sum(), leaves)))
    for left, right in zip(*results, strict=True):
        # float64, sums of some 20 frames in another order.
        torch.testing.assert_close(left, right, rtol=1e-9, atol=1e-9)
