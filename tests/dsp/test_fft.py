"""Transform lengths against a list of every length of the family."""

import bisect

import pytest
import torch

from mixtrace.dsp import fast_length, real_signal, real_spectrum

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


@pytest.mark.parametrize("rows", [1, 3])
def test_the_signal_and_its_gradient(rows: int):
    generator = torch.Generator().manual_seed(0)
    spectrum = torch.randn(rows, 17, dtype=torch.complex128, generator=generator)
    torch.testing.assert_close(real_signal(spectrum, 32), torch.fft.irfft(spectrum, 32))
    assert torch.autograd.gradcheck(lambda x: real_signal(x, 32), spectrum.requires_grad_())


def test_a_lone_row_is_transformed_as_in_a_batch_and_keeps_no_other():
    generator = torch.Generator().manual_seed(0)
    audio = torch.randn(2, 1, 90_000, dtype=torch.float64, generator=generator)
    together = real_spectrum(audio, 115_200)
    alone = real_spectrum(audio[:1].requires_grad_(), 115_200)
    # float64 over transforms of 1e5 samples, planned for batches of other sizes.
    torch.testing.assert_close(alone, together[:1], rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(
        real_signal(alone, 115_200)[..., :90_000], audio[:1], rtol=1e-9, atol=1e-9
    )
    assert alone.untyped_storage().nbytes() == alone.numel() * alone.element_size()
    assert torch.equal(real_spectrum(audio[:1], 115_200), alone)
