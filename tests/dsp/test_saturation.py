"""Saturation: the curve against numpy at a high rate, its filters, and its gradients."""

import numpy as np
import pytest
import torch
from torch import Tensor

from mixtrace.dsp import saturate, saturation_reach_samples, saturation_share
from mixtrace.dsp import saturation as module
from mixtrace.dsp.saturation import saturate_reference

RATES_HZ = (30_000.0, 44_100.0, 48_000.0, 96_000.0)
IMPLEMENTATIONS = [saturate, saturate_reference]


def column(*values: float, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.tensor(values, dtype=dtype)


def noise(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=torch.float64, generator=generator)


def settled(period: Tensor, drive_db: float, bias: float, rate_hz: float) -> np.ndarray:
    """Return one period of what a periodic signal becomes, far from the ends."""
    repeats = 3 + 2 * (saturation_reach_samples(rate_hz) // len(period))
    audio = period.repeat(repeats)[None, None]
    result = saturate(audio, column(drive_db), column(bias), rate_hz)[0, 0]
    middle = repeats // 2 * len(period)
    return result[middle : middle + len(period)].numpy()


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize(("drive_db", "bias"), [(0.0, 0.0), (10.0, 0.8), (10.0, -2.0)])
def test_the_curve_is_that_of_a_far_higher_rate(drive_db, bias, rate_hz):
    count = 600
    hz = np.fft.rfftfreq(count, 1.0 / rate_hz)
    spectrum = np.fft.rfft(noise(count).numpy()) * (hz < 0.1 * rate_hz)
    spectrum *= 0.7 / np.abs(np.fft.irfft(spectrum)).max()
    period = np.fft.irfft(spectrum, count)
    # By definition, at 64 times the rate, brought back by cutting the spectrum.
    drive = 10.0 ** (drive_db / 20.0)
    fine = np.tanh(drive * 64.0 * np.fft.irfft(spectrum, 64 * count) + bias) - np.tanh(bias)
    fine /= drive * (1.0 - np.tanh(bias) ** 2)
    expected = np.fft.rfft(fine)[: count // 2 + 1] / 64.0
    result = np.fft.rfft(settled(torch.from_numpy(period), drive_db, bias, rate_hz))
    held = hz < 0.45 * rate_hz
    # Filters flat to .01 dB; what folds back.
    error = np.abs(result - expected)[held].max()
    assert error <= 1e-3 * np.abs(expected).max()


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("bias", [0.0, 1.0])
# 4900 Hz and 5100 Hz stand in for 5000 Hz where the rate is a multiple of that.
@pytest.mark.parametrize("sine_hz", [4900.0, 5000.0, 5100.0])
def test_a_driven_sine_folds_back_below_80_db(sine_hz, bias, rate_hz):
    count, cycles = round(rate_hz / 100.0), round(sine_hz / 100.0)
    period = torch.sin(2.0 * torch.pi * cycles * torch.arange(count, dtype=torch.float64) / count)
    level = np.abs(np.fft.rfft(settled(period, 12.0, bias, rate_hz)))
    folded = level[: int(0.91 * len(level))].copy()
    folded[::cycles] = 0.0
    assert 20.0 * np.log10(folded.max() / level[cycles]) < -105.0
    third = level[3 * cycles] if 3 * cycles < 0.9 * len(level) else level[2 * cycles]
    assert sine_hz * 3 > 0.45 * rate_hz or third > 0.1 * level[cycles]  # it was driven


@pytest.mark.parametrize("function", IMPLEMENTATIONS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_small_signals_pass_unchanged_at_any_drive_and_bias(function, dtype, rate_hz):
    bins = torch.arange(2000, dtype=torch.float64) / 2000
    sines = [torch.sin(2.0 * torch.pi * cycles * bins) for cycles in (10, 300, 900)]
    quiet = 1e-6 * torch.stack(sines)[:, None].to(dtype)
    for drive_db, bias in ((-12.0, 0.0), (36.0, 0.0), (36.0, 2.0), (12.0, -3.0)):
        settings = (torch.full((3,), value, dtype=dtype) for value in (drive_db, bias))
        result = function(quiet, *settings, rate_hz)
        inside = slice(100, -100)
        # .01 dB of the filters up to .9 of Nyquist; the curve bends by drive x 1e-6.
        torch.testing.assert_close(
            result[..., inside], quiet[..., inside], rtol=0.0, atol=1.5e-3 * 1e-6
        )


def test_silence_is_silence_with_finite_gradients_at_the_ends_of_all_ranges():
    for audio in (torch.zeros(4, 2, 64), torch.ones(4, 2, 64), 100.0 * torch.ones(4, 2, 64)):
        leaves = [
            audio.requires_grad_(),
            torch.tensor([-24.0, 48.0, 48.0, 0.0], requires_grad=True),
            torch.tensor([0.0, 3.0, -3.0, 0.0], requires_grad=True),
        ]
        result = saturate(*leaves, sample_rate_hz=44_100.0)
        assert result.isfinite().all()
        assert audio.any() or not result.any()
        for gradient in torch.autograd.grad(result.sum(), leaves):
            assert gradient.isfinite().all()


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_blocks_with_their_context_joined_are_the_whole(rate_hz):
    audio, settings = noise(3, 2, 3000), (column(0.0, 12.0, 20.0), column(0.0, 0.5, -1.0))
    whole = saturate(audio, *settings, rate_hz)
    reach = saturation_reach_samples(rate_hz)
    parts = []
    for first in range(0, 3000, 700):
        begin, end = max(0, first - reach), min(3000, first + 700 + reach)
        part = saturate(audio[..., begin:end], *settings, rate_hz)
        parts.append(part[..., first - begin : first - begin + 700])
    # The same sums; vector instructions may order a block's last samples otherwise.
    torch.testing.assert_close(torch.cat(parts, -1), whole, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_a_sample_reaches_as_far_as_stated(rate_hz):
    audio = noise(1, 1, 601).requires_grad_()
    result = saturate(audio, column(12.0), column(0.5), rate_hz)
    (gradient,) = torch.autograd.grad(result[0, 0, 300], audio)
    touched = gradient[0, 0].nonzero().flatten()
    reach = saturation_reach_samples(rate_hz)
    assert 300 - reach <= touched.min() <= 300 - reach + 2
    assert 300 + reach - 2 <= touched.max() <= 300 + reach


@pytest.mark.parametrize("rate_hz", RATES_HZ)
# float32: sums of eighty taps, three times each way; gradients of settings add 2400 samples.
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 2e-5), (torch.float64, 1e-12)])
def test_compiled_and_reference_are_equal(dtype, tolerance, rate_hz):
    results = []
    for function, precision in ((saturate, dtype), (saturate_reference, torch.float64)):
        leaves = [
            (0.5 * noise(2, 2, 1200)).to(precision).requires_grad_(),
            column(6.0, 18.0, dtype=precision).requires_grad_(),
            column(0.3, -1.0, dtype=precision).requires_grad_(),
        ]
        output = function(*leaves, sample_rate_hz=rate_hz)
        weight = noise(2, 2, 1200, seed=1).to(precision)
        results.append((output, *torch.autograd.grad((output * weight).sum(), leaves)))
    for compiled, reference in zip(*results, strict=True):
        error = (compiled - reference).abs().max()
        assert 0.0 < reference.abs().max()
        assert error <= tolerance * reference.abs().max()


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_gradients_against_finite_differences(rate_hz):
    given = [
        noise(2, 1, 12).requires_grad_(),
        column(0.0, 15.0).requires_grad_(),
        column(0.0, -0.7).requires_grad_(),
    ]
    assert torch.autograd.gradcheck(
        lambda *values: saturate(*values, sample_rate_hz=rate_hz), given
    )


def in_silence(audio: Tensor, drive_db: float, bias: float, rate_hz: float) -> Tensor:
    """Return the bent audio with silence around it, in which the filters ring."""
    reach = saturation_reach_samples(rate_hz)
    padded = torch.nn.functional.pad(audio, (reach, reach))
    return saturate(padded[None], column(drive_db), column(bias), rate_hz)[0, :, reach:-reach]


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_shares_of_parts_add_up_to_the_saturation_of_the_whole(monkeypatch, rate_hz: float):
    monkeypatch.setattr(module, "_SHARED_SAMPLES", 700)
    parts = [noise(2, 2000, seed=seed) for seed in range(3)]
    whole = parts[0] + parts[1] + parts[2]
    shares = [saturation_share(part, whole, 15.0, 0.4, rate_hz) for part in parts]
    wanted = in_silence(whole, 15.0, 0.4, rate_hz)
    # Rounding of 64 bits: samples are below 1.
    assert torch.allclose(torch.stack(shares).sum(0), wanted, rtol=0.0, atol=1e-12)


def test_the_share_of_silence_is_silence_and_of_the_whole_is_all():
    whole = noise(1, 500)
    whole[0, 100:300] = 0.0
    bent = in_silence(whole, 20.0, -0.5, 48_000.0)
    assert not saturation_share(0.0 * whole, whole, 20.0, -0.5, 48_000.0).any()
    share = saturation_share(whole, whole, 20.0, -0.5, 48_000.0)
    assert torch.allclose(share, bent, rtol=0.0, atol=1e-12)
    nothing = torch.zeros_like(whole)
    assert bool(saturation_share(whole, nothing, 20.0, -0.5, 48_000.0).isfinite().all())
