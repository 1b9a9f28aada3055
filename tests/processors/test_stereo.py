"""Stereo imager and gain/panning against closed forms."""

import torch

from mixtrace.processors import PROCESSORS, MatrixProcessor


def audio() -> torch.Tensor:
    return torch.randn(2, 2, 100, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def test_gains_in_db():
    gains = {"gain_db": torch.tensor([[6.0, -20.0], [0.0, 40.0]], dtype=torch.float64)}
    output = PROCESSORS["gain_panning"].forward(audio(), gains, 30_000.0)
    expected = torch.tensor([[10**0.3, 0.1], [1.0, 100.0]], dtype=torch.float64)
    torch.testing.assert_close(output, audio() * expected[..., None])


def test_the_imager_scales_the_side_and_leaves_the_mid():
    values = {"side_gain_db": torch.tensor([12.0, -80.0], dtype=torch.float64)}
    before, after = audio(), PROCESSORS["stereo_imager"].forward(audio(), values, 30_000.0)
    torch.testing.assert_close(after.sum(1), before.sum(1))
    gain = torch.tensor([10.0 ** (12.0 / 20.0), 1e-4], dtype=torch.float64)
    torch.testing.assert_close(
        after[:, 0] - after[:, 1], gain[:, None] * (before[:, 0] - before[:, 1])
    )


def test_matrices_do_not_depend_on_the_rate():
    values = {"gain_db": torch.tensor([[3.0, -3.0]]).double().expand(2, 2)}
    entry = PROCESSORS["gain_panning"]
    assert isinstance(entry, MatrixProcessor)
    assert torch.equal(
        entry.forward(audio(), values, 30_000.0), entry.forward(audio(), values, 96_000.0)
    )
    determinant = torch.linalg.det(entry.matrix(values))
    torch.testing.assert_close(determinant, torch.ones(2, dtype=torch.float64))
