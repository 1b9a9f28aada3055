"""Transform lengths against a list of every length of the family."""

import bisect

import pytest
import torch

from mixtrace.dsp import fast_length, real_spectrum

LIMIT = 300_000
FAMILY = sorted(
    2**a * 3**b * 5**c
    for a in range(5, 20)
    for b in range(13)
    for c in range(9)
    if 2**a * 3**b * 5**c <= 2 * LIMIT
)
"""Every 2^a 3^b 5^c with a >= 5 up to twice the limit (2^19, 3^12 and 5^8 lie above it)."""


def test_it_is_the_smallest_of_its_family():
    # A prime step visits all residues; every number of the family and its neighbours are visited.
    lengths = {*range(1, 4096), *range(4096, LIMIT, 97)}
    lengths |= {n + d for n in FAMILY if n < LIMIT for d in (-1, 0, 1)}
    for minimum in lengths:
        assert fast_length(minimum) == FAMILY[bisect.bisect_left(FAMILY, minimum)], minimum


@pytest.mark.parametrize("minimum", [-3, 0, 1, 32])
def test_the_shortest_is_32(minimum: int):
    assert fast_length(minimum) == 32


@pytest.mark.parametrize("time", [20, 32])
def test_the_spectrum_and_its_gradient(time: int):
    audio = torch.randn(3, time, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(real_spectrum(audio, 32), torch.fft.rfft(audio, 32))
    assert torch.autograd.gradcheck(lambda x: real_spectrum(x, 32), audio.requires_grad_())
