"""What every processor is: its kind, its parameters, what it does to audio and how it is told.

There are four capabilities, which renderers ask for. A filter is an impulse response for each
channel and a matrix mixes the two channels without memory: both are linear and time-invariant, and
the renderer fuses them. A dynamics processor follows the level of its input, an automation follows
the clock: both run in time.

Values are physical (see `params`), one row a node. The dry/wet weight belongs to the renderer.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.dsp import convolve
from mixtrace.params import ParamSpec
from mixtrace.processors.dynamics_picture import dynamics_glyph, dynamics_picture
from mixtrace.processors.picture import Glyph, Picture
from mixtrace.processors.told import Heard, NodeSettings, Said
from mixtrace.wording import percent, seconds, short_number

__all__ = [
    "DESIGN_RATE_HZ",
    "AutomationProcessor",
    "DynamicsProcessor",
    "Family",
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


Family = Literal["tone", "dynamics", "place", "space", "ride", "colour"]
"""What a processor is for: tone, dynamics, level and width, delay and reverb, automation, colour
(distortion). Reports tell the families of a strip in this order."""

_UNITS = {"dB/dB": "dB per dB"}


class Processor(ABC):
    """A stateless processor, which states everything about itself.

    Attributes:
        kind: its name in graphs and files.
        letter: its letter in short chains ("ecnsgdr" is the published one).
        label: its name in words.
        short: its name where there is little room.
        family: what it is for.
        about: what it does, in whole sentences.
        params: its parameters.
        widens: whether two equal channels can come out different.
        start_wet: the dry/wet weight at which our search starts.
        gains: the parameter in dB that is all it does, where there is one.
        levelled: whether the published gain-staging regulariser counts it.
    """

    kind: ClassVar[str]
    letter: ClassVar[str]
    label: ClassVar[str]
    short: ClassVar[str] = ""
    family: ClassVar[Family]
    about: ClassVar[str] = ""
    params: ClassVar[tuple[ParamSpec, ...]]
    widens: ClassVar[bool]
    start_wet: ClassVar[float] = 0.5
    gains: ClassVar[str | None] = None
    levelled: ClassVar[bool] = False

    @abstractmethod
    def forward(
        self, audio: Float[Tensor, "node 2 time"], values: Values, sample_rate_hz: float
    ) -> Float[Tensor, "node 2 time"]:
        """Return the processed audio, of the same length, fully wet."""

    def param(self, name: str) -> ParamSpec:
        """Return the parameter of a name."""
        return next(spec for spec in self.params if spec.name == name)

    def regulariser(self, values: Values) -> Float[Tensor, ""] | None:
        """Return what the published method adds to the loss for these settings, if anything."""
        return None

    def describe(self, node: NodeSettings) -> str:
        """Return the settings in words and units, on one line."""
        single = [spec for spec in self.params if not spec.shape]
        words = [
            f"{spec.label} {short_number(node.number(spec.name))} {spec.unit}".rstrip()
            for spec in single
        ]
        return ", ".join([*words, f"wet {percent(node.wet)}"])

    def dials(self, node: NodeSettings) -> Iterator[tuple[str, str]]:
        """Yield what a person would dial: names and values with their units."""
        for spec in self.params:
            if not spec.shape:
                yield spec.label, _valued(spec, node.number(spec.name))

    def say(self, node: NodeSettings, heard: Heard) -> Said:
        """Return what it does to the sound, as an engineer would say it."""
        return Said((f"a processor mixtrace has no words for: {self.describe(node)}",))

    def picture(self, node: NodeSettings, heard: Heard) -> Picture | None:
        """Return a picture of what it does, if there is one."""
        return None

    def glyph(self, node: NodeSettings, heard: Heard) -> Glyph | None:
        """Return what it does as a small curve, if there is one."""
        return None


def _valued(spec: ParamSpec, value: float) -> str:
    if spec.unit == "ms":
        return seconds(value / 1000.0)
    if spec.unit == "s":
        return f"{value:.1f} s"
    digits = f"{value:.2f}" if spec.unit == "dB/dB" else f"{value:.1f}"
    return f"{digits} {_UNITS.get(spec.unit, spec.unit)}".rstrip()


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
    """A processor whose gain follows the level of its input."""

    family = "dynamics"

    @abstractmethod
    def static_gain_db(
        self, node: NodeSettings, level_db: Float[np.ndarray, " level"]
    ) -> Float[np.ndarray, " level"]:
        """Return the gain in dB at constant levels, dry/wet weight included."""

    def picture(self, node: NodeSettings, heard: Heard) -> Picture:
        """Return the level that leaves over the one that enters, and the gain over the song."""
        return dynamics_picture(partial(self.static_gain_db, node), heard)

    def glyph(self, node: NodeSettings, heard: Heard) -> Glyph:
        """Return the gain over the song, or over the level where nothing was measured."""
        return dynamics_glyph(partial(self.static_gain_db, node), heard)


class AutomationProcessor(TimeDomainProcessor):
    """A processor whose gain follows the clock."""

    family = "ride"

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
