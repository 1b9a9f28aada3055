"""What stands where a processor stood: what it is asked with, and what it answers."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.processors import (
    FilterProcessor,
    MatrixProcessor,
    NodeSettings,
    TimeDomainProcessor,
    processor,
)

__all__ = ["Nearest", "Place", "processed", "response"]


@dataclass(frozen=True, eq=False)
class Place:
    """A processor and the sound that enters it.

    Attributes:
        node: its settings.
        entering: one or two channels, some seconds of them, from rest.
        sample_rate_hz: their rate.
    """

    node: NodeSettings
    entering: Float[Tensor, "channel time"]
    sample_rate_hz: int


@dataclass(frozen=True, eq=False)
class Nearest:
    """The dialable processors that come nearest to a processor.

    Attributes:
        chain: in series, in its place.
        off_db: how far they are off.
        most_db: how far they may be.
        measure: what is off, as in "0.3 dB off in the tone".
    """

    chain: tuple[NodeSettings, ...]
    off_db: float
    most_db: float
    measure: str

    @property
    def near(self) -> bool:
        """Whether it may stand there."""
        return self.off_db <= self.most_db


@torch.no_grad()
def processed(
    node: NodeSettings, audio: Float[Tensor, "channel time"], sample_rate_hz: float
) -> Float[Tensor, "_channel time"]:
    """Return what leaves a processor, dry/wet weight included; without a side-chain."""
    entry = processor(node.kind)
    values = {name: value[None] for name, value in node.values.items()}
    if isinstance(entry, TimeDomainProcessor):
        wet = entry.from_rest(audio[None], None, values, sample_rate_hz)[0]
    elif isinstance(entry, MatrixProcessor):
        audio = audio.expand(2, -1)
        wet = entry.matrix(values)[0] @ audio
    else:
        assert isinstance(entry, FilterProcessor)
        audio = audio.expand(2, -1)
        wet = entry.impulse_response(values, sample_rate_hz).convolved(audio[None])[0]
    return torch.lerp(audio, wet, node.wet)


@torch.no_grad()
def response(node: NodeSettings, sample_rate_hz: float) -> Float[Tensor, "row time"]:
    """Return the impulse response of a filter, fully wet."""
    entry = processor(node.kind)
    assert isinstance(entry, FilterProcessor)
    values = {name: value[None] for name, value in node.values.items()}
    return entry.impulse_response(values, sample_rate_hz).taps[0]
