"""Convolution block by block against scipy's of the whole signals."""

import numpy as np
import pytest
import torch
from scipy.signal import oaconvolve

from mixtrace.rendering.convolution import Convolution, add_products

BLOCK, BLOCKS = 500, 9
PAIRS = [(0, 0), (0, 1), (1, 1), (2, 3)]
TAPS = [1, BLOCK, 2 * BLOCK + 1, 3 * BLOCK + 77]
# Float32 transforms of 1,000 samples, of sums over up to 1,577 taps: some ten roundings of 6e-8.
RELATIVE = 1e-6


def signals() -> torch.Tensor:
    """Return signals: one throughout, one that pauses, one that begins late and ends early."""
    audio = torch.randn(3, BLOCKS * BLOCK, generator=torch.Generator().manual_seed(0))
    audio[1, 2 * BLOCK : 5 * BLOCK] = 0.0
    audio[2, : 3 * BLOCK] = 0.0
    audio[2, 4 * BLOCK :] = 0.0
    return audio


def responses() -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(taps, generator=generator) for taps in TAPS]


def in_blocks(audio: torch.Tensor) -> list[list[torch.Tensor | None]]:
    convolution = Convolution(3, 4, PAIRS, responses(), BLOCK, audio)
    return [
        convolution.advance(row if bool(row.any()) else None for row in block)
        for block in audio.unflatten(-1, (BLOCKS, BLOCK)).unbind(1)
    ]


def test_blocks_equal_the_convolution_of_the_whole():
    audio = signals()
    expected = np.zeros((4, BLOCKS * BLOCK))
    for (entering, leaving), taps in zip(PAIRS, responses(), strict=True):
        whole = oaconvolve(audio[entering].double().numpy(), taps.double().numpy())
        expected[leaving] += whole[: BLOCKS * BLOCK]
    silence = torch.zeros(BLOCK)
    found = [[silence if row is None else row for row in rows] for rows in in_blocks(audio)]
    estimate = torch.stack([torch.stack(rows) for rows in found], 1).flatten(1).numpy()
    assert np.abs(estimate - expected).max() < RELATIVE * np.abs(expected).max()


def test_what_cannot_ring_is_silent():
    sounding = np.array([[row is not None for row in rows] for rows in in_blocks(signals())]).T
    assert sounding[:2].all()
    assert not sounding[2].any()
    # The third signal sounds in block 3, which rings on over three more, and the last of these over
    # the next, in which the transform of both still holds it.
    assert sounding[3].tolist() == [False] * 3 + [True] * 5 + [False]


@pytest.mark.parametrize("dtype", [torch.complex64, torch.complex128])
def test_the_loop_equals_tensor_operations(dtype):
    generator = torch.Generator().manual_seed(2)

    def noise(rows: int) -> torch.Tensor:
        return torch.randn(rows, 2_500, dtype=dtype, generator=generator)

    spectra, factors, totals = noise(3), noise(5), noise(4)
    table = np.array([[0, 0, 0], [2, 1, 0], [1, 4, 3], [2, 2, 3]])
    expected = totals.clone()
    for i, j, k in table.tolist():
        expected[k] += spectra[i] * factors[j]
    add_products(spectra, factors, totals, table)
    # Two products a bin, multiplied and added in another order.
    assert (totals - expected).abs().max() < 16 * torch.finfo(dtype).eps * expected.abs().max()
