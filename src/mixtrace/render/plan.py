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

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from mixtrace.dsp import fast_length
from mixtrace.graph import INPUT, MIX, OUTPUT, Graph
from mixtrace.processors import FilterProcessor, TimeDomainProcessor, processor

__all__ = ["Region", "RenderPlan", "circle_length", "compile_plan"]


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


@dataclass(frozen=True)
class Stage:
    """Regions whose sources are ready, then the dynamics nodes, by kind and channel count."""

    regions: tuple[Region, ...]
    dynamics: tuple[tuple[str, int, tuple[int, ...]], ...]


@dataclass(frozen=True)
class RenderPlan:
    """Stages in order.

    Attributes:
        graph: the graph.
        sample_rate_hz: the rate the plan was made for.
        channels: 0 (silent), 1 or 2 channels at each node.
        feeds: for each node, its predecessors that are not silent.
        linear: whether each node stands in a region.
        rows: the row of each processor in the settings of its kind.
        stages: what to do.
    """

    graph: Graph
    sample_rate_hz: float
    channels: tuple[int, ...]
    feeds: tuple[tuple[int, ...], ...]
    linear: tuple[bool, ...]
    rows: tuple[int, ...]
    stages: tuple[Stage, ...]

    def __str__(self) -> str:
        """Return the plan in words, a line a step; => stands for the time domain."""
        lines = []
        for number, stage in enumerate(self.stages):
            for region in stage.regions:
                kinds = "+".join(self.graph.nodes[i].kind for i in region.nodes)
                way = "=>" if region.memoryless else "->"
                lines.append(f"stage {number}: {region.sources} {way} {kinds} {way} {region.ends}")
            for kind, channels, nodes in stage.dynamics:
                lines.append(f"stage {number}: {kind} x{channels} {nodes}")
        return "\n".join(lines)


@lru_cache(maxsize=512)
def compile_plan(
    graph: Graph, input_channels: tuple[int, ...], sample_rate_hz: float
) -> RenderPlan:
    """Derive the plan of a graph.

    Args:
        graph: any valid graph.
        input_channels: 0 for a silent input, else 1 or 2, in the order of `graph.inputs`.
        sample_rate_hz: rate of the audio.
    """
    channels = _channels(graph, input_channels)
    feeds = tuple(
        tuple(p for p in graph.predecessors[i] if channels[p]) for i in range(len(graph.nodes))
    )
    linear = tuple(
        count > 0 and _is_linear(node.kind)
        for node, count in zip(graph.nodes, channels, strict=True)
    )
    numbers = _stage_numbers(graph, linear, feeds)
    regions = [
        _region(graph, nodes, linear, feeds, sample_rate_hz, sources)
        for members in _region_members(graph, linear, numbers)
        for nodes, sources in _parts(graph, members, linear, feeds)
    ]
    stages = _stages(graph, channels, regions, numbers)
    return RenderPlan(graph, sample_rate_hz, channels, feeds, linear, _rows(graph), stages)


def _is_linear(kind: str) -> bool:
    if kind in (INPUT, OUTPUT):
        return False
    return kind == MIX or not isinstance(processor(kind), TimeDomainProcessor)


def _channels(graph: Graph, input_channels: Sequence[int]) -> tuple[int, ...]:
    channels = [0] * len(graph.nodes)
    for i, count in zip(graph.inputs, input_channels, strict=True):
        channels[i] = count
    for i in graph.order:
        node = graph.nodes[i]
        if node.kind == INPUT:
            continue
        count = max(channels[p] for p in graph.predecessors[i])
        widens = node.is_processor and processor(node.kind).widens
        channels[i] = 2 if count and widens else count
    return tuple(channels)


def _rows(graph: Graph) -> tuple[int, ...]:
    seen: dict[str, int] = {}
    rows = []
    for node in graph.nodes:
        rows.append(seen.get(node.kind, 0))
        seen[node.kind] = rows[-1] + 1
    return tuple(rows)


def _stage_numbers(
    graph: Graph, linear: Sequence[bool], feeds: Sequence[tuple[int, ...]]
) -> tuple[int, ...]:
    """Return the stage of each node: dynamics as early as they can run, linear nodes as late.

    A node's earliest stage is the number of dynamics nodes on the longest way to it. A linear node
    waits for the first that needs it, and so joins the region of what follows; only where dynamics
    stand on a way around (parallel compression) must a region end before them.
    """
    stages = [0] * len(graph.nodes)
    instant = {*graph.inputs, *(i for i, is_linear in enumerate(linear) if is_linear)}
    for i in graph.order:
        stages[i] = max((stages[p] + (p not in instant) for p in feeds[i]), default=0)
    for i in reversed(graph.order):
        if linear[i]:
            stages[i] = min(stages[s] for s in graph.successors[i])
    return tuple(stages)


