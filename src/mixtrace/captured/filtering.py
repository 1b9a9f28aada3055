"""Long filters on long signals: overlap-save, in blocks of a few times a filter's length.

Any part of the result can be had by itself, from the part of the signals that it hears.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Complex, Float
from torch import Tensor

from mixtrace.captured.channels import Channels, Signals, channels_of
from mixtrace.dsp import fast_length

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
        total = torch.empty((len(sets), len(self.spectra), end - begin))
        for first, last, spectra in self._blocks(channels_of(dry), begin, end):
            product, mixed = torch.empty_like(spectra), []
            for filters in self.spectra:
                torch.mul(filters[:, None], spectra, out=product)
                mixed += [sum(product[k] for k in inputs) for inputs in sets]
            made = torch.fft.irfft(torch.stack(mixed), self.circle).unflatten(0, (-1, len(sets)))
            valid = self._valid(made, last - first).transpose(0, 1)
            total[..., first - begin : last - begin] = valid
        return total

    def each(self, dry: Signals, begin: int, end: int) -> Float[Tensor, "input output part"]:
        """Return what every input gives between two samples."""
        outputs, inputs = self.spectra.shape[:2]
        parts = torch.empty((inputs, outputs, end - begin))
        for first, last, spectra in self._blocks(channels_of(dry), begin, end):
            for output, filters in enumerate(self.spectra):
                made = torch.fft.irfft(filters[:, None] * spectra, self.circle)
                parts[:, output, first - begin : last - begin] = self._valid(made, last - first)
        return parts

    def _blocks(
        self, dry: Channels, begin: int, end: int
    ) -> Iterator[tuple[int, int, Complex[Tensor, "input block bin"]]]:
        """Yield from where to where some blocks reach, and their spectra."""
        hop = self.circle - self.taps + 1
        at_once = -(-_ROWS // max(len(dry), 1)) * hop
        for first in range(begin, end, at_once):
            last = min(first + at_once, end)
            start, blocks = first + self.lead - self.taps + 1, -(-(last - first) // hop)
            audio = dry.part(start, start + (blocks - 1) * hop + self.circle)
            yield first, last, torch.fft.rfft(audio.unfold(-1, self.circle, hop))

    def _valid(self, made: Float[Tensor, "row block circle"], count: int) -> Tensor:
        return made[..., self.taps - 1 :].flatten(-2)[..., :count]
