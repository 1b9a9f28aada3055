"""The render plan: what a graph becomes before audio runs through it.

Linear time-invariant processors and sums that touch one another form a region, computed in the
frequency domain as a whole: spectra enter from the sources, are multiplied and added from node to
node, and return to the time domain only at the sinks. Dynamics processors and the output are sinks;
inputs and dynamics processors are sources. Between them nothing is transformed, unless a way around
through dynamics rejoins the region: then it is divided, and what its first part hands to the second
passes through the time domain at an outlet.

What comes from dynamics and meets no filter on its way to the sinks is already what a sink needs
but for gains: such ways form regions of their own, computed in the time domain. A sum on them may
stand in two regions, once for what came through filters and once for the rest.

A plan is derived from a graph, never stored; it knows which inputs are silent (nothing behind them
is computed) and which are mono (they stay mono until a processor widens them).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from mixtrace.dsp import fast_length
from mixtrace.errors import GraphError
from mixtrace.graph import INPUT, MIX, OUTPUT, Graph
from mixtrace.processors import (
    FilterProcessor,
    MatrixProcessor,
    TimeDomainProcessor,
    processor,
)
from mixtrace.rendering.wiring import SCALE, SIDE_CHAIN, Wiring, wiring

__all__ = ["Region", "RenderPlan", "Stage", "TimeGroup", "circle_length", "compile_plan"]


def circle_length(time: int, lead: int, tail: int, limit: int | None) -> int:
    """Return the transform length that leaves a window as it is.

    What a filter does before time zero wraps around to the circle's end, what it does after the
    window's end to the circle's start: neither may reach the window, both may share the rest.

    Args:
        time: samples in the window.
        lead: how far the response reaches before time zero.
        tail: how far it reaches after time zero, without what may wrap into the window's start.
        limit: when given, what reaches beyond it, or beyond window and lead, wraps as well.

    >>> circle_length(114_000, 1_023, 61_023, None), circle_length(114_000, 1_023, 61_023, 115_200)
    (180000, 115200)
    """
    length = fast_length(time + max(lead, tail))
    return length if limit is None else min(length, max(limit, fast_length(time + lead)))


@dataclass(frozen=True)
class Region:
    """A linear time-invariant part of a graph.

    Attributes:
        sources: nodes whose audio enters: inputs, dynamics nodes and outlets of earlier regions.
        nodes: the linear nodes in topological order.
        sinks: dynamics nodes and the output that take audio from here.
        outlets: nodes of this region whose own audio enters a later region.
        memoryless: whether there is no filter in it, so that nothing need be transformed.
        lead_samples, tail_samples: how far the region's longest response reaches before and after
            time zero.
    """

    sources: tuple[int, ...]
    nodes: tuple[int, ...]
    sinks: tuple[int, ...]
    outlets: tuple[int, ...]
    memoryless: bool
    lead_samples: int
    tail_samples: int

    @property
    def ends(self) -> tuple[int, ...]:
        """Where the region's audio is needed as such: its sinks and outlets."""
        return self.sinks + self.outlets

    def fft_length(self, time: int) -> int:
        """Return the transform length that holds a window of `time` samples without wrapping."""
        return fast_length(time + self.lead_samples + self.tail_samples)


class TimeGroup(NamedTuple):
    """Time-domain nodes that may run together.

    Attributes:
        kind: their kind.
        channels: of what they work on.
        keyed: whether they listen to a side-chain.
        nodes: their numbers.
    """

    kind: str
    channels: int
    keyed: bool
    nodes: tuple[int, ...]


@dataclass(frozen=True)
class Stage:
    """Regions whose sources are ready, then the time-domain nodes."""

    regions: tuple[Region, ...]
    dynamics: tuple[TimeGroup, ...]


@dataclass(frozen=True)
class RenderPlan:
    """Stages in order.

    Attributes:
        graph: the graph.
        wiring: what stands between its nodes.
        sample_rate_hz: the rate the plan was made for.
        channels: 0 (silent), 1 or 2 channels at each node.
        feeds: for each node, what it sums that is not silent.
        linear: whether each node stands in a region.
        reach: how far each node reaches before and after.
        stages: what to do.
    """

    graph: Graph
    wiring: Wiring
    sample_rate_hz: float
    channels: Mapping[int, int]
    feeds: Mapping[int, tuple[int, ...]]
    linear: Mapping[int, bool]
    reach: Mapping[int, tuple[int, int]]
    stages: tuple[Stage, ...]

    def __str__(self) -> str:
        """Return the plan in words, a line a step; => stands for the time domain."""
        lines = []
        for number, stage in enumerate(self.stages):
            for region in stage.regions:
                kinds = "+".join(self.wiring.kinds[i] for i in region.nodes)
                way = "=>" if region.memoryless else "->"
                lines.append(f"stage {number}: {region.sources} {way} {kinds} {way} {region.ends}")
            for group in stage.dynamics:
                key = " keyed" if group.keyed else ""
                lines.append(f"stage {number}: {group.kind} x{group.channels}{key} {group.nodes}")
        return "\n".join(lines)


