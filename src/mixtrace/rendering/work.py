"""How much a graph asks of whoever renders it, told from its plan before any audio is touched.

A graph of few nodes can ask for hours: each filter of a chain is transformed at a length that holds
the responses of all of them, and what enters a sum may leave it on as many ways.
"""

from collections.abc import Collection, Sequence

from mixtrace.errors import GraphError
from mixtrace.graph import MIX, Graph
from mixtrace.processors import FilterProcessor, Settings, processor
from mixtrace.rendering.plan import Region, RenderPlan, compile_plan
from mixtrace.rendering.wiring import SCALE

__all__ = ["MOST_SPECTRUM_SAMPLES", "MOST_WAYS", "check_work"]

MOST_SPECTRUM_SAMPLES = 1 << 29
"""Of all responses that are transformed, 4 GB: a console of 150 tracks in 150 groups has 450
million at 96 kHz."""

MOST_WAYS = 5_000
"""From what enters a region to what leaves it: a console of 150 tracks in 150 groups has 2400 where
each of its nodes is wanted."""

_LEAST_LENGTH = 1 << 18
"""What a way takes at least: its response is cut into parts of a block, and transformed at two."""


def check_work(
    graph: Graph,
    settings: Settings,
    input_channels: Sequence[int],
    sample_rate_hz: float,
    taps: Collection[int],
) -> None:
    """Refuse a graph that would take very long or very much memory to render.

    Args:
        graph: any valid graph.
        settings: its settings.
        input_channels: of its tracks, in the order of its inputs.
        sample_rate_hz: the rate to render at.
        taps: nodes whose audio is wanted too.

    Raises:
        GraphError: it would.
    """
    plan = compile_plan(graph, tuple(input_channels), sample_rate_hz, settings.lengths)
    samples = ways = 0
    for region in (region for stage in plan.stages for region in stage.regions):
        leaving = _ways(plan, region, taps)
        ways += leaving
        if not region.memoryless:
            filters = sum(_is_filter(plan.wiring.kinds[i]) for i in region.nodes)
            length = region.fft_length(1)
            samples += filters * length + leaving * max(length, _LEAST_LENGTH)
    for what, count, most in (
        ("samples of responses", samples, MOST_SPECTRUM_SAMPLES),
        ("ways between its dynamics", ways, MOST_WAYS),
    ):
        if count > most:
            raise GraphError(
                f"Expected a graph that renders with at most {most} {what} at "
                f"{sample_rate_hz:g} Hz; this one has {count}. Render at a lower rate, or leave "
                "out filters that follow one another and sums that all tracks pass."
            )


def _ways(plan: RenderPlan, region: Region, taps: Collection[int]) -> int:
    """Return how many pairs of a source and an end there are that sound passes between."""
    behind = {source: 1 << number for number, source in enumerate(region.sources)}
    own = {*region.sources, *region.nodes}
    for i in region.nodes:
        behind[i] = _sources(plan, i, own, behind)
    ends = {*region.ends, *(i for i in region.nodes if i in taps)}
    return sum((behind.get(i) or _sources(plan, i, own, behind)).bit_count() for i in ends)


def _sources(plan: RenderPlan, i: int, own: Collection[int], behind: dict[int, int]) -> int:
    """Return the sources behind a node of a region or after it, a bit each."""
    found = 0
    for feed in plan.feeds[i]:
        if feed in own:
            found |= behind[feed]
    return found


def _is_filter(kind: str) -> bool:
    return kind not in (MIX, SCALE) and isinstance(processor(kind), FilterProcessor)
