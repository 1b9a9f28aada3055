"""What every processor is: its kind, its parameters, what it does to audio and how it is told.

There are four capabilities, which renderers ask for. A filter is an impulse response for each
channel, or for each way from channel to channel; a matrix mixes the two without memory. Both are
linear and time-invariant, and the renderer fuses them. A dynamics processor follows the level of
its input, an automation follows the clock: both run in time, as does whatever else is not linear.

Values are physical (see `params`), one row a node. The dry/wet weight belongs to the renderer, but
for what runs in time: that weighs its own audio (`TimeDomainProcessor.follow`).
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar, Literal

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor

from mixtrace.dsp import convolve
from mixtrace.params import ParamSpec
from mixtrace.processors.dynamics_picture import dynamics_glyph, dynamics_picture
from mixtrace.processors.picture import Glyph, Picture
from mixtrace.processors.told import Heard, NodeSettings, Said, Turned
from mixtrace.wording import percent, seconds, short_number

__all__ = [
    "DESIGN_RATE_HZ",
    "AutomationProcessor",
    "DynamicsProcessor",
    "Family",
    "FilterProcessor",
    "ImpulseResponse",
    "Lengths",
    "MatrixProcessor",
    "Passing",
    "Processor",
    "TimeDomainProcessor",
    "Values",
]

DESIGN_RATE_HZ = 30_000.0
"""The rate of the published method; frequency grids end at 15 kHz, whatever the audio's rate."""

Values = Mapping[str, Tensor]
"""Physical values of the nodes of one kind: parameter name -> [node, *shape]."""


Lengths = Mapping[str, float]
"""The lengths of parameters that vary and the values of fixed ones that are one number, by name;
empty where there are none, or where they are as the search starts."""

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
        inputs: its ports; one with a `key` may listen to another sound than it works on.
        removal: what its removal leaves: `bypass`, the sound as it enters; `cut`, nothing, as
            behind a send.
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
    inputs: ClassVar[tuple[str, ...]] = ("main",)
    removal: ClassVar[Literal["bypass", "cut"]] = "bypass"

    @abstractmethod
    def forward(
        self, audio: Float[Tensor, "node 2 time"], values: Values, sample_rate_hz: float
    ) -> Float[Tensor, "node 2 time"]:
        """Return the processed audio, of the same length, fully wet."""

    def reach(self, sample_rate_hz: float, lengths: Lengths) -> tuple[int, int]:
        """Return (before, after): how many samples around its own each sample can change.

        Before are look-ahead and what rings ahead, after are tails. What only a state remembers
        does not count.

        Args:
            sample_rate_hz: rate of the audio.
            lengths: of the parameters whose length varies, and the values of fixed ones.
        """
        return 0, 0

    def param(self, name: str) -> ParamSpec:
        """Return the parameter of a name."""
        return next(spec for spec in self.params if spec.name == name)

    def misfit(self, values: Values) -> str:
        """Return what speaks against values that are each in range; nothing where they fit.

        Lengths that have to agree are told here. What is told is a sentence, "Expected ...; got
        ...", without a remedy.
        """
        return ""

    def regulariser(self, values: Values) -> Float[Tensor, ""] | None:
        """Return what the published method adds to the loss for these settings, if anything."""
        return None

    def amount(self, node: NodeSettings, share: float) -> NodeSettings:
        """Return settings that do a share of what these do, as far as their ranges allow.

        1 is all of it, 0.5 half, 1.2 more. At 0 the sound passes as it enters, or does not pass
        where removal cuts. A gain that is all that a processor does is multiplied; otherwise the
        dry/wet weight is, so that a reverb of half the amount is 6 dB softer.
        """
        if self.gains is not None:
            return self.multiplied(node, share, self.gains)
        return replace(node, wet=min(1.0, share * node.wet))

    def multiplied(self, node: NodeSettings, share: float, *names: str) -> NodeSettings:
        """Return settings with some parameters multiplied, within their ranges."""
        turned = {name: self.param(name).clip(share * node.values[name]) for name in names}
        return replace(node, values={**node.values, **turned})

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

    def turned(self, node: NodeSettings) -> Iterator[Turned]:
        """Yield the dials that are told with how sure they are, in order, and choices in words."""
        for spec in self.params:
            if not spec.shape and spec.rate > 0.0:
                yield Turned(spec.label, ((spec.name, 0),))
        if self.start_wet < 1.0:
            yield Turned("wet", (("wet", 0),))

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
    """Taps [node, row, time], of which the first `lead_samples` act before time zero.

    One row acts on both channels alike, two act on left and on right. Four are true stereo, output
    by input, row by row: left from left, left from right, right from left, right from right. A
    processor that widens has two rows or four.
    """

    taps: Float[Tensor, "node row time"]
    lead_samples: int

    def convolved(self, audio: Float[Tensor, "node 2 time"]) -> Float[Tensor, "node 2 time"]:
        """Return the convolution of two channels with the taps, cut to the length of the audio."""
        if self.taps.shape[1] < 4:
            return convolve(audio, self.taps, self.lead_samples)
        paths = self.taps.unflatten(1, (2, 2))
        return convolve(audio[:, None], paths, self.lead_samples).sum(2)


