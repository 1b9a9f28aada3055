"""Signals through long responses, block by block: uniformly partitioned convolution.

A response is cut into parts of a block each, h = sum over k of h_k delayed by k blocks. The last
two blocks of a signal are transformed together; their spectrum times that of h_k belongs to the
block that is due k blocks later. What is due is transformed back: its second half is the block, the
first is what wrapped around (overlap-save). So every transform is two blocks long, however long the
responses are, those of all signals are made in one go, and each only once.

Source: Wefers 2015, Partitioned convolution algorithms for real-time auralization, section 5.2.
"""

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from jaxtyping import Complex, Float, Int64
from torch import Tensor

from mixtrace.dsp import real_signal, real_spectrum
from mixtrace.loops import over_rows
from mixtrace.parallel import on_threads, side_by_side, workers
from mixtrace.rendering import convolution_kernels as kernels

__all__ = ["Convolution", "add_products"]

_AT_ONCE = 8
"""Signals that a core transforms at once: more are hardly faster, and take a megabyte each."""

_Rows = Int64[np.ndarray, " _row"]


class Convolution:
    """Signals that go through responses and meet in others; it remembers what still rings."""

    def __init__(
        self,
        entering: int,
        leaving: int,
        pairs: Sequence[tuple[int, int]],
        responses: Sequence[Float[Tensor, " _tap"]],
        block: int,
        like: Tensor,
    ) -> None:
        """Transform the responses; all threads the caller has now will be used.

        Args:
            entering: how many signals enter.
            leaving: how many signals leave.
            pairs: for each response the signal that enters it and the one it adds to.
            responses: any lengths; the first tap is that of no delay.
            block: samples of a block.
            like: a tensor of the device and type of the signals.
        """
        self._block, self._threads = block, torch.get_num_threads()
        parts = [-(-len(response) // block) for response in responses]
        self._ring = np.ones(leaving, np.int64)
        np.maximum.at(self._ring, [target for _, target in pairs], parts)
        self._first = np.cumsum(self._ring) - self._ring
        self._lines = np.array(
            [(*pair, k) for pair, count in zip(pairs, parts, strict=True) for k in range(count)],
            np.int64,
        ).reshape(-1, 3)
        complex_type = torch.promote_types(like.dtype, torch.complex64)
        self._responses = like.new_empty((sum(parts), block + 1), dtype=complex_type)
        filled = 0
        for response, count in zip(responses, parts, strict=True):
            cut = torch.nn.functional.pad(response, (0, count * block - len(response)))
            spectra = real_spectrum(cut.view(count, block), 2 * block)
            self._responses[filled : filled + count] = spectra
            filled += count
        self._blocks = like.new_zeros((entering, 2 * block))
        self._sounding = np.zeros((2, entering), bool)
        self._due = like.new_zeros((int(self._ring.sum()), block + 1), dtype=complex_type)
        self._ringing = np.zeros(len(self._due), bool)
        self._now = 0

    def advance(
        self, signals: Iterable[Float[Tensor, " block"] | None]
    ) -> list[Float[Tensor, " block"] | None]:
        """Take the next block of every signal that enters and return that of those that leave.

        None stands for silence. No signal is held when the next one is asked for.
        """
        block = self._block
        for row in np.flatnonzero(self._sounding.any(0)).tolist():  # the others are silent
            self._blocks[row, :block] = self._blocks[row, block:]
        self._sounding[0] = self._sounding[1]
        for row, signal in enumerate(signals):
            self._sounding[1, row] = signal is not None
            if signal is not None:
                self._blocks[row, block:] = signal
            elif self._sounding[0, row]:
                self._blocks[row, block:] = 0.0
            del signal
        with on_threads(self._threads):
            self._collect(np.flatnonzero(self._sounding.any(0)))
            leaving = self._leave(self._first + self._now % self._ring)
        self._now += 1
        return leaving

    def _collect(self, sounding: _Rows) -> None:
        """Add what the last two blocks of some signals give to what is due, now and later."""

        def transformed(rows: _Rows) -> Tensor:
            return real_spectrum(_chosen(self._blocks, rows), 2 * self._block)

        pieces = _pieces(sounding)
        for rows, spectra in zip(pieces, side_by_side(transformed, pieces), strict=True):
            place = np.full(len(self._blocks), -1)
            place[rows] = np.arange(len(rows))
            lines = np.flatnonzero(place[self._lines[:, 0]] >= 0)
            entering, leaving, part = self._lines[lines].T
            targets = self._first[leaving] + (self._now + part) % self._ring[leaving]
            self._ringing[targets] = True
            table = np.stack([place[entering], lines, targets], -1)
            add_products(spectra, self._responses, self._due, table)

    def _leave(self, due: _Rows) -> list[Tensor | None]:
        """Transform back what is due now: for each signal a row of what was collected."""

        def transformed(rows: _Rows) -> Tensor:
            audio = real_signal(_chosen(self._due, due[rows]), 2 * self._block)
            return audio[:, self._block :].clone()

        leaving: list[Tensor | None] = [None] * len(due)
        pieces = _pieces(np.flatnonzero(self._ringing[due]))
        for rows, audio in zip(pieces, side_by_side(transformed, pieces), strict=True):
            for row, signal in zip(rows.tolist(), audio, strict=True):
                leaving[row] = signal
            self._due[due[rows].tolist()] = 0.0
        self._ringing[due] = False
        return leaving


def add_products(
    spectra: Complex[Tensor, "entering bin"],
    responses: Complex[Tensor, "response bin"],
    totals: Complex[Tensor, "total bin"],
    table: Int64[np.ndarray, "line 3"],
) -> None:
    """Add `spectra[i] * responses[j]` to `totals[k]` for each line i, j, k of the table."""
    if totals.device.type != "cpu":
        for i, j, k in table.tolist():
            totals[k].addcmul_(spectra[i], responses[j])
        return
    slices = -(-totals.shape[-1] // kernels.SLICE)
    over_rows(
        kernels.add_products, slices, spectra.numpy(), responses.numpy(), totals.numpy(), table
    )


def _pieces(rows: _Rows) -> list[_Rows]:
    """Return the rows in pieces, alike in size: some for every core, none too large."""
    count = max(workers(), -(-len(rows) // _AT_ONCE))
    return np.array_split(rows, min(count, len(rows))) if len(rows) else []


def _chosen(table: Tensor, rows: _Rows) -> Tensor:
    """Return some rows, neighbours without a copy."""
    first, last = int(rows[0]), int(rows[-1]) + 1
    return table[first:last] if last - first == len(rows) else table[rows.tolist()]
