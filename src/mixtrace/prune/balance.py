"""Moving level through sums: from a bus to its tracks, from the master to the buses, or back.

A level behind a sum is the same level in everything that is summed. A console therefore says one
overall level in as many ways as it has levels of gains, and pruning finds none of them redundant:
six decibels too many on every track, and six too few on the master. Here each sum is given the
share of level at which the chains before and behind it have the least to do, counted as the penalty
of `mixtrace.fit.parsimony` counts it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from mixtrace.graph import INPUT, Graph
from mixtrace.processors import DynamicsProcessor, Settings, processor
from mixtrace.prune.effects import CARRIERS, EQUALIZER, effect_db, set_effect, shape_and_level

__all__ = ["balance_sums"]

_WORTH = 0.02
"""How much the penalty must fall: less is not worth moving anything."""


@dataclass(frozen=True)
class _Carrier:
    """A node that can take level, and the detectors between it and the sum."""

    node: int
    detectors: tuple[int, ...]


def balance_sums(graph: Graph, settings: Settings, heard: Float[Tensor, "equalizer bin"]) -> None:
    """Move level, in place, through every sum where that leaves less to do, the last sum first.

    Args:
        graph: any graph; a sum stays as it is unless one chain follows it and every chain before
            it, or the chains before that one, can take level.
        settings: its settings.
        heard: 1 where what an equalizer stands on sounds, else 0.
    """
    for total in reversed(graph.order):
        if graph.nodes[total].is_processor or not graph.predecessors[total]:
            continue
        behind = _chain_behind(graph, total)
        before = [_chains_before(graph, p) for p in graph.predecessors[total]]
        if behind and all(before):
            _balance(graph, settings, heard, behind, [chain for some in before for chain in some])


def _chain_behind(graph: Graph, total: int) -> list[_Carrier]:
    """Return the carriers of the chain that follows a sum."""
    found: list[_Carrier] = []
    detectors: list[int] = []
    i = total
    while len(graph.successors[i]) == 1:
        (i,) = graph.successors[i]
        if not graph.nodes[i].is_processor or len(graph.predecessors[i]) != 1:
            break
        _meet(graph, i, found, detectors)
    return found


def _chains_before(graph: Graph, i: int) -> list[list[_Carrier]]:
    """Return the carriers of the chain that ends in a node, or of all that feed it; or nothing."""
    found: list[_Carrier] = []
    detectors: list[int] = []
    while graph.nodes[i].is_processor and len(graph.predecessors[i]) == 1:
        if len(graph.successors[i]) != 1:
            return []
        _meet(graph, i, found, detectors)
        (i,) = graph.predecessors[i]
    if found:
        return [found]
    if graph.nodes[i].kind == INPUT or len(graph.successors[i]) != 1:
        return []
    further = [_chains_before(graph, p) for p in graph.predecessors[i]]
    if not all(further):
        return []
    return [
        [_Carrier(c.node, (*c.detectors, *detectors)) for c in chain]
        for some in further
        for chain in some
    ]


def _meet(graph: Graph, i: int, found: list[_Carrier], detectors: list[int]) -> None:
    kind = graph.nodes[i].kind
    if kind in CARRIERS:
        found.append(_Carrier(i, tuple(detectors)))
    elif isinstance(processor(kind), DynamicsProcessor):
        detectors.append(i)


def _balance(
    graph: Graph,
    settings: Settings,
    heard: Float[Tensor, "equalizer bin"],
    behind: Sequence[_Carrier],
    before: Sequence[Sequence[_Carrier]],
) -> None:
    """Move the level that leaves the least to do from behind a sum to before it."""
    row = {i: (kind, row) for kind in CARRIERS for row, i in enumerate(graph.of_kind(kind))}

    def weight(carrier: _Carrier) -> Tensor:
        kind, number = row[carrier.node]
        sides = settings.values[kind][CARRIERS[kind]][number]
        return heard[number].to(sides) if kind == EQUALIZER else torch.ones_like(sides)

    def level_db(carrier: _Carrier) -> float:
        kind, number = row[carrier.node]
        effect = effect_db(settings, kind, number)
        if kind == EQUALIZER:
            return shape_and_level(effect, heard[number])[1]
        return float(effect.mean())

    def dearer(carrier: _Carrier, shifts_db: Tensor) -> Float[Tensor, " shift"]:
        """Return how much more a carrier has to do under each shift."""
        effect, counted = effect_db(settings, *row[carrier.node]), weight(carrier)
        moved = effect + torch.cat([shifts_db, shifts_db.new_zeros(1)])[:, None]
        power = (counted * moved.square()).sum(1) / counted.sum().clamp_min(1.0)
        cost = torch.log1p(power.sqrt())
        return cost[:-1] - cost[-1]

    wanted = [level_db(c) for c in behind] + [-level_db(c) for chain in before for c in chain]
    shifts_db = torch.tensor(wanted, device=heard.device)
    sides = [(behind, -shifts_db), *((chain, shifts_db) for chain in before)]
    costs = [torch.stack([dearer(c, shifts) for c in chain]) for chain, shifts in sides]
    total = sum((cost.amin(0) for cost in costs), torch.zeros_like(shifts_db))
    best = int(total.argmin())
    if float(total[best]) > -_WORTH:
        return
    detectors: set[int] = set()
    for (chain, shifts), cost in zip(sides, costs, strict=True):
        taker = chain[int(cost[:, best].argmin())]
        kind, number = row[taker.node]
        set_effect(settings, kind, number, effect_db(settings, kind, number) + shifts[best])
        detectors.update(taker.detectors)
    for i in detectors:
        kind = graph.nodes[i].kind
        threshold = settings.values[kind]["threshold_db"]
        threshold[graph.of_kind(kind).index(i)] += shifts_db[best]
