"""L_a: against auraloss on noise and on real songs, closed forms, gradients, bad input."""

from pathlib import Path

import auraloss
import pytest
import soundfile
import soxr
import torch
from torch import Tensor

from mixtrace.errors import AudioError
from mixtrace.losses import Convention, LossParts, MixLoss, combine, combine_channels, mix_loss
from mixtrace.losses.spectra import Resolution, mel_magnitudes

RATE_HZ = 30_000


def noise(*shape: int, seed: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return seeded Gaussian noise at -20 dB."""
    generator = torch.Generator().manual_seed(seed)
    return 0.1 * torch.randn(*shape, generator=generator, dtype=dtype)


def auraloss_channels(
    target: Tensor, estimate: Tensor, sample_rate_hz: int, convention: Convention
) -> Tensor:
    """Return auraloss' multi-resolution loss of left, right, mid and side of one window.

    auraloss divides the spectral convergence by the norm of its second argument.
    """
    loss = auraloss.freq.MultiResolutionSTFTLoss(
        fft_sizes=[512, 1024, 4096],
        hop_sizes=[128, 256, 1024],
        win_lengths=[512, 1024, 4096],
        w_sc=1.0,
        w_log_mag=1.0,
        w_lin_mag=0.0,
        w_phs=0.0,
        sample_rate=sample_rate_hz,
        scale="mel",
        n_bins=96,
        perceptual_weighting=True,
        eps=1e-4,
    )
    signs = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, -1.0]])
    pairs = zip((signs @ estimate)[:, None, None], (signs @ target)[:, None, None], strict=True)
    return torch.stack([loss(e, t) if convention == "eq4" else loss(t, e) for e, t in pairs])


def our_channels(
    target: Tensor, estimate: Tensor, sample_rate_hz: int, convention: Convention
) -> Tensor:
    """Return our loss of left, right, mid and side of one window."""
    loss = MixLoss(sample_rate_hz)
    return combine_channels(loss.parts(estimate, loss.features(target)), convention)


@pytest.mark.parametrize("convention", ("published", "eq4"))
@pytest.mark.parametrize("sample_rate_hz", (24_000, RATE_HZ))
def test_equals_auraloss_on_noise(sample_rate_hz: int, convention: Convention) -> None:
    target = noise(2, 30_000, seed=0)
    estimate = (0.5 * target + noise(2, 30_000, seed=1)).requires_grad_()
    ours = our_channels(target, estimate, sample_rate_hz, convention)
    theirs = auraloss_channels(target, estimate, sample_rate_hz, convention)
    # Single precision, filtered by FFT here and directly there.
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=0.0)
    (slope,) = torch.autograd.grad(ours.mean(), estimate)
    (reference,) = torch.autograd.grad(theirs.mean(), estimate)
    # A band whose logarithms agree to rounding may get either sign in |log T - log E|; about one
    # band in 10^5 does, so the whole gradient agrees to a few parts in a thousand.
    assert (slope - reference).norm() < 3e-3 * reference.norm()


@pytest.mark.parametrize("convention", ("published", "eq4"))
@pytest.mark.parametrize("song", ("MusicDelta_Reggae", "MusicDelta_Zeppelin"))
def test_equals_auraloss_on_a_real_mix(
    shared_data: Path, song: str, convention: Convention
) -> None:
    target = song_window(shared_data / song / f"{song}_MIX.wav")
    raw_tracks = sorted((shared_data / song / f"{song}_RAW").glob("*.wav"))
    estimate = torch.stack([song_window(path) for path in raw_tracks]).sum(0)
    ours = our_channels(target, estimate, RATE_HZ, convention)
    theirs = auraloss_channels(target, estimate, RATE_HZ, convention)
    # Single precision. The side of a sum of mono tracks is silent: all its bins lie at the floor.
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=0.0)


def song_window(path: Path) -> Tensor:
    """Return 2.8 s of a file, from its fourth second, at 30 kHz and with two channels."""
    audio, sample_rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    resampled = torch.from_numpy(soxr.resample(audio, sample_rate_hz, RATE_HZ)).T
    return resampled[:, 3 * RATE_HZ :][:, :84_000].expand(2, -1).contiguous()


def test_twice_as_loud_in_closed_form() -> None:
    target = 100.0 * noise(2, 20_000, seed=2)  # so loud that no bin comes near the floor
    loss = MixLoss(RATE_HZ)
    parts = loss.parts(2.0 * target, loss.features(target))
    # E = 2 T: |log T - log E| = log 2, ||T - E|| / ||T|| = 1 and ||T - E|| / ||E|| = 1/2.
    ones = torch.ones(4, 3)
    torch.testing.assert_close(parts.log_distance, ones * torch.tensor(2.0).log())
    torch.testing.assert_close(parts.convergence_eq4, ones)
    torch.testing.assert_close(parts.convergence_published, 0.5 * ones)


def test_combine_weighs_the_four_channels_and_three_resolutions_alike() -> None:
    log_distance = torch.zeros(4, 3)
    log_distance[2, 0] = 12.0
    zeros = torch.zeros(4, 3)
    parts = LossParts(log_distance, zeros + 0.25, zeros + 0.5)
    # 12 / (4 channels x 3 resolutions) = 1, plus the convergence, which is the same everywhere.
    assert combine(parts, "eq4").item() == 1.25
    assert combine(parts, "published").item() == 1.5


def test_channels_are_left_right_mid_side() -> None:
    target = noise(2, 8_000, seed=3)
    estimate = torch.stack((target[0], 0.5 * target[1]))
    left, right, mid, side = our_channels(target, estimate, RATE_HZ, "eq4").tolist()
    assert left == 0.0
    assert min(right, mid, side) > 0.1
    swapped = our_channels(target.flip(0), estimate.flip(0), RATE_HZ, "eq4").tolist()
    # right - left is -(left - right): the same magnitudes up to rounding.
    assert swapped == pytest.approx([right, left, mid, side], rel=1e-6)


def test_batch_equals_one_by_one_and_features_can_be_indexed() -> None:
    target, estimate = noise(2, 3, 2, 9_000, seed=4), noise(2, 3, 2, 9_000, seed=5)
    loss = MixLoss(RATE_HZ)
    features = loss.features(target)
    whole = combine(loss.parts(estimate, features), "published")
    assert whole.shape == (2, 3)
    # A product of another number of rows may be summed in another order: single precision.
    torch.testing.assert_close(
        combine(loss.parts(estimate[1], features[1]), "published"), whole[1], rtol=1e-6, atol=0.0
    )
    single = mix_loss(target=target[0, 2], estimate=estimate[0, 2], sample_rate_hz=RATE_HZ)
    torch.testing.assert_close(single, whole[0, 2], rtol=1e-6, atol=0.0)


@pytest.mark.parametrize("sample_rate_hz", (8_000, 44_100, 192_000))
def test_other_rates_are_finite(sample_rate_hz: int) -> None:
    target, estimate = noise(2, 9_000, seed=6), noise(2, 9_000, seed=7)
    assert 0.1 < mix_loss(target=target, estimate=estimate, sample_rate_hz=sample_rate_hz) < 10.0


@pytest.mark.parametrize("convention", ("published", "eq4"))
@pytest.mark.parametrize("silent", ("target", "estimate", "both"))
def test_silence_has_finite_gradients(silent: str, convention: Convention) -> None:
    target, estimate = noise(2, 9_000, seed=8), noise(2, 9_000, seed=9)
    target *= silent == "estimate"
    estimate *= silent == "target"
    estimate.requires_grad_()
    value = mix_loss(
        target=target, estimate=estimate, sample_rate_hz=RATE_HZ, convention=convention
    )
    value.backward()
    assert estimate.grad is not None and estimate.grad.isfinite().all()
    assert value.isfinite()
    # All bins of a silent estimate lie at the floor, where the slope is zero.
    assert (estimate.grad.abs().max() > 0.0) == (silent == "target")
    assert (value == 0.0) == (silent == "both")


def test_an_exact_match_is_a_minimum_with_finite_gradient() -> None:
    target = noise(2, 9_000, seed=10)
    estimate = target.clone().requires_grad_()
    value = mix_loss(target=target, estimate=estimate, sample_rate_hz=RATE_HZ)
    value.backward()
    assert value == 0.0
    assert estimate.grad is not None and (estimate.grad == 0.0).all()


def test_spectra_gradient_against_finite_differences() -> None:
    # A short transform keeps the Jacobian small; the odd length leaves samples outside any frame.
    resolution = Resolution(RATE_HZ, 32, device="cpu", dtype=torch.float64)
    stereo = noise(1, 2, 45, seed=11, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: mel_magnitudes(x, resolution), stereo)


@pytest.mark.parametrize("convention", ("published", "eq4"))
def test_loss_gradient_against_finite_differences(convention: Convention) -> None:
    loss = MixLoss(RATE_HZ, dtype=torch.float64)
    features = loss.features(noise(2, 9_000, seed=12, dtype=torch.float64))
    estimate = noise(2, 9_000, seed=13, dtype=torch.float64).requires_grad_()
    combine(loss.parts(estimate, features), convention).backward()
    direction = noise(2, 9_000, seed=14, dtype=torch.float64)
    with torch.no_grad():
        above, below = (
            combine(loss.parts(estimate + step * direction, features), convention)
            for step in (1e-6, -1e-6)
        )
    assert estimate.grad is not None
    # Central differences err by 1e-12 (curvature) and 1e-10 (rounding / step); a few bands change
    # the sign of log T - log E inside the step.
    assert (estimate.grad * direction).sum().item() == pytest.approx(
        ((above - below) / 2e-6).item(), rel=1e-5
    )


def test_short_audio_is_refused() -> None:
    with pytest.raises(AudioError, match="at least 2049 samples"):
        MixLoss(RATE_HZ).features(torch.zeros(2, 2048))


def test_another_length_is_refused() -> None:
    loss = MixLoss(RATE_HZ)
    with pytest.raises(AudioError, match="as long as the target"):
        loss.parts(torch.zeros(2, 9_000), loss.features(torch.zeros(2, 10_000)))
