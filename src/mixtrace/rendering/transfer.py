"""A region as a table of responses: from each source to each end, everything between multiplied."""

from collections.abc import Sequence

import torch
from jaxtyping import Complex, Float
from torch import Tensor

from mixtrace.processors import Settings
from mixtrace.rendering.plan import Region, RenderPlan
from mixtrace.rendering.propagation import propagate
from mixtrace.rendering.response import linear_operators

__all__ = ["Transfers", "region_transfers"]

Transfers = dict[int, dict[int, Complex[Tensor, "entering leaving bin"]]]
"""Source -> end -> response from each channel that enters to each that leaves."""


def region_transfers(
    plan: RenderPlan,
    settings: Settings,
    region: Region,
    ends: Sequence[int],
    fft_length: int,
    like: Float[Tensor, "..."],
) -> Transfers:
    """Return the responses of a region: what a unit impulse at each source gives at each end.

    Args:
        plan: the plan the region belongs to.
        settings: the settings of the whole graph.
        region: the region.
        ends: sinks of the region and nodes in it.
        fft_length: the transform length, at least `region.fft_length(1)`.
        like: a tensor of the device and type of the audio.
    """
    ways = {source: _way(plan, region, source) for source in region.sources}
    shared = {i for i in region.nodes if sum(i in way for way in ways.values()) > 1}
    common = linear_operators(plan, settings, [i for i in region.nodes if i in shared], fft_length)
    transfers: Transfers = {}
    for source, way in ways.items():
        own = [i for i in way if i not in shared]
        operators = common | linear_operators(plan, settings, own, fft_length)
        impulses = torch.eye(plan.channels[source], device=like.device, dtype=like.dtype)
        flat = torch.complex(impulses, torch.zeros_like(impulses))[..., None]
        spectra = {source: flat.expand(-1, -1, fft_length // 2 + 1)}
        transfers[source] = propagate(plan, operators, way, spectra, ends)
    return transfers


def _way(plan: RenderPlan, region: Region, source: int) -> list[int]:
    """Return the nodes of a region that lie behind a source, in topological order."""
    behind = {source}
    for i in region.nodes:
        if not behind.isdisjoint(plan.feeds[i]):
            behind.add(i)
    return [i for i in region.nodes if i in behind]
