"""Rendering one graph again and again with different processors removed.

A removed processor hands on what it gets. What a node puts out then depends on the removals
upstream of it alone, so the ends of chains and the sums of buses are kept from one rendering to the
next, and only what lies downstream of a change is computed: one chain, one addition into each sum
on the way, and the chains behind those.

All spectra have one transform length, so that a chain without dynamics processors reaches its bus
without leaving the frequency domain.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from mixtrace.graph import INPUT, MIX, Graph
from mixtrace.processors import (
    MatrixProcessor,
    Passing,
    Settings,
    Stack,
    TimeDomainProcessor,
    processor,
)
from mixtrace.rendering.compiled import DryAudio
from mixtrace.rendering.plan import RenderPlan, circle_length, compile_plan
from mixtrace.rendering.propagation import filter_channels, mix_channels
from mixtrace.rendering.response import Operators, linear_operators
from mixtrace.rendering.wiring import SCALE, Wiring

__all__ = ["Incremental", "Prepared", "Sound"]


@dataclass(frozen=True, eq=False)
class Prepared:
    """A graph and its settings, made ready for windows of one length.

    Attributes:
        graph: the graph with nothing removed.
        settings: its settings.
        sample_rate_hz: rate of the audio.
        time: samples in a window.
        fft_limit: as for `render_compiled`; None renders exactly.
    """

    graph: Graph
    settings: Settings
    sample_rate_hz: float
    time: int
    fft_limit: int | None = None

    @cached_property
    def fft_length(self) -> int:
        """The transform length: that of the longest way through the graph, or the limit."""
        lead, tail = {}, {}
        for i in self.wiring.order:
            before, (ahead, behind) = self.wiring.feeds[i], self.plan.reach[i]
            lead[i] = max((lead[p] for p in before), default=0) + ahead
            tail[i] = max((tail[p] for p in before), default=0) + behind
        return circle_length(self.time, max(lead.values()), max(tail.values()), self.fft_limit)

    @cached_property
    def plan(self) -> RenderPlan:
        """The plan of the graph where every track sounds in stereo."""
        inputs = (2,) * len(self.graph.inputs)
        return compile_plan(self.graph, inputs, self.sample_rate_hz, self.settings.lengths)

    @property
    def wiring(self) -> Wiring:
        """What stands between the nodes."""
        return self.plan.wiring

    @cached_property
    def operators(self) -> Operators:
        """What each linear node does."""
        linear = [i for i, is_linear in self.plan.linear.items() if is_linear]
        return linear_operators(self.plan, self.settings, linear, self.fft_length)

    @cached_property
    def upstream(self) -> Mapping[int, frozenset[int]]:
        """For each node, the processors that what leaves it has passed, its own included."""
        passed: dict[int, frozenset[int]] = {}
        for i in self.wiring.order:
            own = frozenset({i}) if i in self.settings else frozenset()
            passed[i] = own.union(*(passed[p] for p in self.wiring.needs[i]))
        return passed

    @cached_property
    def summed(self) -> frozenset[int]:
        """The nodes that several others feed."""
        return frozenset(i for i, before in self.wiring.feeds.items() if len(before) > 1)

    @cached_property
    def adding(self) -> frozenset[int]:
        """The nodes that feed a sum."""
        return frozenset(p for i in self.summed for p in self.wiring.feeds[i])


@dataclass
class Sound:
    """What leaves a node: samples [window, channel, time], a spectrum, or both once needed."""

    prepared: Prepared
    samples: Tensor | None = None
    bins: Tensor | None = None

    @property
    def is_sampled(self) -> bool:
        """Whether the samples are known."""
        return self.samples is not None

    @property
    def audio(self) -> Tensor:
        """The samples."""
        samples = self.samples
        if samples is None:
            assert self.bins is not None
            whole = torch.fft.irfft(self.bins, n=self.prepared.fft_length)
            self.samples = samples = whole[..., : self.prepared.time]
        return samples

    @property
    def spectrum(self) -> Tensor:
        """The spectrum, of the transform length."""
        bins = self.bins
        if bins is None:
            assert self.samples is not None
            self.bins = bins = torch.fft.rfft(self.samples, n=self.prepared.fft_length)
        return bins


_Known = dict[int, dict[frozenset[int], Sound | None]]


@dataclass
class Incremental:
    """Renders some windows under any removals, and remembers what it may need again.

    Attributes:
        prepared: the graph.
        dry: the windows.
        base: the removals that the renderings have in common; of them and of the last ones, what
            reaches the sums is kept.
    """

    prepared: Prepared
    dry: DryAudio
    base: frozenset[int] = frozenset()
    _sums: _Known = field(default_factory=dict, repr=False)
    _parts: _Known = field(default_factory=dict, repr=False)

    @torch.no_grad()
    def render(self, removed: Collection[int]) -> Tensor | None:
        """Return the mix [window, 2, time] with some processors removed; None is silence."""
        signal = self._arriving(self.prepared.graph.output, frozenset(removed))
        if signal is None:
            return None
        audio = signal.audio
        return audio.expand(-1, 2, -1) if audio.shape[1] == 1 else audio

    def _arriving(self, i: int, gone: frozenset[int]) -> Sound | None:
        """Return the sum of what reaches a node."""
        if i not in self.prepared.summed:
            return self._leaving(self.prepared.wiring.feeds[i][0], gone)
        return self._remembered(self._sums, i, gone - {i}, self._summed)

    def _leaving(self, i: int, gone: frozenset[int]) -> Sound | None:
        """Return what leaves a node."""
        if i not in self.prepared.adding:
            return self._processed(i, gone)
        return self._remembered(self._parts, i, gone, self._processed)

    def _remembered(
        self,
        memory: _Known,
        i: int,
        gone: frozenset[int],
        compute: Callable[[int, frozenset[int]], Sound | None],
    ) -> Sound | None:
        """Return a signal of a node from memory, or compute it and keep it beside the base's."""
        upstream = self.prepared.upstream[i]
        key = gone & upstream
        known = memory.setdefault(i, {})
        if key not in known:
            signal = compute(i, gone)
            lasting = {k: s for k, s in known.items() if k == self.base & upstream}
            memory[i] = known = {**lasting, key: signal}
        return known[key]

    def _summed(self, i: int, gone: frozenset[int]) -> Sound | None:
        """Add up what feeds a node, or correct the sum of the base where little has changed."""
        before, upstream = self.prepared.wiring.feeds[i], self.prepared.upstream
        changed = [p for p in before if gone & upstream[p] != self.base & upstream[p]]
        standing = self._sums.get(i, {}).get(self.base & upstream[i] - {i})
        if standing is None or 2 * len(changed) >= len(before):
            return self._total([self._leaving(p, gone) for p in before])
        new = [self._leaving(p, gone) for p in changed]
        return self._total([standing, *new], [self._leaving(p, self.base) for p in changed])

    def _total(
        self, added: Sequence[Sound | None], taken: Sequence[Sound | None] = ()
    ) -> Sound | None:
        """Return a sum less another; mono counts on both channels."""
        plus = [signal for signal in added if signal is not None]
        minus = [signal for signal in taken if signal is not None]
        if not plus:
            return None
        if all(signal.is_sampled for signal in (*plus, *minus)):
            total = _difference([s.audio for s in plus], [s.audio for s in minus])
            return Sound(self.prepared, samples=total)
        total = _difference([s.spectrum for s in plus], [s.spectrum for s in minus])
        return Sound(self.prepared, bins=total)

    def _processed(self, i: int, gone: frozenset[int]) -> Sound | None:
        kind = self.prepared.wiring.kinds[i]
        if kind == INPUT:
            return self._input(i)
        signal = self._arriving(i, gone)
        if i in gone:
            return self._instead(i, signal, gone)
        return self._through(i, signal, gone)

    def _instead(self, i: int, signal: Sound | None, gone: frozenset[int]) -> Sound | None:
        """Return what leaves a processor that is removed."""
        return None if processor(self.prepared.wiring.kinds[i]).removal == "cut" else signal

    def _through(self, i: int, signal: Sound | None, gone: frozenset[int]) -> Sound | None:
        """Return what a node that stands makes of a signal."""
        kind = self.prepared.wiring.kinds[i]
        if signal is None or kind == MIX:
            return signal
        operators = self.prepared.operators
        if i in operators.responses:
            filtered = filter_channels(signal.spectrum, operators.responses[i])
            return Sound(self.prepared, bins=filtered)
        if i in operators.matrices:
            return self._mixed(i, signal, operators.matrices[i])
        entry = processor(kind)
        assert isinstance(entry, TimeDomainProcessor)
        (stack,) = self.prepared.settings.groups([i])
        return Sound(self.prepared, samples=self._follow(i, entry, stack, signal.audio, gone))

    def _mixed(self, i: int, signal: Sound, matrix: Tensor) -> Sound:
        """Return what a matrix, or an edge with a level, makes of a signal."""
        known = signal.samples if signal.is_sampled else signal.spectrum
        assert known is not None
        channels, kind = 2, self.prepared.wiring.kinds[i]
        if known.shape[1] == 1 and (kind == SCALE or not processor(kind).widens):
            entry = None if kind == SCALE else processor(kind)
            if isinstance(entry, MatrixProcessor) and not entry.changes_mono:
                return signal
            channels = 1
        mixed = mix_channels(known, matrix, channels)
        if signal.is_sampled:
            return Sound(self.prepared, samples=mixed)
        return Sound(self.prepared, bins=mixed)

    def _input(self, i: int) -> Sound | None:
        number = self.prepared.graph.inputs.index(i)
        track = self.dry.tracks[number]
        if track is None:
            return None
        spectrum = self.dry.spectrum(number, self.prepared.fft_length)
        return Sound(self.prepared, track, spectrum)

    def _follow(
        self,
        i: int,
        entry: TimeDomainProcessor,
        stack: Stack,
        audio: Tensor,
        gone: frozenset[int],
    ) -> Tensor:
        """Return what a node in time makes of audio, under one setting or one for each row."""
        pad = (0, self.prepared.plan.reach[i][0])
        key = None
        if i in self.prepared.wiring.keys:
            heard = self._arriving(self.prepared.wiring.keys[i], gone)
            key = torch.zeros_like(audio) if heard is None else heard.audio
            key = torch.nn.functional.pad(key, pad)
        rows = max(len(audio), len(stack.wet), 0 if key is None else len(key))
        one = stack.map(lambda value: value.expand(rows, *value.shape[1:]))
        ahead = torch.nn.functional.pad(audio, pad).expand(rows, -1, -1)
        key = None if key is None else key.expand(rows, -1, -1)
        start_s = self.dry.start_s.expand(rows)
        passing = Passing(ahead, key, start_s, self.prepared.sample_rate_hz)
        return entry.follow(passing, one.values, one.wet, entry.rest(passing, one.values))[0]


def _difference(plus: Sequence[Tensor], minus: Sequence[Tensor]) -> Tensor:
    total = plus[0]
    for part in plus[1:]:
        total = total + part
    for part in minus:
        total = total - part
    return total
