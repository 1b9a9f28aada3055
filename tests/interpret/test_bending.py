"""Saturation: told from what is linear, and its drive found."""

import pytest
import torch

from mixtrace.interpret.bending import Bending, bend

RATE = 30_000.0


def notes(seed: int = 0) -> torch.Tensor:
    """Return noise of many levels, so that a curve cannot pass for a gain."""
    rng = torch.Generator().manual_seed(seed)
    audio = torch.randn(1, int(6 * RATE), generator=rng)
    levels = torch.rand(24, generator=rng).repeat_interleave(int(RATE / 4))
    return 0.2 * levels * audio


def asked(target: torch.Tensor) -> Bending:
    return Bending(lambda sound: sound.repeat(2, 1), target.repeat(2, 1), RATE)


def noisy(sound: torch.Tensor, level: float) -> torch.Tensor:
    noise = torch.randn(sound.shape, generator=torch.Generator().manual_seed(1))
    return sound + level * float(sound.square().mean().sqrt()) * noise


@pytest.mark.parametrize("drive_db", [8.0, 14.0, 20.0])
def test_a_drive_is_found(drive_db: float):
    target = noisy(0.5 * bend(notes(), drive_db, RATE), 0.05)
    found = asked(target).read(notes())
    assert found is not None
    # The curve's error is flat around its drive; noise of 5 % lets it move a little.
    assert found.settings.number("drive_db") == pytest.approx(drive_db, abs=1.5)
    assert found.left < 0.9 * asked(target).left(notes())


@pytest.mark.parametrize("noise", [0.01, 0.5])
def test_what_is_linear_is_not_bent(noise: float):
    assert asked(noisy(0.5 * notes(), noise)).read(notes()) is None


def test_other_sound_is_no_saturation():
    assert asked(noisy(0.5 * notes() + notes(3), 0.01)).read(notes()) is None


def test_the_error_is_that_at_the_best_level():
    sound, other = notes(), notes(5)
    level = float((sound * other).sum() / sound.square().sum())
    expected = 2.0 * float((other - level * sound).square().sum())
    # Single precision over 180,000 samples.
    assert asked(other).left(sound) == pytest.approx(expected, rel=1e-4)