@lru_cache(maxsize=512)
def compile_plan(
    graph: Graph,
    input_channels: tuple[int, ...],
    sample_rate_hz: float,
    lengths: tuple[tuple[int, tuple[tuple[str, float], ...]], ...] = (),
) -> RenderPlan:
    """Derive the plan of a graph.

    Args:
        graph: any valid graph.
        input_channels: 0 for a silent input, else 1 or 2, in the order of `graph.inputs`.
        sample_rate_hz: rate of the audio.
        lengths: see `Settings.lengths`.

    Raises:
        GraphError: a node that no renderer can render, or a key for one without a side-chain.
    """
    wired = wiring(graph)
    channels = _channels(graph, wired, input_channels)
    feeds = {i: tuple(p for p in fed if channels[p]) for i, fed in wired.feeds.items()}
    linear = {i: channels[i] > 0 and _is_linear(kind) for i, kind in wired.kinds.items()}
    known = {i: dict(named) for i, named in lengths}
    reach = {i: _reach(k, sample_rate_hz, known.get(i, {})) for i, k in wired.kinds.items()}
    numbers = _stage_numbers(wired, linear, feeds)
    regions = [
        _region(wired, nodes, linear, feeds, reach, sources)
        for members in _region_members(wired, linear, numbers)
        for nodes, sources in _parts(graph, wired, members, linear, feeds)
    ]
    stages = _stages(wired, channels, regions, numbers)
    return RenderPlan(graph, wired, sample_rate_hz, channels, feeds, linear, reach, stages)


def _is_linear(kind: str) -> bool:
    """Return whether a node stands in a region; what no renderer can render is refused."""
    if kind in (INPUT, OUTPUT, SIDE_CHAIN):
        return False
    if kind in (MIX, SCALE):
        return True
    entry = processor(kind)
    if isinstance(entry, FilterProcessor | MatrixProcessor):
        return True
    if not isinstance(entry, TimeDomainProcessor):
        raise GraphError(
            f"Expected a processor that is a filter, a matrix or runs in time; '{kind}' is neither "
            "and cannot be rendered. Remove it, or have its author derive it from one of these."
        )
    return False


def _reach(kind: str, sample_rate_hz: float, lengths: Mapping[str, float]) -> tuple[int, int]:
    if kind in (INPUT, MIX, OUTPUT, SCALE, SIDE_CHAIN):
        return 0, 0
    return processor(kind).reach(sample_rate_hz, lengths)


def _channels(graph: Graph, wired: Wiring, input_channels: Sequence[int]) -> dict[int, int]:
    channels = dict.fromkeys(wired.kinds, 0)
    channels |= dict(zip(graph.inputs, input_channels, strict=True))
    for i in wired.order:
        kind = wired.kinds[i]
        if kind == INPUT:
            continue
        count = max(channels[p] for p in wired.feeds[i])
        widens = i in graph.nodes and graph.nodes[i].is_processor and processor(kind).widens
        channels[i] = 2 if count and widens else count
    return channels


def _stage_numbers(
    wired: Wiring, linear: Mapping[int, bool], feeds: Mapping[int, tuple[int, ...]]
) -> dict[int, int]:
    """Return the stage of each node: time-domain nodes as early as they can, linear ones as late.

    A node's earliest stage is the number of time-domain nodes on the longest way to it. A linear
    node waits for the first that needs it, and so joins the region of what follows; only where
    dynamics stand on a way around (parallel compression) must a region end before them. A
    side-chain is due with the processor that listens to it.
    """
    stages = dict.fromkeys(wired.kinds, 0)
    instant = {i for i, kind in wired.kinds.items() if linear[i] or kind in (INPUT, SIDE_CHAIN)}
    for i in wired.order:
        needed = [p for p in wired.needs[i] if p in feeds[i] or p == wired.keys.get(i)]
        stages[i] = max((stages[p] + (p not in instant) for p in needed), default=0)
    for i, key in wired.keys.items():
        stages[key] = stages[i]
    for i in reversed(wired.order):
        if linear[i]:
            stages[i] = min(stages[s] for s in wired.successors[i])
    return stages