def _region_members(
    graph: Graph, linear: Sequence[bool], stages: Sequence[int]
) -> list[tuple[int, ...]]:
    """Return the linear nodes of one stage that touch one another, in topological order."""
    label = list(range(len(graph.nodes)))

    def root(i: int) -> int:
        while label[i] != i:
            label[i] = label[label[i]]
            i = label[i]
        return i

    for a, b in graph.edges:
        if linear[a] and linear[b] and stages[a] == stages[b]:
            label[root(a)] = root(b)
    members: dict[int, list[int]] = {}
    for i in graph.order:
        if linear[i]:
            members.setdefault(root(i), []).append(i)
    return [tuple(nodes) for nodes in members.values()]


def _parts(
    graph: Graph,
    nodes: tuple[int, ...],
    linear: Sequence[bool],
    feeds: Sequence[tuple[int, ...]],
) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Divide nodes that touch into those behind filtered and those behind unfiltered sources.

    A source that others of its stage share stays with the filters, lest it enter twice there; so
    does an input whose way meets at a sink what was filtered, for its spectrum is kept.

    Returns:
        One or two pairs of nodes and their sources.
    """
    own = set(nodes)
    sources = tuple(dict.fromkeys(p for i in nodes for p in feeds[i] if p not in own))
    filters = {i for i in nodes if _is_filter(graph.nodes[i].kind)}
    filtered = _reached(filters, nodes, feeds)
    sunk = {s for i in filtered for s in graph.successors[i] if s not in own}
    instant = []
    for source in sources:
        way = _reached({source}, nodes, feeds)
        shared = any(linear[s] and s not in own for s in graph.successors[source])
        meets = any(s in filtered or s in sunk for i in way for s in graph.successors[i])
        if way.isdisjoint(filters) and not shared and not (source in graph.inputs and meets):
            instant.append(source)
    rest = tuple(source for source in sources if source not in instant)
    if not filters or not instant:
        return [(nodes, sources)]
    parts = ((_reached(set(part), nodes, feeds), part) for part in (rest, tuple(instant)))
    return [(tuple(i for i in nodes if i in reached), part) for reached, part in parts]


def _reached(start: set[int], nodes: Sequence[int], feeds: Sequence[tuple[int, ...]]) -> set[int]:
    """Return those of some nodes in topological order that are or lie behind a few."""
    reached = set(start)
    for i in nodes:
        if not reached.isdisjoint(feeds[i]):
            reached.add(i)
    return reached.intersection(nodes)


def _region(
    graph: Graph,
    nodes: tuple[int, ...],
    linear: Sequence[bool],
    feeds: Sequence[tuple[int, ...]],
    sample_rate_hz: float,
    sources: tuple[int, ...],
) -> Region:
    own = set(nodes)
    lead: dict[int, int] = {}
    tail: dict[int, int] = {}
    for i in nodes:
        inside = [p for p in feeds[i] if p in own]
        extent = _extent(graph.nodes[i].kind, sample_rate_hz)
        lead[i] = max((lead[p] for p in inside), default=0) + extent[0]
        tail[i] = max((tail[p] for p in inside), default=0) + extent[1]
    leaving = [(i, s) for i in nodes for s in graph.successors[i] if s not in own]
    return Region(
        sources,
        nodes,
        tuple(dict.fromkeys(s for _, s in leaving if not linear[s])),
        tuple(dict.fromkeys(i for i, s in leaving if linear[s])),
        not any(_is_filter(graph.nodes[i].kind) for i in nodes),
        max(lead.values()),
        max(tail.values()),
    )


def _is_filter(kind: str) -> bool:
    return kind != MIX and isinstance(processor(kind), FilterProcessor)


def _extent(kind: str, sample_rate_hz: float) -> tuple[int, int]:
    entry = None if kind == MIX else processor(kind)
    return entry.extent(sample_rate_hz) if isinstance(entry, FilterProcessor) else (0, 0)


def _stages(
    graph: Graph,
    channels: Sequence[int],
    regions: Sequence[Region],
    stages: Sequence[int],
) -> tuple[Stage, ...]:
    grouped: dict[int, dict[tuple[str, int], list[int]]] = {}
    for i in graph.order:
        kind = graph.nodes[i].kind
        if channels[i] and kind not in (INPUT, OUTPUT) and not _is_linear(kind):
            group = grouped.setdefault(stages[i], {})
            group.setdefault((kind, channels[i]), []).append(i)
    return tuple(
        Stage(
            tuple(region for region in regions if stages[region.nodes[0]] == number),
            tuple((k, c, tuple(nodes)) for (k, c), nodes in grouped.get(number, {}).items()),
        )
        for number in range(stages[graph.output] + 1)
    )
