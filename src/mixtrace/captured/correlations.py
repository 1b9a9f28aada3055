"""Correlations of all tracks with one another and with the mix, exact up to a number of lags.

Each block of `lags` samples is multiplied, as a spectrum, with itself and the block that follows:
lags from 0 on come out whole, those before zero from the pair the other way round. Products add up
over any parts of a song, so that what was learnt on a part is not counted anew for the whole.
"""

from collections.abc import Iterator

import torch
from jaxtyping import Bool, Complex, Float
from torch import Tensor

from mixtrace.captured.channels import Signals, channels_of
from mixtrace.parallel import side_by_side

__all__ = ["add_products", "later_lags", "no_products"]

_AT_ONCE_BYTES = 150_000_000
_BINS_AT_ONCE = 64


def no_products(signals: int, lags: int) -> Complex[Tensor, "bin signal signal"]:
    """Return products of nothing yet, on a circle of twice the lags."""
    return torch.zeros((lags + 1, signals, signals), dtype=torch.complex64)


def add_products(
    products: Complex[Tensor, "bin signal signal"],
    dry: Signals,
    wet: Signals,
    earlier: Bool[Tensor, " time"] | None = None,
    later: Bool[Tensor, " time"] | None = None,
) -> None:
    """Add, at each lag from 0 on, products of all signals with what comes that much later.

    Args:
        products: what is added to, the inputs first.
        dry: the inputs.
        wet: the outputs, as long.
        earlier: which samples count as what comes first; None for all.
        later: which count as what comes later.
    """
    dry, wet = channels_of(dry), channels_of(wet)
    lags = len(products) - 1
    at_once = max(1, _AT_ONCE_BYTES // (8 * (lags + 1) * len(products[0])))
    for begin, end in _runs(dry.time, lags, at_once, earlier, later):
        span = (begin, end + lags)
        audio = torch.cat((dry.part(*span), wet.part(*span)))
        late = _spectra(audio, later, begin, lags)
        early = late if earlier is later else _spectra(audio, earlier, begin, lags)
        _add(products, early, late)


def _add(
    products: Complex[Tensor, "bin signal signal"],
    early: Complex[Tensor, "signal block bin"],
    late: Complex[Tensor, "signal block bin"],
) -> None:
    """Add what blocks, but for the last, make with themselves and the block that follows."""
    turn = torch.ones(len(products))
    turn[1::2] = -1  # a delay of half the circle

    def add(first: int) -> None:
        bins = slice(first, first + _BINS_AT_ONCE)
        near = late[..., bins].permute(2, 1, 0)
        products[bins].baddbmm_(
            early[:, :-1, bins].permute(2, 0, 1).conj().resolve_conj(),
            torch.addcmul(near[:, :-1], near[:, 1:], turn[bins, None, None]),
        )

    for _ in side_by_side(add, range(0, len(products), _BINS_AT_ONCE)):
        pass


def later_lags(products: Complex[Tensor, "bin *pair"]) -> Float[Tensor, "*pair lag"]:
    """Return the correlations at lags from 0 on."""
    lags = len(products) - 1
    return torch.fft.irfft(products.movedim(0, -1), 2 * lags)[..., :lags]


def _runs(
    time: int,
    lags: int,
    at_once: int,
    earlier: Bool[Tensor, " time"] | None,
    later: Bool[Tensor, " time"] | None,
) -> Iterator[tuple[int, int]]:
    """Yield from where to where blocks have products; short gaps cost less than more parts."""
    blocks = -(-time // lags)
    first, then = _counting(earlier, blocks, lags), _counting(later, blocks, lags)
    then[:-1] |= then[1:].clone()
    active = torch.nonzero(first & then)[:, 0].tolist()
    while active:
        begin = active[0]
        inside = [block for block in active if block < begin + at_once]
        yield begin * lags, (inside[-1] + 1) * lags
        active = active[len(inside) :]


def _counting(
    heard: Bool[Tensor, " time"] | None, blocks: int, lags: int
) -> Bool[Tensor, " block"]:
    """Return in which blocks anything counts."""
    if heard is None:
        return torch.ones(blocks, dtype=torch.bool)
    padded = torch.nn.functional.pad(heard, (0, blocks * lags - len(heard)))
    return padded.unflatten(-1, (-1, lags)).any(-1)


def _spectra(
    audio: Float[Tensor, "signal part"], heard: Bool[Tensor, " time"] | None, begin: int, lags: int
) -> Complex[Tensor, "signal block bin"]:
    """Return the spectra of blocks, each followed by as much silence."""
    if heard is not None:
        counted = heard[begin : begin + audio.shape[-1]]
        audio = audio * torch.nn.functional.pad(counted, (0, audio.shape[-1] - len(counted)))
    return torch.fft.rfft(audio.unflatten(-1, (-1, lags)), 2 * lags)
