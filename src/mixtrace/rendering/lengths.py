"""At which lengths the regions of a stage are transformed.

Each region has a length that holds it, and those of one length share their transforms. Where a
region costs less at the length of longer ones than by itself it joins them: a call costs as much
as a row or more, and what several regions give to one sink is then transformed back once. Regions
without a filter stay in the time domain.
"""

from collections.abc import Sequence
from itertools import combinations

from mixtrace.rendering.plan import Region, RenderPlan, Stage, circle_length

__all__ = ["UNTRANSFORMED", "by_length"]

UNTRANSFORMED = 0
"""Stands for a length where there are no filters."""

_CALL = 1.3
"""What a call costs beside its rows, in rows: roughly, on one core, from 2, 4 and 6 rows a call."""
_NODE = 0.1
"""What a node costs in the frequency domain, in rows transformed: an estimate."""


def by_length(
    plan: RenderPlan, stage: Stage, time: int, limit: int | None, uncounted: int = 0
) -> dict[int, list[Region]]:
    """Return the regions of a stage by the length of their transforms.

    Args:
        plan: the plan.
        stage: a stage of it.
        time: samples in a window.
        limit: see `circle_length`.
        uncounted: samples at the start of the output that may be wrong.
    """
    groups: dict[int, list[Region]] = {}
    for region in stage.regions:
        wrapped = uncounted if region.ends == (plan.graph.output,) else 0
        length = circle_length(time, region.lead_samples, region.tail_samples - wrapped, limit)
        groups.setdefault(UNTRANSFORMED if region.memoryless else length, []).append(region)
    while pairs := list(combinations(sorted(groups.keys() - {UNTRANSFORMED}), 2)):
        gain, short, long = max((_gain(plan, groups, *pair), *pair) for pair in pairs)
        if gain <= 0.0:
            break
        groups[long] += groups.pop(short)
    return groups


def _gain(plan: RenderPlan, groups: dict[int, list[Region]], short: int, long: int) -> float:
    """Return what is saved when the regions of one length join those of a longer one."""
    apart = _cost(plan, short, groups[short]) + _cost(plan, long, groups[long])
    return apart - _cost(plan, long, groups[short] + groups[long])


def _cost(plan: RenderPlan, length: int, regions: Sequence[Region]) -> float:
    """Return the cost of some regions at a length; the spectra of inputs are known."""
    inputs = set(plan.graph.inputs)
    entering = {s for region in regions for s in region.sources} - inputs
    ends = {end for region in regions for end in region.ends}
    nodes = sum(len(region.nodes) for region in regions)
    rows = sum(plan.channels[i] for i in (*entering, *ends))
    calls = 1 + bool(entering)
    return length * (rows + _CALL * calls + _NODE * nodes)