def _region_members(
    wired: Wiring, linear: Mapping[int, bool], stages: Mapping[int, int]
) -> list[tuple[int, ...]]:
    """Return the linear nodes of one stage that touch one another, in topological order."""
    label = {i: i for i in wired.kinds}

    def root(i: int) -> int:
        while label[i] != i:
            label[i] = label[label[i]]
            i = label[i]
        return i

    for b, fed in wired.feeds.items():
        for a in fed:
            if linear[a] and linear[b] and stages[a] == stages[b]:
                label[root(a)] = root(b)
    members: dict[int, list[int]] = {}
    for i in wired.order:
        if linear[i]:
            members.setdefault(root(i), []).append(i)
    return [tuple(nodes) for nodes in members.values()]


def _parts(
    graph: Graph,
    wired: Wiring,
    nodes: tuple[int, ...],
    linear: Mapping[int, bool],
    feeds: Mapping[int, tuple[int, ...]],
) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Divide nodes that touch into those behind filtered and those behind unfiltered sources.

    A source that others of its stage share stays with the filters, lest it enter twice there; so
    does an input whose way meets at a sink what was filtered, for its spectrum is kept.

    Returns:
        One or two pairs of nodes and their sources.
    """
    own = set(nodes)
    sources = tuple(dict.fromkeys(p for i in nodes for p in feeds[i] if p not in own))
    filters = {i for i in nodes if _is_filter(wired.kinds[i])}
    filtered = _reached(filters, nodes, feeds)
    sunk = {s for i in filtered for s in wired.successors[i] if s not in own}
    instant = []
    for source in sources:
        way = _reached({source}, nodes, feeds)
        shared = any(linear[s] and s not in own for s in wired.successors[source])
        meets = any(s in filtered or s in sunk for i in way for s in wired.successors[i])
        if way.isdisjoint(filters) and not shared and not (source in graph.inputs and meets):
            instant.append(source)
    rest = tuple(source for source in sources if source not in instant)
    if not filters or not instant:
        return [(nodes, sources)]
    parts = ((_reached(set(part), nodes, feeds), part) for part in (rest, tuple(instant)))
    return [(tuple(i for i in nodes if i in reached), part) for reached, part in parts]


def _reached(
    start: set[int], nodes: Sequence[int], feeds: Mapping[int, tuple[int, ...]]
) -> set[int]:
    """Return those of some nodes in topological order that are or lie behind a few."""
    reached = set(start)
    for i in nodes:
        if not reached.isdisjoint(feeds[i]):
            reached.add(i)
    return reached.intersection(nodes)


def _region(
    wired: Wiring,
    nodes: tuple[int, ...],
    linear: Mapping[int, bool],
    feeds: Mapping[int, tuple[int, ...]],
    reach: Mapping[int, tuple[int, int]],
    sources: tuple[int, ...],
) -> Region:
    own = set(nodes)
    lead: dict[int, int] = {}
    tail: dict[int, int] = {}
    for i in nodes:
        inside = [p for p in feeds[i] if p in own]
        lead[i] = max((lead[p] for p in inside), default=0) + reach[i][0]
        tail[i] = max((tail[p] for p in inside), default=0) + reach[i][1]
    leaving = [(i, s) for i in nodes for s in wired.successors[i] if s not in own]
    return Region(
        sources,
        nodes,
        tuple(dict.fromkeys(s for _, s in leaving if not linear[s])),
        tuple(dict.fromkeys(i for i, s in leaving if linear[s])),
        not any(_is_filter(wired.kinds[i]) for i in nodes),
        max(lead.values()),
        max(tail.values()),
    )


def _is_filter(kind: str) -> bool:
    return kind not in (MIX, SCALE) and isinstance(processor(kind), FilterProcessor)


def _stages(
    wired: Wiring,
    channels: Mapping[int, int],
    regions: Sequence[Region],
    stages: Mapping[int, int],
) -> tuple[Stage, ...]:
    grouped: dict[int, dict[tuple[str, int, bool], list[int]]] = {}
    for i in wired.order:
        kind = wired.kinds[i]
        if channels[i] and kind not in (INPUT, OUTPUT, SIDE_CHAIN) and not _is_linear(kind):
            group = grouped.setdefault(stages[i], {})
            group.setdefault((kind, channels[i], i in wired.keys), []).append(i)
    return tuple(
        Stage(
            tuple(region for region in regions if stages[region.nodes[0]] == number),
            tuple(TimeGroup(*key, tuple(nodes)) for key, nodes in grouped.get(number, {}).items()),
        )
        for number in range(max(stages.values()) + 1)
    )
