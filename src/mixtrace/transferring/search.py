"""The search of a transfer: dials descend until the mix sounds like another song's.

Each step renders one segment of the song and compares its features with those of the reference,
which are the means over its segments. A song is not equally loud and dense everywhere: what one
segment of the plain mix differs by from the mean of all is granted to it.

Source of the loss: see `losses.audio_features`; of its use without a network, which this is: the
same authors' public code.
"""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.descent import Course, Variables, VariablesState
from mixtrace.descent.adam import Adam
from mixtrace.graph import Graph
from mixtrace.losses.audio_features import (
    FEATURES,
    AudioFeatures,
    FeatureMeter,
    feature_distances,
)
from mixtrace.methods import Work
from mixtrace.processors import Settings, processor
from mixtrace.rendering import render_compiled
from mixtrace.stopping import check
from mixtrace.store import Likeness, MixFeatures
from mixtrace.transferring.config import TransferConfig
from mixtrace.transferring.segments import dry_segment, sounding_segments
from mixtrace.transferring.start import FADER, equal_loudness, start_console
from mixtrace.transferring.thin import thinned

__all__ = ["Transferred", "transfer_features"]

_WARM_UP_STEPS = 10
_END_RATE = 0.1
_QUIET = 1e-9
_MOST_WORSE = 10.0


@dataclass(frozen=True, eq=False)
class Transferred:
    """What a transfer found.

    Attributes:
        graph, settings: the result.
        likeness: features of the reference, of the sum of equally loud tracks, and of the result.
        history: loss and seconds of each step.
        ended: `finished`, or `stopped` by the user before its end.
        seconds: spent, over all resumed parts.
    """

    graph: Graph
    settings: Settings
    likeness: Likeness
    history: dict[str, list[float]] = field(default_factory=dict)
    ended: Literal["finished", "stopped"] = "finished"
    seconds: float = 0.0


def transfer_features(
    tracks: Sequence[tuple[str, str]],
    audio: Sequence[Float[np.ndarray, "_channel time"]],
    reference: Float[np.ndarray, "2 other_time"],
    sample_rate_hz: int,
    *,
    name: str = "reference",
    config: TransferConfig | None = None,
    work: Work | None = None,
) -> Transferred:
    """Find settings with which the tracks sound like the reference.

    Args:
        tracks: (name, group) of each.
        audio: of each, all of one length.
        reference: another song's mix, as loud as the result shall be.
        sample_rate_hz: of all audio.
        name: of the reference.
        config: what the user chose.
        work: how to carry it out.

    Raises:
        AudioError: the tracks or the reference are too short or silent.
        MixtraceError: a choice that is not valid.
    """
    config, work = config or TransferConfig(), work or Work()
    run = _Run(tracks, audio, reference, sample_rate_hz, name, config, work)
    return run.result(run.course.stopped_in(run.descend))


