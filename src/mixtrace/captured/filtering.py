"""Long filters on long signals: overlap-save, in blocks of a few times a filter's length.

Any part of the result can be had by itself, from the part of the signals that it hears.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Complex, Float
from torch import Tensor

from mixtrace.captured.channels import Channels, Signals, channels_of
from mixtrace.dsp import fast_length

__all__ = ["Filters"]

_LEAST_CIRCLE = 32_768  # shorter blocks cost more calls than they save
_CIRCLE_TAPS = 4  # a quarter of each block is thrown away


@dataclass(frozen=True, eq=False)
class Filters:
    """Filters from all inputs to all outputs.

    Attributes:
        spectra: of the filters, on a circle.
        taps: of each.
        lead: how many of them lie before time zero.
        circle: samples that are transformed together.
    """

    spectra: Complex[Tensor, "output input bin"]
    taps: int
    lead: int
    circle: int

    @classmethod
    def of(cls, responses: Float[Tensor, "output input taps"], lead: int) -> "Filters":
        """Return the filters of some impulse responses."""
        taps = responses.shape[-1]
        circle = fast_length(max(_CIRCLE_TAPS * taps, _LEAST_CIRCLE))
        return cls(torch.fft.rfft(responses, circle), taps, lead, circle)

    def summed(self, dry: Signals, begin: int, end: int) -> Float[Tensor, "output part"]:
        """Return what all inputs give together between two samples."""
        total = torch.empty((len(self.spectra), end - begin))
        product = torch.empty(self.spectra.shape[1:], dtype=self.spectra.dtype)
        for first, last, spectra in self._blocks(channels_of(dry), begin, end):
            for output, filters in enumerate(self.spectra):
                torch.mul(filters, spectra, out=product)
                made = torch.fft.irfft(product.sum(0), self.circle)
                total[output, first - begin : last - begin] = self._valid(made, last - first)
        return total

    def each(self, dry: Signals, begin: int, end: int) -> Float[Tensor, "input output part"]:
        """Return what every input gives between two samples."""
        outputs, inputs = self.spectra.shape[:2]
        parts = torch.empty((inputs, outputs, end - begin))
        for first, last, spectra in self._blocks(channels_of(dry), begin, end):
            for output, filters in enumerate(self.spectra):
                made = torch.fft.irfft(filters * spectra, self.circle)
                parts[:, output, first - begin : last - begin] = self._valid(made, last - first)
        return parts

    def _blocks(self, dry: Channels, begin: int, end: int) -> Iterator[tuple[int, int, Tensor]]:
        hop = self.circle - self.taps + 1
        for first in range(begin, end, hop):
            start = first + self.lead - self.taps + 1
            yield first, min(first + hop, end), torch.fft.rfft(dry.part(start, start + self.circle))

    def _valid(self, made: Tensor, count: int) -> Tensor:
        return made[..., self.taps - 1 : self.taps - 1 + count]
