"""Rendering one graph again and again with different processors removed.

A removed processor hands on what it gets. What a node puts out then depends on the removals
upstream of it alone, so the ends of chains and the sums of buses are kept from one rendering to the
next, and only what lies downstream of a change is computed: one chain, one addition into each sum
on the way, and the chains behind those.

All spectra have one transform length, so that a chain without dynamics processors reaches its bus
without leaving the frequency domain.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from mixtrace.graph import INPUT, MIX, Graph
from mixtrace.processors import FilterProcessor, Settings, TimeDomainProcessor, processor
from mixtrace.render.compiled import DryAudio
from mixtrace.render.plan import circle_length, compile_plan
from mixtrace.render.propagation import mix_channels
from mixtrace.render.response import Operators, linear_operators

__all__ = ["Incremental", "Prepared"]


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
        lead, tail = [0] * len(self.graph.nodes), [0] * len(self.graph.nodes)
        for i in self.graph.order:
            kind = self.graph.nodes[i].kind
            entry = processor(kind) if self.graph.nodes[i].is_processor else None
            reach = (0, 0)
            if isinstance(entry, FilterProcessor):
                reach = entry.extent(self.sample_rate_hz)
            before = self.graph.predecessors[i]
            lead[i] = max((lead[p] for p in before), default=0) + reach[0]
            tail[i] = max((tail[p] for p in before), default=0) + reach[1]
        return circle_length(self.time, max(lead), max(tail), self.fft_limit)

    @cached_property
    def operators(self) -> Operators:
        """What each linear node does."""
        plan = compile_plan(self.graph, (2,) * len(self.graph.inputs), self.sample_rate_hz)
        linear = [i for i, is_linear in enumerate(plan.linear) if is_linear]
        return linear_operators(plan, self.settings, linear, self.fft_length)

    @cached_property
    def upstream(self) -> tuple[frozenset[int], ...]:
        """For each node, the processors that what leaves it has passed, its own included."""
        passed: list[frozenset[int]] = [frozenset()] * len(self.graph.nodes)
        for i in self.graph.order:
            own = frozenset({i}) if self.graph.nodes[i].is_processor else frozenset()
            passed[i] = own.union(*(passed[p] for p in self.graph.predecessors[i]))
        return tuple(passed)

    @cached_property
    def summed(self) -> frozenset[int]:
        """The nodes that several others feed."""
        return frozenset(i for i, before in enumerate(self.graph.predecessors) if len(before) > 1)

    @cached_property
    def adding(self) -> frozenset[int]:
        """The nodes that feed a sum."""
        return frozenset(p for i in self.summed for p in self.graph.predecessors[i])

    @cached_property
    def row(self) -> dict[int, tuple[str, int]]:
        """For each processor its kind and its row in the settings."""
        return {
            i: (kind, row)
            for kind in self.graph.kinds()
            for row, i in enumerate(self.graph.of_kind(kind))
        }


@dataclass
class _Signal:
    """Samples [window, channel, time], a spectrum, or both once both were needed."""

    prepared: Prepared
    samples: Tensor | None = None
    bins: Tensor | None = None

    @property
    def is_sampled(self) -> bool:
        return self.samples is not None

    @property
    def audio(self) -> Tensor:
        samples = self.samples
        if samples is None:
            assert self.bins is not None
            whole = torch.fft.irfft(self.bins, n=self.prepared.fft_length)
            self.samples = samples = whole[..., : self.prepared.time]
        return samples

    @property
    def spectrum(self) -> Tensor:
        bins = self.bins
        if bins is None:
            assert self.samples is not None
            self.bins = bins = torch.fft.rfft(self.samples, n=self.prepared.fft_length)
        return bins


_Known = dict[int, dict[frozenset[int], _Signal | None]]


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

    def _arriving(self, i: int, gone: frozenset[int]) -> _Signal | None:
        """Return the sum of what reaches a node."""
        if i not in self.prepared.summed:
            return self._leaving(self.prepared.graph.predecessors[i][0], gone)
        return self._remembered(self._sums, i, gone - {i}, self._summed)

    def _leaving(self, i: int, gone: frozenset[int]) -> _Signal | None:
        """Return what leaves a node."""
        if i not in self.prepared.adding:
            return self._processed(i, gone)
        return self._remembered(self._parts, i, gone, self._processed)

    def _remembered(
        self,
        memory: _Known,
        i: int,
        gone: frozenset[int],
        compute: Callable[[int, frozenset[int]], _Signal | None],
    ) -> _Signal | None:
        """Return a signal of a node from memory, or compute it and keep it beside the base's."""
        upstream = self.prepared.upstream[i]
        key = gone & upstream
        known = memory.setdefault(i, {})
        if key not in known:
            signal = compute(i, gone)
            lasting = {k: s for k, s in known.items() if k == self.base & upstream}
            memory[i] = known = {**lasting, key: signal}
        return known[key]

    def _summed(self, i: int, gone: frozenset[int]) -> _Signal | None:
        """Add up what feeds a node, or correct the sum of the base where little has changed."""
        before, upstream = self.prepared.graph.predecessors[i], self.prepared.upstream
        changed = [p for p in before if gone & upstream[p] != self.base & upstream[p]]
        standing = self._sums.get(i, {}).get(self.base & upstream[i] - {i})
        if standing is None or 2 * len(changed) >= len(before):
            return self._total([self._leaving(p, gone) for p in before])
        new = [self._leaving(p, gone) for p in changed]
        return self._total([standing, *new], [self._leaving(p, self.base) for p in changed])

    def _total(
        self, added: Sequence[_Signal | None], taken: Sequence[_Signal | None] = ()
    ) -> _Signal | None:
        """Return a sum less another; mono counts on both channels."""
        plus = [signal for signal in added if signal is not None]
        minus = [signal for signal in taken if signal is not None]
        if not plus:
            return None
        if all(signal.is_sampled for signal in (*plus, *minus)):
            total = _difference([s.audio for s in plus], [s.audio for s in minus])
            return _Signal(self.prepared, samples=total)
        total = _difference([s.spectrum for s in plus], [s.spectrum for s in minus])
        return _Signal(self.prepared, bins=total)

    def _processed(self, i: int, gone: frozenset[int]) -> _Signal | None:
        kind = self.prepared.graph.nodes[i].kind
        if kind == INPUT:
            return self._input(i)
        signal = self._arriving(i, gone)
        if signal is None or kind == MIX or i in gone:
            return signal
        entry = processor(kind)
        if isinstance(entry, TimeDomainProcessor):
            return _Signal(self.prepared, samples=self._follow(i, entry, signal.audio))
        operators = self.prepared.operators
        if i in operators.responses:
            return _Signal(self.prepared, bins=signal.spectrum * operators.responses[i])
        matrix = operators.matrices[i]
        known = signal.samples if signal.is_sampled else signal.spectrum
        assert known is not None
        if known.shape[1] == 1 and not entry.widens:
            return signal
        if signal.is_sampled:
            return _Signal(self.prepared, samples=mix_channels(known, matrix))
        return _Signal(self.prepared, bins=mix_channels(known, matrix))

    def _input(self, i: int) -> _Signal | None:
        number = self.prepared.graph.inputs.index(i)
        track = self.dry.tracks[number]
        if track is None:
            return None
        spectrum = self.dry.spectrum(number, self.prepared.fft_length)
        return _Signal(self.prepared, track, spectrum)

    def _follow(self, i: int, entry: TimeDomainProcessor, audio: Tensor) -> Tensor:
        kind, row = self.prepared.row[i]
        values, wet = self.prepared.settings.rows(kind, [row] * audio.shape[0])
        rest, rate = torch.zeros_like(wet), self.prepared.sample_rate_hz
        return entry.follow(audio, values, wet, rest, self.dry.start_s, rate)[0]


def _difference(plus: Sequence[Tensor], minus: Sequence[Tensor]) -> Tensor:
    total = plus[0]
    for part in plus[1:]:
        total = total + part
    for part in minus:
        total = total - part
    return total
