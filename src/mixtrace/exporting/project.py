"""What every target is written from: a song as it was read, and the graph that mixes it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float

from mixtrace.errors import GraphError
from mixtrace.exporting.channels import Channel, channels_of, distinct
from mixtrace.graph import Graph
from mixtrace.names import plain_name
from mixtrace.processors import (
    AutomationProcessor,
    FilterProcessor,
    MatrixProcessor,
    NodeSettings,
    Settings,
    processor,
)
from mixtrace.store import Sureness
from mixtrace.store.audio_files import write_float_audio

__all__ = ["Project", "Response"]


@dataclass(frozen=True, eq=False)
class Response:
    """An impulse response, dry/wet weight included.

    Attributes:
        taps: [row, time]: one row for both channels alike, two for left and right, or four: left
            from left, left from right, right from left, right from right.
        lead_samples: how many of them act before time zero.
    """

    taps: Float[np.ndarray, "row time"]
    lead_samples: int


@dataclass(frozen=True, eq=False)
class Project:
    """A mix that can be opened elsewhere.

    Attributes:
        name: the song's.
        sample_rate_hz: that of the mix, which all audio has.
        graph: what mixes it.
        settings: its settings, in physical units.
        tracks: [1 or 2 channels, time] each, in the order of the graph's inputs, moved and turned
            over as the reading found them, all of one length.
        unused_names: tracks that are not heard in the mix.
        unused: their audio, likewise.
        mix: [2, time], the song's own mix, as long; None where it was not read.
        sureness: how sure its settings are; None where nobody asked.
    """

    name: str
    sample_rate_hz: int
    graph: Graph
    settings: Settings
    tracks: Sequence[Float[np.ndarray, "_channel time"]]
    unused_names: tuple[str, ...] = ()
    unused: Sequence[Float[np.ndarray, "_channel time"]] = ()
    mix: Float[np.ndarray, "2 time"] | None = None
    sureness: Sureness | None = None

    @property
    def length_samples(self) -> int:
        """How long every track is."""
        return self.tracks[0].shape[-1]

    @cached_property
    def channels(self) -> tuple[Channel, ...]:
        """The graph as channels that feed one another; unused tracks have none."""
        return channels_of(self.graph, self.settings)

    @cached_property
    def idle(self) -> tuple[str, ...]:
        """The names of the unused tracks, which no channel has."""
        named = [plain_name(name) or "unnamed" for name in self.unused_names]
        return tuple(distinct(named, taken=[channel.name for channel in self.channels]))

    def node(self, node: int) -> NodeSettings:
        """Return the settings of a processor, and whether its key is fed."""
        return replace(self.settings[node], keyed=self.graph.keyed(node))

    def track(self, node: int) -> Float[np.ndarray, "_channel time"]:
        """Return the audio that an input plays; to be let go of after use."""
        return self.tracks[self.graph.inputs.index(node)]

    @torch.no_grad()
    def response(self, node: int) -> Response:
        """Return the impulse response of a filter at the project's rate, weight included.

        Raises:
            GraphError: the processor is no filter.
        """
        entry = processor(self.graph.nodes[node].kind)
        if not isinstance(entry, FilterProcessor):
            raise GraphError(f"Expected a filter; a {entry.label} has no impulse response.")
        (stack,) = self.settings.groups([node])
        found = entry.impulse_response(stack.values, self.sample_rate_hz)
        taps, wet = found.taps[0].double().numpy(), float(stack.wet)
        mixed = wet * taps
        own = {1: [0], 2: [0, 1], 4: [0, 3]}[len(taps)]
        mixed[own, found.lead_samples] += 1.0 - wet
        return Response(mixed, found.lead_samples)

    @torch.no_grad()
    def matrix(self, node: int) -> Float[np.ndarray, "2 2"]:
        """Return output channel by input channel of what mixes the two, weight included.

        Raises:
            GraphError: the processor is no matrix.
        """
        entry = processor(self.graph.nodes[node].kind)
        if not isinstance(entry, MatrixProcessor):
            raise GraphError(f"Expected a matrix; a {entry.label} is none.")
        (stack,) = self.settings.groups([node])
        found, wet = entry.matrix(stack.values)[0].double().numpy(), float(stack.wet)
        return wet * found + (1.0 - wet) * np.eye(2)

    @torch.no_grad()
    def ride(
        self, node: int, moments_s: Float[np.ndarray, " moment"]
    ) -> Float[np.ndarray, " moment"]:
        """Return the gain of an automation at moments of the song, weight included.

        Raises:
            GraphError: the processor is no automation.
        """
        entry = processor(self.graph.nodes[node].kind)
        if not isinstance(entry, AutomationProcessor):
            raise GraphError(f"Expected an automation; a {entry.label} follows no clock.")
        (stack,) = self.settings.groups([node])
        values = {name: value.double() for name, value in stack.values.items()}
        found, wet = entry.gain(values, torch.from_numpy(moments_s)[None])[0].numpy(), stack.wet
        return 1.0 - float(wet) + float(wet) * found

    def write_audio(self, path: Path, audio: Float[np.ndarray, "_channel time"]) -> None:
        """Write a WAV file of two channels and 32-bit floating point at the project's rate.

        Raises:
            OSError: the file cannot be written.
        """
        stereo = np.broadcast_to(audio, (2, audio.shape[-1]))
        write_float_audio(path, stereo, self.sample_rate_hz)