class FilterProcessor(Processor):
    """A processor that convolves the channels with impulse responses."""

    @abstractmethod
    def impulse_response(self, values: Values, sample_rate_hz: float) -> ImpulseResponse:
        """Return the impulse response of every node."""

    def forward(
        self, audio: Float[Tensor, "node 2 time"], values: Values, sample_rate_hz: float
    ) -> Float[Tensor, "node 2 time"]:
        """Return the convolution, cut to the length of the audio."""
        return self.impulse_response(values, sample_rate_hz).convolved(audio)


class MatrixProcessor(Processor):
    """A processor that mixes the two channels sample by sample.

    Attributes:
        changes_mono: whether two equal channels can come out changed.
    """

    changes_mono: ClassVar[bool] = True

    @abstractmethod
    def matrix(self, values: Values) -> Float[Tensor, "node 2 2"]:
        """Return the matrix of every node: output channel by input channel."""

    def forward(
        self, audio: Float[Tensor, "node 2 time"], values: Values, sample_rate_hz: float
    ) -> Float[Tensor, "node 2 time"]:
        """Return the mixed channels."""
        return self.matrix(values) @ audio


@dataclass(frozen=True)
class Passing:
    """Audio on its way through time-domain nodes.

    Attributes:
        audio: one or two channels a node, [node, channel, time + before], with as many samples more
            at its end as the processor looks ahead.
        key: what they listen to, as long; None where that is the audio itself.
        start_s: where in the song the audio begins, a moment a node.
        sample_rate_hz: rate of the audio.
    """

    audio: Float[Tensor, "node channel ahead_time"]
    key: Float[Tensor, "node _channel ahead_time"] | None
    start_s: Float[Tensor, " node"]
    sample_rate_hz: float

    def rows(self, rows: Int64[Tensor, " row"]) -> "Passing":
        """Return what passes some of the nodes."""
        key = None if self.key is None else self.key[rows]
        return Passing(self.audio[rows], key, self.start_s[rows], self.sample_rate_hz)


class TimeDomainProcessor(Processor):
    """A processor that works sample after sample and may remember what came before."""

    widens = False

    def forward(
        self, audio: Float[Tensor, "node 2 time"], values: Values, sample_rate_hz: float
    ) -> Float[Tensor, "node 2 time"]:
        """Return the processed audio, from the start of the song and at rest."""
        return self.from_rest(audio, None, values, sample_rate_hz)

    def from_rest(
        self,
        audio: Float[Tensor, "node channel time"],
        key: Float[Tensor, "node _channel time"] | None,
        values: Values,
        sample_rate_hz: float,
    ) -> Float[Tensor, "node channel time"]:
        """Return the processed audio under a key, with silence behind its end."""
        ahead, _ = self.reach(sample_rate_hz, {})
        padded = torch.nn.functional.pad(audio, (0, ahead))
        heard = None if key is None else torch.nn.functional.pad(key, (0, ahead))
        wet = audio.new_ones(audio.shape[0])
        passing = Passing(padded, heard, torch.zeros_like(wet), sample_rate_hz)
        return self.follow(passing, values, wet, self.rest(passing, values))[0]

    def rest(self, passing: Passing, values: Values) -> Float[Tensor, "node *state"]:
        """Return what nodes remember before the song begins."""
        return passing.audio.new_zeros(passing.audio.shape[0])

    @abstractmethod
    def follow(
        self,
        passing: Passing,
        values: Values,
        wet: Float[Tensor, " node"],
        state: Float[Tensor, "node *state"],
    ) -> tuple[Float[Tensor, "node channel time"], Float[Tensor, "node *state"]]:
        """Return the audio mixed with its processed self, and the state after it.

        Args:
            passing: the audio.
            values: physical values, a row a node.
            wet: dry/wet weights.
            state: what each node remembers of the audio before.
        """


class DynamicsProcessor(TimeDomainProcessor):
    """A processor whose gain follows the level of its input.

    Attributes:
        levels: its parameters that are levels of the sound, and move with it.
    """

    family = "dynamics"
    levels: ClassVar[tuple[str, ...]] = ("threshold_db",)

    @abstractmethod
    def static_gain_db(
        self, node: NodeSettings, level_db: Float[np.ndarray, " level"]
    ) -> Float[np.ndarray, " level"]:
        """Return the gain in dB at constant levels, dry/wet weight included."""

    def made_up_db(self, node: NodeSettings) -> float:
        """Return the gain in dB where the level asks for none, dry/wet weight included."""
        return 0.0

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
        passing: Passing,
        values: Values,
        wet: Float[Tensor, " node"],
        state: Float[Tensor, "node *state"],
    ) -> tuple[Float[Tensor, "node channel time"], Float[Tensor, "node *state"]]:
        """Return the audio under its gain; there is nothing to remember."""
        audio = passing.audio
        clock = torch.arange(audio.shape[-1], dtype=audio.dtype, device=audio.device)
        gain = self.gain(values, passing.start_s[:, None] + clock / passing.sample_rate_hz)
        weight = wet[:, None]
        return audio * (1.0 - weight + weight * gain)[:, None], state
