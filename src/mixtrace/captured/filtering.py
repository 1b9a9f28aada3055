"""Long filters on long signals: overlap-save, in blocks of a few times a filter's length.

Any part of the result can be had by itself, from the part of the signals that it hears.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Complex, Float
from torch import Tensor

from mixtrace.captured.channels import Channels, Signals, channels_of
from mixtrace.dsp import fast_length
from mixtrace.parallel import side_by_side

__all__ = ["Filters"]

_LEAST_CIRCLE = 32_768  # shorter blocks cost more calls than they save
_CIRCLE_TAPS = 4  # a quarter of each block is thrown away
_ROWS = 8  # transformed together: one alone takes twice as long as two, eight take twice as long


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
        every = channels_of(dry)
        return self.sums(every, [range(len(every))], begin, end)[0]

    def sums(
        self, dry: Signals, sets: Sequence[Sequence[int]], begin: int, end: int
    ) -> Float[Tensor, "set output part"]:
        """Return what the inputs of each set give together between two samples."""
        every = channels_of(dry)
        total = torch.empty((len(sets), len(self.spectra), end - begin))
        counted = torch.zeros((len(sets), self.spectra.shape[1]))
        for number, inputs in enumerate(sets):
            counted[number, list(inputs)] = 1.0

        def made(span: tuple[int, int]) -> Float[Tensor, "set output part"]:
            spectra = self._spectra(every, *span)
            product = torch.empty_like(spectra)
            parts = torch.empty((*total.shape[:2], span[1] - span[0]))
            for output, filters in enumerate(self.spectra):
                torch.mul(filters[:, None], spectra, out=product)
                mixed = counted @ torch.view_as_real(product).flatten(1)
                mixed = torch.view_as_complex(mixed.view(len(sets), *spectra.shape[1:], 2))
                parts[:, output] = self._valid(torch.fft.irfft(mixed, self.circle), span)
            return parts

        spans = self._spans(len(every), begin, end)
        for (first, last), parts in zip(spans, side_by_side(made, spans), strict=True):
            total[..., first - begin : last - begin] = parts
        return total

    def each(self, dry: Signals, begin: int, end: int) -> Float[Tensor, "input output part"]:
        """Return what every input gives between two samples."""
        every = channels_of(dry)
        outputs, inputs = self.spectra.shape[:2]
        total = torch.empty((inputs, outputs, end - begin))

        def made(span: tuple[int, int]) -> Float[Tensor, "input output part"]:
            spectra = self._spectra(every, *span)
            parts = torch.empty((inputs, outputs, span[1] - span[0]))
            for output, filters in enumerate(self.spectra):
                circles = torch.fft.irfft(filters[:, None] * spectra, self.circle)
                parts[:, output] = self._valid(circles, span)
            return parts

        spans = self._spans(len(every), begin, end)
        for (first, last), parts in zip(spans, side_by_side(made, spans), strict=True):
            total[..., first - begin : last - begin] = parts
        return total

    def _spans(self, inputs: int, begin: int, end: int) -> list[tuple[int, int]]:
        """Return from where to where some blocks reach that are transformed together."""
        at_once = -(-_ROWS // max(inputs, 1)) * self._hop
        return [(first, min(first + at_once, end)) for first in range(begin, end, at_once)]

    def _spectra(self, dry: Channels, first: int, last: int) -> Complex[Tensor, "input block bin"]:
        """Return the spectra of the blocks that what lies between two samples is made of."""
        start, blocks = first + self.lead - self.taps + 1, -(-(last - first) // self._hop)
        audio = dry.part(start, start + (blocks - 1) * self._hop + self.circle)
        return torch.fft.rfft(audio.unfold(-1, self.circle, self._hop))

    def _valid(
        self, circles: Float[Tensor, "row block circle"], span: tuple[int, int]
    ) -> Float[Tensor, "row part"]:
        return circles[..., self.taps - 1 :].flatten(-2)[..., : span[1] - span[0]]

    @property
    def _hop(self) -> int:
        return self.circle - self.taps + 1
