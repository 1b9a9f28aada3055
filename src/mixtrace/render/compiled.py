"""The compiled renderer: a plan's regions in the frequency domain, its dynamics in time.

What it computes equals the naive walk but for the edges of a window. The walk cuts every node's
audio to the window, here only what leaves a region is cut. Within one region, and counted anew for
every such filter on the way,

- a zero-phase filter behind another filter hears what rings past the window's end: the last
  samples, as many as its lead (1,023 at 30 kHz), may differ;
- a filter behind a zero-phase one carries on what that one rings before the window's start: the
  first samples, as many as its tail, may differ, unless the audio begins with a lead of silence.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.dsp import fast_length
from mixtrace.graph import Graph
from mixtrace.processors import Settings, TimeDomainProcessor, processor
from mixtrace.render.plan import Region, RenderPlan, compile_plan
from mixtrace.render.response import Operators, linear_operators

__all__ = ["DryAudio", "Monitor", "propagate", "render_compiled"]

Monitor = Callable[[int, Tensor, Tensor], None]
"""Called with a filter node, the spectrum that enters it and its response."""

OperatorSource = Callable[[RenderPlan, Sequence[int], int], Operators]
"""Called with a plan, linear nodes of it and a transform length."""


@dataclass
class DryAudio:
    """Dry tracks of one or more windows of equal length; spectra are kept once computed.

    Attributes:
        tracks: for each input [window, 1 or 2 channels, time], or None where it is silent.
        start_s: where in the song each window begins.
    """

    tracks: Sequence[Float[Tensor, "window _channel time"] | None]
    start_s: Float[Tensor, " window"]
    _spectra: dict[tuple[int, int], Tensor] = field(default_factory=dict, repr=False)

    @property
    def channels(self) -> tuple[int, ...]:
        """Channels of each track, 0 where it is silent."""
        return tuple(0 if track is None else track.shape[1] for track in self.tracks)

    def spectrum(self, track: int, fft_length: int) -> Tensor:
        """Return the transform of one track, zero-padded to a length."""
        key = (track, fft_length)
        if key not in self._spectra:
            audio = self.tracks[track]
            assert audio is not None
            self._spectra[key] = torch.fft.rfft(audio, n=fft_length)
        return self._spectra[key]


def render_compiled(
    graph: Graph,
    settings: Settings,
    dry: DryAudio,
    sample_rate_hz: float,
    *,
    time: int,
    fft_limit: int | None = None,
    monitor: Monitor | None = None,
    operators: OperatorSource | None = None,
) -> Float[Tensor, "window 2 time"] | None:
    """Render windows of a song; None when every track is silent.

    Args:
        graph: any valid graph.
        settings: its settings.
        dry: the tracks, in the order of the graph's inputs.
        sample_rate_hz: their rate.
        time: samples in a window.
        fft_limit: when given, transforms are no longer than this many samples, or than what holds
            the window and its filters' look-ahead; what reaches further wraps around to the
            window's start: faster and inexact, for training steps that do not count the start.
        monitor: sees what passes through each filter.
        operators: gives what linear nodes do at a transform length; by default computed here.
    """
    plan = compile_plan(graph, dry.channels, sample_rate_hz)
    track_of = {node: number for number, node in enumerate(graph.inputs)}
    audio: dict[int, Tensor] = {}
    arriving: dict[int, Tensor] = {}
    for node, number in track_of.items():
        track = dry.tracks[number]
        if track is not None:
            audio[node] = track
    for stage in plan.stages:
        for length, regions in _by_length(stage.regions, time, fft_limit).items():
            nodes = [i for region in regions for i in region.nodes]
            sources = dict.fromkeys(s for region in regions for s in region.sources)
            spectra = {s: dry.spectrum(track_of[s], length) for s in sources if s in track_of}
            spectra |= _transform({s: audio[s] for s in sources if s not in track_of}, length)
            if operators is None:
                doing = linear_operators(plan, settings, nodes, length)
            else:
                doing = operators(plan, nodes, length)
            ends = dict.fromkeys(e for region in regions for e in region.ends)
            leaving = propagate(plan, doing, nodes, spectra, ends, monitor)
            for i, signal in _inverse(leaving, length, time).items():
                if plan.linear[i]:
                    audio[i] = signal
                else:
                    arriving[i] = arriving[i] + signal if i in arriving else signal
        for kind, _, members in stage.dynamics:
            _run_in_time(plan, settings, kind, members, audio, arriving, dry.start_s)
    return _output(plan, audio, arriving)


def propagate(
    plan: RenderPlan,
    operators: Operators,
    nodes: Sequence[int],
    spectra: Mapping[int, Tensor],
    ends: Iterable[int],
    monitor: Monitor | None = None,
) -> dict[int, Tensor]:
    """Carry spectra through linear nodes and return what leaves at each end.

    Args:
        plan: the plan the nodes belong to.
        operators: what the nodes do.
        nodes: linear nodes in topological order, each behind a source.
        spectra: for each source [window, channel, bin].
        ends: where to collect: for one of the nodes its own spectrum, for a sink the sum of what
            the nodes feed it; ends that nothing reaches are left out.
        monitor: sees what passes through each filter.
    """
    known = dict(spectra)
    for i in nodes:
        total = _sum([known[p] for p in plan.feeds[i] if p in known])
        if i in operators.responses:
            if monitor is not None:
                monitor(i, total, operators.responses[i])
            total = total * operators.responses[i]
        elif i in operators.matrices and plan.channels[i] == 2:
            total = mix_channels(total, operators.matrices[i])
        known[i] = total
    own = set(nodes)
    parts = {e: [e] if e in own else [p for p in plan.feeds[e] if p in own] for e in ends}
    return {e: _sum([known[p] for p in feeding]) for e, feeding in parts.items() if feeding}


def mix_channels(signal: Tensor, matrix: Float[Tensor, "2 2"]) -> Tensor:
    """Return audio or a spectrum [window, 1 or 2 channels, ...] with its channels mixed."""
    if signal.shape[1] == 1:
        return signal * matrix.sum(1)[:, None]
    left, right = signal[:, :1], signal[:, 1:]
    return left * matrix[:, :1] + right * matrix[:, 1:]


def _sum(parts: Sequence[Tensor]) -> Tensor:
    """Return the sum of mono and stereo signals; mono counts on both channels."""
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _by_length(regions: Sequence[Region], time: int, limit: int | None) -> dict[int, list[Region]]:
    groups: dict[int, list[Region]] = {}
    for region in regions:
        length = region.fft_length(time)
        if limit is not None:
            length = min(length, max(limit, fast_length(time + region.lead_samples)))
        groups.setdefault(length, []).append(region)
    return groups


def _transform(audio: dict[int, Tensor], fft_length: int) -> dict[int, Tensor]:
    """Transform signals, those with equal channel counts in one batch."""
    spectra: dict[int, Tensor] = {}
    for members in _by_channels(audio):
        stacked = torch.fft.rfft(torch.stack([audio[i] for i in members]), n=fft_length)
        spectra.update(zip(members, stacked.unbind(0), strict=True))
    return spectra


def _inverse(spectra: dict[int, Tensor], fft_length: int, time: int) -> dict[int, Tensor]:
    signals: dict[int, Tensor] = {}
    for members in _by_channels(spectra):
        stacked = torch.fft.irfft(torch.stack([spectra[i] for i in members]), n=fft_length)
        signals.update(zip(members, stacked[..., :time].unbind(0), strict=True))
    return signals


def _by_channels(signals: dict[int, Tensor]) -> list[list[int]]:
    groups: dict[int, list[int]] = {}
    for i, signal in signals.items():
        groups.setdefault(signal.shape[1], []).append(i)
    return list(groups.values())


def _arrived(
    plan: RenderPlan, i: int, audio: dict[int, Tensor], arriving: dict[int, Tensor]
) -> Tensor:
    direct = [audio[p] for p in plan.feeds[i] if not plan.linear[p]]
    return _sum([*([arriving[i]] if i in arriving else []), *direct])


def _run_in_time(
    plan: RenderPlan,
    settings: Settings,
    kind: str,
    members: Sequence[int],
    audio: dict[int, Tensor],
    arriving: dict[int, Tensor],
    start_s: Tensor,
) -> None:
    entry = processor(kind)
    assert isinstance(entry, TimeDomainProcessor)
    values, wet = settings.rows(kind, [plan.rows[i] for i in members])
    stacked = torch.stack([_arrived(plan, i, audio, arriving) for i in members])
    windows = stacked.shape[1]
    repeated = {name: value.repeat_interleave(windows, 0) for name, value in values.items()}
    wet = wet.repeat_interleave(windows)
    output, _ = entry.follow(
        stacked.flatten(0, 1),
        repeated,
        wet,
        torch.zeros_like(wet),
        start_s.repeat(len(members)),
        plan.sample_rate_hz,
    )
    audio.update(zip(members, output.unflatten(0, (-1, windows)).unbind(0), strict=True))


def _output(
    plan: RenderPlan, audio: dict[int, Tensor], arriving: dict[int, Tensor]
) -> Tensor | None:
    out = plan.graph.output
    if not plan.channels[out]:
        return None
    total = _arrived(plan, out, audio, arriving)
    return total.expand(-1, 2, -1) if total.shape[1] == 1 else total
