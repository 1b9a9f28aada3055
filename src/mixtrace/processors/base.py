"""What every processor is: its kind, its parameters and what it does to audio.

There are four families. A filter is an impulse response for each channel and a matrix mixes the two
channels without memory: both are linear and time-invariant, and the renderer fuses them. A dynamics
processor follows the level of its input, an automation follows the clock: both run in time.

Values are physical (see `params`), one row a node. The dry/wet weight belongs to the renderer.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.dsp import convolve, detect_and_gain
from mixtrace.params import ParamSpec
from mixtrace.units import DB_PER_NEPER_OF_ENERGY

__all__ = [
    "DESIGN_RATE_HZ",
    "AutomationProcessor",
    "DynamicsProcessor",
    "FilterProcessor",
    "ImpulseResponse",
    "MatrixProcessor",
    "Processor",
    "TimeDomainProcessor",
    "Values",
]

DESIGN_RATE_HZ = 30_000.0
"""The rate of the published method; frequency grids end at 15 kHz, whatever the audio's rate."""

Values = Mapping[str, Tensor]
"""Physical values of the nodes of one kind: parameter name -> [node, *shape]."""


class Processor(ABC):
    """A stateless processor.

    Attributes:
        kind: its name in graphs and files.
        letter: its letter in the published chains ("ecnsgdr").
        label: its name in words.
        params: its parameters.
        widens: whether two equal channels can come out different.
    """

    kind: ClassVar[str]
    letter: ClassVar[str]
    label: ClassVar[str]
    params: ClassVar[tuple[ParamSpec, ...]]
    widens: ClassVar[bool]

    @abstractmethod
    def forward(
        self, audio: Float[Tensor, "node 2 time"], values: Values, sample_rate_hz: float
    ) -> Float[Tensor, "node 2 time"]:
        """Return the processed audio, of the same length, fully wet."""


@dataclass(frozen=True)
class ImpulseResponse:
    """Taps [node, 1 or 2 channels, time], of which the first `lead_samples` act before time zero.

    With one channel the same response acts on both channels of the audio.
    """

    taps: Float[Tensor, "node channel time"]
    lead_samples: int


class FilterProcessor(Processor):
    """A processor that convolves each channel with an impulse response."""

    @abstractmethod
    def impulse_response(self, values: Values, sample_rate_hz: float) -> ImpulseResponse:
        """Return the impulse response of every node."""

    @abstractmethod
    def extent(self, sample_rate_hz: float) -> tuple[int, int]:
        """Return (lead, tail): how many samples the response reaches before and after time zero."""

    def forward(
        self, audio: Float[Tensor, "node 2 time"], values: Values, sample_rate_hz: float
    ) -> Float[Tensor, "node 2 time"]:
        """Return the convolution, cut to the length of the audio."""
        response = self.impulse_response(values, sample_rate_hz)
        return convolve(audio, response.taps, response.lead_samples)


class MatrixProcessor(Processor):
    """A processor that mixes the two channels sample by sample."""

    @abstractmethod
    def matrix(self, values: Values) -> Float[Tensor, "node 2 2"]:
        """Return the matrix of every node: output channel by input channel."""

    def forward(
        self, audio: Float[Tensor, "node 2 time"], values: Values, sample_rate_hz: float
    ) -> Float[Tensor, "node 2 time"]:
        """Return the mixed channels."""
        return self.matrix(values) @ audio


class TimeDomainProcessor(Processor):
    """A processor whose gain changes in time, the same for both channels."""

    widens = False

    def forward(
        self, audio: Float[Tensor, "node 2 time"], values: Values, sample_rate_hz: float
    ) -> Float[Tensor, "node 2 time"]:
        """Return the audio under its gain, from the start of the song and a detector at rest."""
        wet = audio.new_ones(audio.shape[0])
        rest = torch.zeros_like(wet)
        return self.follow(audio, values, wet, rest, rest, sample_rate_hz)[0]

    @abstractmethod
    def follow(
        self,
        audio: Float[Tensor, "node channel time"],
        values: Values,
        wet: Float[Tensor, " node"],
        state: Float[Tensor, " node"],
        start_s: Float[Tensor, " node"],
        sample_rate_hz: float,
    ) -> tuple[Float[Tensor, "node channel time"], Float[Tensor, " node"]]:
        """Return the audio mixed with its processed self, and the state after it.

        Args:
            audio: one or two channels a node.
            values: physical values, a row a node.
            wet: dry/wet weights.
            state: what the node remembers of the audio before; zero at rest.
            start_s: where in the song the audio begins.
            sample_rate_hz: rate of the audio.
        """


class DynamicsProcessor(TimeDomainProcessor):
    """A processor whose gain follows the level of its input.

    Attributes:
        direction: +1 acts above the threshold, -1 below it.
    """

    direction: ClassVar[int]

    def follow(
        self,
        audio: Float[Tensor, "node channel time"],
        values: Values,
        wet: Float[Tensor, " node"],
        state: Float[Tensor, " node"],
        start_s: Float[Tensor, " node"],
        sample_rate_hz: float,
    ) -> tuple[Float[Tensor, "node channel time"], Float[Tensor, " node"]]:
        """Return the audio under its gain; the state is that of the level detector."""
        pole = torch.exp(-1000.0 / (sample_rate_hz * values["time_ms"]))
        return detect_and_gain(
            audio,
            pole,
            values["threshold_db"] / DB_PER_NEPER_OF_ENERGY,
            values["knee_db"] / (2.0 * DB_PER_NEPER_OF_ENERGY),
            # The kernel's curve is in nepers of energy, its gain in nepers of amplitude.
            0.5 * values["slope"],
            wet,
            direction=self.direction,
            state=state,
        )


class AutomationProcessor(TimeDomainProcessor):
    """A processor whose gain follows the clock."""

    @abstractmethod
    def gain(
        self, values: Values, time_s: Float[Tensor, "node time"]
    ) -> Float[Tensor, "node time"]:
        """Return the gain (amplitude ratio) of every node at moments of the song."""

    def follow(
        self,
        audio: Float[Tensor, "node channel time"],
        values: Values,
        wet: Float[Tensor, " node"],
        state: Float[Tensor, " node"],
        start_s: Float[Tensor, " node"],
        sample_rate_hz: float,
    ) -> tuple[Float[Tensor, "node channel time"], Float[Tensor, " node"]]:
        """Return the audio under its gain; there is nothing to remember."""
        clock = torch.arange(audio.shape[-1], dtype=audio.dtype, device=audio.device)
        gain = self.gain(values, start_s[:, None] + clock / sample_rate_hz)
        weight = wet[:, None]
        return audio * (1.0 - weight + weight * gain)[:, None], state