class _Run:
    def __init__(
        self,
        tracks: Sequence[tuple[str, str]],
        audio: Sequence[Float[np.ndarray, "_channel time"]],
        reference: Float[np.ndarray, "2 other_time"],
        sample_rate_hz: int,
        name: str,
        config: TransferConfig,
        work: Work,
    ) -> None:
        began = time.monotonic()
        config.check()
        self._audio, self._rate, self._name, self._config = audio, sample_rate_hz, name, config
        self._meter = FeatureMeter(sample_rate_hz)
        spans = sounding_segments(reference, sample_rate_hz, "the reference")
        with torch.no_grad():
            pieces = [torch.from_numpy(reference[:, first:end].copy()) for first, end in spans]
            self._target = AudioFeatures.mean([self._meter(piece) for piece in pieces])
        self._graph, start = start_console(tracks, audio, sample_rate_hz, config.seed)
        self._segments = sounding_segments(_summed(audio), sample_rate_hz, "the tracks")
        self._numbers = range(len(self._segments))
        plain = self._levelled(self._graph, equal_loudness(self._graph, start))
        self._plain = [self._features(self._graph, plain, k) for k in self._numbers]
        own = AudioFeatures.mean(self._plain)
        self._before = {k: float(d) for k, d in feature_distances(self._target, own).items()}
        self._start = Variables.from_settings(self._levelled(self._graph, start))
        stored = work.stored()
        self._state = VariablesState.unpack(stored, self._start, config.steps)
        self._variables = self._state.variables.requires_grad()
        self._adam = Adam(self._variables.values, config.descent.second_moment)
        self._adam.memory.update(self._state.memory)
        self._state.follow(self._variables, self._adam.memory)
        self.course = Course(self._state, asdict(config), work, config.steps, began, "distance")

    def descend(self) -> None:
        """Take all steps that are left."""
        while self.course.taken < self._config.steps:
            self.course.step("matching", self._config.steps, self._step)

    def result(self, stopped: bool) -> Transferred:
        """Return what was reached, with its features."""
        self.course.fetch()
        with torch.no_grad():
            settings = self._variables.settings().map(torch.Tensor.detach)
        graph = self._graph if stopped else self._thinned(settings)
        settings = self._levelled(graph, settings.only(graph.processors))
        after = self._mean(graph, settings)
        return Transferred(
            graph,
            settings,
            self._likeness(AudioFeatures.mean(self._plain), after),
            self._state.history,
            "stopped" if stopped else "finished",
            self.course.seconds,
        )

    def _step(self) -> tuple[int, Tensor]:
        taken, steps = self.course.taken, self._config.steps
        order = np.random.default_rng((self._config.seed, taken // len(self._segments)))
        number = int(order.permutation(len(self._segments))[taken % len(self._segments)])
        settings = self._variables.settings()
        granted = self._target.moved(AudioFeatures.mean(self._plain), self._plain[number])
        distances = feature_distances(granted, self._heard(self._graph, settings, number))
        match = torch.stack(list(distances.values())).sum()
        moved = [
            (value - self._start.values[key]).square().mean()
            for key, value in self._variables.values.items()
        ]
        worse = self._worse(distances) * self._config.no_worse
        (match + worse + self._config.restraint * torch.stack(moved).mean()).backward()
        rate = _END_RATE + (1.0 - _END_RATE) * 0.5 * (1.0 + math.cos(math.pi * taken / steps))
        rate *= min(1.0, (taken + 1) / _WARM_UP_STEPS)
        recipe = self._config.descent
        self._adam.step({key: rate * recipe.rate(*key) for key in self._variables.values})
        self._variables.project()
        for value in self._variables.values.values():
            value.grad = None
        return taken + 1, match.detach()

    def _worse(self, distances: Mapping[str, Tensor]) -> Tensor:
        """Return by what factor features are farther off than those of the plain sum."""
        beyond = [distances[name] / (self._before[name] + _QUIET) - 1.0 for name in FEATURES]
        return torch.stack(beyond).clamp(min=0.0, max=_MOST_WORSE).sum()

    def _heard(self, graph: Graph, settings: Settings, number: int) -> AudioFeatures:
        """Return the features of a segment, differentiable."""
        dry, warm_up = dry_segment(self._audio, self._segments[number], self._rate)
        first, end = self._segments[number]
        length = end - first + warm_up
        mix = render_compiled(graph, settings, dry, self._rate, time=length, fft_limit=length)
        if mix is None:
            mix = torch.zeros((1, 2, length))
        return self._meter(mix[0, :, warm_up:])

    @torch.no_grad()
    def _features(self, graph: Graph, settings: Settings, number: int) -> AudioFeatures:
        check()
        return self._heard(graph, settings, number)

    def _mean(self, graph: Graph, settings: Settings) -> AudioFeatures:
        return AudioFeatures.mean([self._features(graph, settings, k) for k in self._numbers])

    def _thinned(self, settings: Settings) -> Graph:
        """Return the graph without processors that the loss does not miss."""

        def loss(graph: Graph) -> float:
            heard = self._mean(graph, settings.only(graph.processors))
            own = heard.louder(self._gain(heard))
            distances = feature_distances(self._target, own)
            return float(sum(distances.values()) + self._worse(distances))

        return thinned(
            self._graph,
            loss,
            self._config.slack,
            lambda done, total: self.course.tell("leaving out", done, total),
        )

    def _likeness(self, before: AudioFeatures, after: AudioFeatures) -> Likeness:
        then, now = (
            {name: float(part) for name, part in feature_distances(self._target, own).items()}
            for own in (before, after)
        )
        return Likeness(self._name, _told(self._target), _told(before), _told(after), then, now)

    def _gain(self, own: AudioFeatures) -> Tensor:
        """Return the gain that brings RMS levels as near to the reference as it can."""
        return (own.rms * self._target.rms).sum() / own.rms.square().sum().clamp(min=_QUIET)

    def _levelled(self, graph: Graph, settings: Settings) -> Settings:
        """Return settings whose last fader brings RMS levels as near to the reference as it can."""
        gain = self._gain(self._mean(graph, settings))
        master = graph.processors[-1]
        level_db = settings[master].values["level_db"] + 20.0 * torch.log10(gain)
        nodes = {i: settings[i] for i in graph.processors}
        values = nodes[master].values | {
            "level_db": processor(FADER).param("level_db").clip(level_db)
        }
        nodes[master] = replace(nodes[master], values=values)
        return Settings.of(nodes)


def _summed(audio: Sequence[Float[np.ndarray, "_channel time"]]) -> Float[np.ndarray, "2 time"]:
    total = np.zeros((2, audio[0].shape[-1]), np.float32)
    for track in audio:
        total += track
    return total


def _told(features: AudioFeatures) -> MixFeatures:
    mid, side = features.bark.tolist()
    return MixFeatures(
        tuple(features.rms.tolist()),
        tuple(features.crest.tolist()),
        float(features.width),
        float(features.balance),
        (tuple(mid), tuple(side)),
    )
