"""The compiled renderer: a plan's filters in the frequency domain, its dynamics in time.

What it computes equals the naive walk but for the edges of a window. The walk cuts every node's
audio to the window, here only what leaves a region is cut. Within one region, and counted anew for
every such filter on the way,

- a zero-phase filter behind another filter hears what rings past the window's end: the last
  samples, as many as its lead (1,023 at 30 kHz), may differ;
- a filter behind a zero-phase one carries on what that one rings before the window's start: the
  first samples, as many as its tail, may differ, unless the audio begins with a lead of silence.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.dsp import real_signal, real_spectrum
from mixtrace.graph import Graph
from mixtrace.processors import Passing, Settings, Stack, TimeDomainProcessor, processor
from mixtrace.rendering.lengths import UNTRANSFORMED, by_length
from mixtrace.rendering.plan import Region, RenderPlan, TimeGroup, compile_plan
from mixtrace.rendering.propagation import Monitor, carry, propagate_reference
from mixtrace.rendering.response import KeptOperators, Operators, linear_operators
from mixtrace.rendering.signals import Signals

__all__ = ["DryAudio", "prepare_operators", "render_compiled"]

OperatorSource = Callable[[RenderPlan, Sequence[int], int], Operators]
"""Called with a plan, linear nodes of it and a transform length, or `UNTRANSFORMED`."""


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
    _within: tuple["DryAudio", int] | None = field(default=None, repr=False)

    @property
    def channels(self) -> tuple[int, ...]:
        """Channels of each track, 0 where it is silent."""
        return tuple(0 if track is None else track.shape[1] for track in self.tracks)

    def spectrum(self, track: int, fft_length: int) -> Tensor:
        """Return the transform of one track, zero-padded to a length."""
        if self._within is not None:
            every, number = self._within
            return every.spectrum(track, fft_length)[number : number + 1]
        key = (track, fft_length)
        if key not in self._spectra:
            audio = self.tracks[track]
            assert audio is not None
            self._spectra[key] = real_spectrum(audio, fft_length)
        return self._spectra[key]

    def window(self, number: int, silence: float) -> "DryAudio":
        """Return one of the windows; what it holds is a view of what this does.

        Args:
            number: which one.
            silence: the peak amplitude up to which a track counts as silent there.
        """
        alone = [None if track is None else track[number : number + 1] for track in self.tracks]
        heard = [t if t is not None and bool(t.abs().max() > silence) else None for t in alone]
        return DryAudio(heard, self.start_s[number : number + 1], _within=(self, number))


def render_compiled(
    graph: Graph,
    settings: Settings,
    dry: DryAudio,
    sample_rate_hz: float,
    *,
    time: int,
    fft_limit: int | None = None,
    uncounted: int = 0,
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
        uncounted: samples at the start of the result that may be wrong. What reaches the output
            without dynamics behind it may then wrap around into them, in shorter transforms.
        monitor: told what power passes the filters.
        operators: gives what linear nodes do at a transform length; by default computed here.
    """
    plan = compile_plan(graph, dry.channels, sample_rate_hz, settings.lengths)
    track_of = {node: number for number, node in enumerate(graph.inputs)}
    audio, arriving = Signals(), Signals()
    for node, number in track_of.items():
        track = dry.tracks[number]
        if track is not None:
            audio.add((node,), track[None])
    for stage in plan.stages:
        for length, regions in by_length(plan, stage, time, fft_limit, uncounted).items():
            nodes = [i for region in regions for i in region.nodes]
            if operators is None:
                doing = linear_operators(plan, settings, nodes, length)
            else:
                doing = operators(plan, nodes, length)
            if length == UNTRANSFORMED:
                for region in regions:
                    _leave(plan, _mixed(plan, doing, region, audio), audio, arriving)
                continue
            sources = dict.fromkeys(s for region in regions for s in region.sources)
            spectra = Signals(
                {s: dry.spectrum(track_of[s], length) for s in sources if s in track_of}
            )
            spectra.update(_transform(audio.only(s for s in sources if s not in track_of), length))
            ends = dict.fromkeys(e for region in regions for e in region.ends)
            leaving = _inverse(carry(plan, doing, nodes, spectra, ends, monitor), length, time)
            _leave(plan, leaving, audio, arriving)
        for group in stage.dynamics:
            _run_in_time(plan, settings, group, audio, arriving, dry.start_s)
    return _output(plan, audio, arriving)


def prepare_operators(
    operators: KeptOperators,
    graph: Graph,
    dry: DryAudio,
    sample_rate_hz: float,
    *,
    time: int,
    fft_limit: int | None = None,
    uncounted: int = 0,
    at_once: int = 1,
) -> None:
    """Compute all that `render_compiled` will ask for; see there and `KeptOperators.prepare`."""
    plan = compile_plan(graph, dry.channels, sample_rate_hz, operators.settings.lengths)
    asked = [
        ([i for region in regions for i in region.nodes], length)
        for stage in plan.stages
        for length, regions in by_length(plan, stage, time, fft_limit, uncounted).items()
    ]
    operators.prepare(plan, asked, at_once)


def _transform(audio: Signals, fft_length: int) -> Signals:
    return _in_one_call(audio, lambda rows: real_spectrum(rows, fft_length))


def _inverse(spectra: Signals, fft_length: int, time: int) -> Signals:
    return _in_one_call(spectra, lambda rows: real_signal(rows, fft_length)[..., :time])


