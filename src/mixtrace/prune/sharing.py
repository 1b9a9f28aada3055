"""Moving what tracks have in common to their bus, from buses to the master, or back.

A curve on every track of a bus is a curve behind their sum, and so is a panning. The start puts
what a bus does on its tracks, and no small step leads from there to the bus: on the way both do
half of it. Here the common part of all chains before a sum moves behind it, or what stands behind
it to all chains before it, where that leaves fewer processors with something of their own to do.
What a chain differs by from the common part stays in it, and so does its level, which
`gather_levels` moves. Of a single track and its bus nothing moves: between them the descent does
find its way, and where both are at work something on the way asks for it.

The sound stays the same but for the dynamics on the way: their thresholds follow the level of what
they hear, but its spectrum, and its balance of left and right, is another one.
"""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.graph import Graph
from mixtrace.processors import WET, Settings
from mixtrace.processors.stereo_imager import StereoImager
from mixtrace.prune.carriers import Sum, sums
from mixtrace.prune.effects import (
    CARRIERS,
    EQUALIZER,
    FLAT_DB,
    GAIN_PANNING,
    effect_db,
    move_threshold,
    set_effect,
    shares,
    within_range,
)

__all__ = ["share_shapes"]

_WORTH = 0.5
"""How many processors fewer must be at work; one that strays by 1 dB is not, by 2 dB wholly so."""

_ALTERNATIONS = 20

_IMAGER = StereoImager.kind


def share_shapes(
    graph: Graph, settings: Settings, heard: Float[Tensor, "equalizer bin"]
) -> Settings:
    """Return settings in which what the chains before a sum have in common is said once.

    Args:
        graph: any graph.
        settings: its settings.
        heard: 1 where what an equalizer stands on sounds, else 0; see `SongWindows.heard`. Only
            there do curves have to be alike.
    """
    moved = settings.map(torch.clone)
    where = dict(zip(graph.of_kind(EQUALIZER), heard, strict=True))
    for kind in CARRIERS:
        # The first sum first: what all tracks have in common goes through the buses to the master.
        for total in reversed([*sums(graph, (kind,))]):
            if len(total.before) > 1:
                _share(graph, moved, where, kind, total)
    return within_range(moved)


def _share(
    graph: Graph,
    settings: Settings,
    heard: Mapping[int, Float[Tensor, " bin"]],
    kind: str,
    total: Sum,
) -> None:
    """Move, in place, the shape that leaves the least to do through a sum."""
    carriers = [total.behind[0], *(chain[0] for chain in total.before)]
    between = [i for carrier in carriers for i in carrier.between]
    if kind == GAIN_PANNING and _widths_change(graph, settings, between):
        return
    nodes = [carrier.node for carrier in carriers]
    effects = torch.stack([effect_db(settings, i) for i in nodes])
    weights = torch.stack([shares(settings, heard, i) for i in nodes])
    shapes = effects - (weights * effects).sum(1, keepdim=True)
    counted = torch.ones_like(shapes[1:])
    if kind == EQUALIZER:
        counted = torch.stack([heard[i] for i in nodes[1:]])
    common = _common(shapes[1:], counted, weights[1:])
    candidates = torch.stack([torch.zeros_like(common), common, -shapes[0]])
    # What moves is added behind the sum and taken away before it.
    sign = torch.tensor([1.0] + [-1.0] * len(total.before)).to(shapes)[:, None]
    strays_db = _strays(shapes + sign * candidates[:, None], weights)
    at_work = (strays_db / FLAT_DB - 1.0).clamp(0.0, 1.0).sum(1)
    penalty = torch.log1p(strays_db).sum(1)
    best = int(torch.where(at_work <= at_work[0] - _WORTH, penalty, torch.inf).argmin())
    if at_work[best] > at_work[0] - _WORTH:
        return
    after = effects + sign * candidates[best]
    for i, effect in zip(nodes, after, strict=True):
        set_effect(settings, i, effect)
    louder_db = _level(after[1:], weights[1:]) - _level(effects[1:], weights[1:])
    _follow(graph, settings, total, louder_db.tolist())


def _common(
    shapes: Float[Tensor, "node value"],
    heard: Float[Tensor, "node value"],
    weights: Float[Tensor, "node value"],
) -> Float[Tensor, " value"]:
    """Return what shapes have in common but for a level of each, by alternating least squares.

    Each shape counts where it is heard, all of them where none is.
    """
    counted = torch.where(heard.sum(0) > 0.0, heard, 1.0)
    levels_db = torch.zeros_like(shapes[:, :1])
    for _ in range(_ALTERNATIONS):
        common = (counted * (shapes - levels_db)).sum(0) / counted.sum(0)
        levels_db = (weights * (shapes - common)).sum(1, keepdim=True)
    return common


def _follow(graph: Graph, settings: Settings, total: Sum, louder_db: list[float]) -> None:
    """Let the thresholds on the way to a sum, and behind it, follow the chains that reach them."""
    heard_by = {i: list(louder_db) for i in total.behind[0].between}
    for chain, change_db in zip(total.before, louder_db, strict=True):
        for i in chain[0].between:
            heard_by.setdefault(i, []).append(change_db)
    for i, changes_db in heard_by.items():
        move_threshold(graph, settings, i, sum(changes_db) / len(changes_db))


def _widths_change(graph: Graph, settings: Settings, nodes: list[int]) -> bool:
    """Say whether an imager among some nodes is at work: left and right do not pass it apart."""
    for i in nodes:
        if graph.nodes[i].kind == _IMAGER:
            side_db = settings.value(i, WET) * settings.value(i, "side_gain_db")
            if float(side_db.abs()) > FLAT_DB:
                return True
    return False


def _strays(
    shapes: Float[Tensor, "move node value"], weights: Float[Tensor, "node value"]
) -> Float[Tensor, "move node"]:
    """Return how far shapes stray from their level (rms), in dB."""
    level_db = (weights * shapes).sum(-1, keepdim=True)
    return (weights * (shapes - level_db).square()).sum(-1).sqrt()


def _level(
    effects: Float[Tensor, "node value"], weights: Float[Tensor, "node value"]
) -> Float[Tensor, " node"]:
    """Return by how much effects change the power of what enters, in dB."""
    return 10.0 * torch.log10((weights * 10.0 ** (effects / 10.0)).sum(-1).clamp_min(1e-9))
