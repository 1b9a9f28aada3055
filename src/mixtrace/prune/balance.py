"""Moving level through sums: from a bus to its tracks, from the master to the buses, or back.

A level behind a sum is the same level in everything that is summed. A console therefore says one
overall level in as many ways as it has levels of gains, and pruning finds none of them redundant:
six decibels too many on every track, and six too few on the master. Here each sum is given the
share of level at which the chains before and behind it have the least to do, counted as the penalty
of `mixtrace.descent.parsimony` counts it.
"""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.graph import Graph
from mixtrace.processors import WET, Settings
from mixtrace.prune.carriers import Carrier, Sum, sums
from mixtrace.prune.effects import (
    CARRIERS,
    carried_db,
    effect_db,
    move_threshold,
    set_effect,
    shape_and_level,
    shares,
)

__all__ = ["balance_sums"]

_WORTH = 0.02
"""How much the penalty must fall: less is not worth moving anything."""


def balance_sums(
    graph: Graph, settings: Settings, heard: Mapping[int, Float[Tensor, " bin"]]
) -> None:
    """Move level, in place, through every sum where that leaves less to do, the last sum first.

    Args:
        graph: any graph; a sum stays as it is unless one chain follows it and every chain before
            it, or the chains before that one, can take level.
        settings: its settings.
        heard: for each equalizer, 1 where what it stands on sounds, else 0.
    """
    for total in sums(graph, CARRIERS):
        _balance(graph, settings, heard, total)


def _balance(
    graph: Graph,
    settings: Settings,
    heard: Mapping[int, Float[Tensor, " bin"]],
    total: Sum,
) -> None:
    """Move the level that leaves the least to do from behind a sum to before it."""

    def weight(carrier: Carrier) -> Tensor:
        sides = carried_db(settings, carrier.node)
        return heard[carrier.node].to(sides) if carrier.node in heard else torch.ones_like(sides)

    def level_db(carrier: Carrier) -> float:
        effect = effect_db(settings, carrier.node)
        return shape_and_level(effect, shares(settings, heard, carrier.node))[1]

    def dearer(carrier: Carrier, shifts_db: Tensor) -> Float[Tensor, " shift"]:
        """Return how much more a carrier has to do under each shift."""
        effect, counted = effect_db(settings, carrier.node), weight(carrier)
        moved = effect + torch.cat([shifts_db, shifts_db.new_zeros(1)])[:, None]
        power = (counted * moved.square()).sum(1) / counted.sum().clamp_min(1.0)
        cost = torch.log1p(power.sqrt())
        return cost[:-1] - cost[-1]

    wanted = [level_db(c) for c in total.behind] + [
        -level_db(c) for chain in total.before for c in chain
    ]
    shifts_db = torch.tensor(wanted, device=settings.value(total.behind[0].node, WET).device)
    sides = [(total.behind, -shifts_db), *((chain, shifts_db) for chain in total.before)]
    costs = [torch.stack([dearer(c, shifts) for c in chain]) for chain, shifts in sides]
    dearer_in_all = sum((cost.amin(0) for cost in costs), torch.zeros_like(shifts_db))
    best = int(dearer_in_all.argmin())
    if float(dearer_in_all[best]) > -_WORTH:
        return
    passed: set[int] = set()
    for (chain, shifts), cost in zip(sides, costs, strict=True):
        taker = chain[int(cost[:, best].argmin())]
        set_effect(settings, taker.node, effect_db(settings, taker.node) + shifts[best])
        passed.update(taker.between)
    for i in passed:
        move_threshold(graph, settings, i, float(shifts_db[best]))