def _in_one_call(signals: Signals, transform: Callable[[Tensor], Tensor]) -> Signals:
    """Transform mono and stereo signals at once: a call costs as much as a row or two."""
    groups = _by_channels(signals)
    stacks = [signals.stack(members) for members in groups]
    if len(stacks) < 2:
        return Signals.of_stacks(zip(groups, map(transform, stacks), strict=True))
    flat = [stack.flatten(0, 2) for stack in stacks]
    parts = transform(torch.cat(flat)).split([len(rows) for rows in flat])
    done = (part.unflatten(0, stack.shape[:3]) for part, stack in zip(parts, stacks, strict=True))
    return Signals.of_stacks(zip(groups, done, strict=True))


def _by_channels(signals: Signals) -> list[list[int]]:
    groups: dict[int, list[int]] = {}
    for i in signals:
        groups.setdefault(signals.channels(i), []).append(i)
    return list(groups.values())


def _mixed(plan: RenderPlan, operators: Operators, region: Region, audio: Signals) -> Signals:
    """Carry audio through a region without filters: what spectra go through, samples may too."""
    sources = {s: audio[s] for s in region.sources}
    return Signals(propagate_reference(plan, operators, region.nodes, sources, region.ends))


def _leave(plan: RenderPlan, leaving: Signals, audio: Signals, arriving: Signals) -> None:
    """Add what leaves regions to what outlets put out and to what arrives at sinks."""
    _add(audio, leaving.only(i for i in leaving if plan.linear[i]))
    _add(arriving, leaving.only(i for i in leaving if not plan.linear[i]))


def _add(known: Signals, fresh: Signals) -> None:
    """Add what one group of regions gives to what others gave."""
    shared = [i for i in fresh if i in known]
    sums = {i: known[i] + fresh[i] for i in shared}
    known.update(fresh)
    known.update(Signals(sums))


def _arrived(plan: RenderPlan, i: int, audio: Signals, arriving: Signals) -> Tensor:
    direct = [audio[p] for p in plan.feeds[i] if not plan.linear[p]]
    parts = [*([arriving[i]] if i in arriving else []), *direct]
    return sum(parts[1:], parts[0])


def _all_arrived(
    plan: RenderPlan, members: Sequence[int], audio: Signals, arriving: Signals
) -> Float[Tensor, "node window channel time"]:
    """Return what arrives at some nodes, as it lies where each has a single feed."""
    feeds = [[p for p in plan.feeds[i] if not plan.linear[p]] for i in members]
    if not any(feeds):
        return arriving.stack(members)
    if all(
        len(direct) == 1 and i not in arriving for i, direct in zip(members, feeds, strict=True)
    ):
        return audio.stack([direct[0] for direct in feeds])
    return torch.stack([_arrived(plan, i, audio, arriving) for i in members])


def _run_in_time(
    plan: RenderPlan,
    settings: Settings,
    group: TimeGroup,
    audio: Signals,
    arriving: Signals,
    start_s: Tensor,
) -> None:
    for stack in settings.groups(group.nodes):
        stacked = _all_arrived(plan, stack.nodes, audio, arriving)
        key = _keys(plan, stack.nodes, stacked, audio, arriving) if group.keyed else None
        audio.add(stack.nodes, _followed(plan, stack, stacked, key, start_s))


def _keys(
    plan: RenderPlan,
    nodes: Sequence[int],
    like: Float[Tensor, "node window channel time"],
    audio: Signals,
    arriving: Signals,
) -> Float[Tensor, "row _channel time"]:
    """Return what some nodes listen to, a row for each node and window."""
    keys = [plan.wiring.keys[i] for i in nodes]
    widest = max(1, *(plan.channels[key] for key in keys))
    silence = like.new_zeros((like.shape[1], widest, like.shape[3]))
    heard = [_arrived(plan, k, audio, arriving) if plan.channels[k] else silence for k in keys]
    return torch.stack([row.expand(-1, widest, -1) for row in heard]).flatten(0, 1)


def _followed(
    plan: RenderPlan,
    stack: Stack,
    stacked: Float[Tensor, "node window channel time"],
    key: Tensor | None,
    start_s: Tensor,
) -> Float[Tensor, "node window channel time"]:
    """Return what leaves the nodes of a stack, from rest, with silence behind the windows."""
    entry = processor(stack.kind)
    assert isinstance(entry, TimeDomainProcessor)
    windows = stacked.shape[1]
    values = {name: value.repeat_interleave(windows, 0) for name, value in stack.values.items()}
    wet = stack.wet.repeat_interleave(windows)
    flat = stacked.flatten(0, 1)
    if ahead := plan.reach[stack.nodes[0]][0]:
        flat = torch.nn.functional.pad(flat, (0, ahead))
        key = None if key is None else torch.nn.functional.pad(key, (0, ahead))
    passing = Passing(flat, key, start_s.repeat(len(stack.nodes)), plan.sample_rate_hz)
    output, _ = entry.follow(passing, values, wet, entry.rest(passing, values))
    return output.unflatten(0, (-1, windows))


def _output(plan: RenderPlan, audio: Signals, arriving: Signals) -> Tensor | None:
    out = plan.graph.output
    if not plan.channels[out]:
        return None
    total = _arrived(plan, out, audio, arriving)
    return total.expand(-1, 2, -1) if total.shape[1] == 1 else total
