"""What the regions of a plan do to blocks of audio: a convolution, and gains where no filter is.

All regions of all stages are convolved in one go, which long transforms reward: a region takes the
blocks that its sources made in the step before.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.dsp import real_signal
from mixtrace.processors import Settings
from mixtrace.rendering.convolution import Convolution
from mixtrace.rendering.plan import Region, RenderPlan
from mixtrace.rendering.transfer import region_transfers

__all__ = ["BlockRegions"]

_Read = Callable[[int, int], Tensor | None]
_Sent = tuple[int, int, Tensor]


@dataclass(frozen=True)
class _Port:
    """A node whose audio enters or leaves, how late, and the rows of its channels."""

    node: int
    delay: int
    rows: range


@dataclass
class _Ports:
    """Ports, one for each node, delay and number of channels."""

    known: dict[tuple[int, int, int], _Port] = field(default_factory=dict)
    rows: int = 0

    def take(self, node: int, delay: int, channels: int) -> range:
        """Return the rows of a port, which is added where it is new."""
        key = node, delay, channels
        if key not in self.known:
            self.known[key] = _Port(node, delay, range(self.rows, self.rows + channels))
            self.rows += channels
        return self.known[key].rows


@dataclass(frozen=True)
class _Gains:
    """A way without filters."""

    source: int
    end: int
    delay: int
    matrix: Float[Tensor, "leaving entering"]


class BlockRegions:
    """The regions of a plan under some settings."""

    def __init__(
        self,
        plan: RenderPlan,
        settings: Settings,
        late: Callable[[Region], int],
        taps: Collection[int],
        block: int,
        like: Tensor,
    ) -> None:
        """Compute the responses.

        Args:
            plan: the plan.
            settings: the settings of its graph.
            late: how far before the newest dry samples a region takes its sources' blocks.
            taps: nodes whose audio is wanted beside that of the regions' ends.
            block: samples of a block.
            like: a tensor of the device and type of the audio.
        """
        self._gains: list[_Gains] = []
        entering, leaving = _Ports(), _Ports()
        pairs: list[tuple[int, int]] = []
        responses: list[Tensor] = []
        for region in (region for stage in plan.stages for region in stage.regions):
            lead, delay = region.lead_samples, late(region)
            length = 2 if region.memoryless else region.fft_length(1)
            longest = lead + region.tail_samples + 1
            for source, end, spectra in _ways(plan, settings, region, taps, length, like):
                if region.memoryless:
                    matrix = spectra[..., 0].real.T.contiguous()
                    self._gains.append(_Gains(source, end, delay, matrix))
                    continue
                rows = entering.take(source, delay, len(spectra))
                targets = leaving.take(end, delay + lead, spectra.shape[1])
                circles = real_signal(spectra, length).roll(lead, -1)[..., :longest]
                for row, target in circles.any(-1).nonzero().tolist():
                    pairs.append((rows[row], targets[target]))
                    responses.append(circles[row, target])
        self._entering = tuple(entering.known.values())
        self._leaving = tuple(leaving.known.values())
        self._convolution = Convolution(entering.rows, leaving.rows, pairs, responses, block, like)

    def advance(self, now: int, read: _Read) -> Iterator[_Sent]:
        """Yield nodes, the sample from which on they receive audio, and that audio.

        Args:
            now: the first sample of the newest block of dry audio.
            read: returns the block of a node from a sample of the song on; None for silence.
        """
        for gains in self._gains:
            block = read(gains.source, now - gains.delay)
            if block is not None:
                yield gains.end, now - gains.delay, gains.matrix @ block
        left = self._convolution.advance(self._entered(now, read))
        for port in self._leaving:
            channels = [left[row] for row in port.rows]
            sounding = [audio for audio in channels if audio is not None]
            if sounding:
                silence = torch.zeros_like(sounding[0])
                audio = torch.stack([silence if c is None else c for c in channels])
                yield port.node, now - port.delay, audio

    def _entered(self, now: int, read: _Read) -> Iterator[Tensor | None]:
        """Yield the block of each row; that of a mapped track is let go before the next."""
        for port in self._entering:
            block = read(port.node, now - port.delay)
            for channel in range(len(port.rows)):
                yield None if block is None else block[channel]
            del block


def _ways(
    plan: RenderPlan,
    settings: Settings,
    region: Region,
    taps: Collection[int],
    fft_length: int,
    like: Tensor,
) -> Iterator[tuple[int, int, Tensor]]:
    """Yield source, end and response [entering, leaving, bin] of each way through a region."""
    tapped = [i for i in region.nodes if i in taps and i not in region.outlets]
    ends = (*region.ends, *tapped)
    transfers = region_transfers(plan, settings, region, ends, fft_length, like)
    for source, given in transfers.items():
        for end, spectra in given.items():
            yield source, end, spectra
