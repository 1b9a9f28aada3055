"""Sums of a graph, and what could carry the same before and behind them."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from mixtrace.graph import INPUT, Graph

__all__ = ["Carrier", "Sum", "sums"]


@dataclass(frozen=True)
class Carrier:
    """A node that can carry something, and the nodes between it and the sum."""

    node: int
    between: tuple[int, ...]


@dataclass(frozen=True)
class Sum:
    """The carriers of the chain behind a sum, and those of each chain before it, nearest first."""

    behind: tuple[Carrier, ...]
    before: tuple[tuple[Carrier, ...], ...]


def sums(graph: Graph, kinds: Collection[str]) -> Iterator[Sum]:
    """Yield the sums through which nodes of some kinds could hand something on, the last one first.

    These are the ones that one chain with such a node follows, where each chain before them, or
    each of the chains before that one, has one as well.
    """
    for total in reversed(graph.order):
        if graph.nodes[total].is_processor or not graph.predecessors[total]:
            continue
        behind = _chain_behind(graph, total, kinds)
        before = [_chains_before(graph, p, kinds) for p in graph.predecessors[total]]
        if behind and all(before):
            yield Sum(tuple(behind), tuple(tuple(chain) for some in before for chain in some))


def _chain_behind(graph: Graph, total: int, kinds: Collection[str]) -> list[Carrier]:
    """Return the carriers of the chain that follows a sum."""
    found: list[Carrier] = []
    between: list[int] = []
    i = total
    while len(graph.successors[i]) == 1:
        (i,) = graph.successors[i]
        if not graph.nodes[i].is_processor or len(graph.predecessors[i]) != 1:
            break
        _meet(graph, i, kinds, found, between)
    return found


def _chains_before(graph: Graph, i: int, kinds: Collection[str]) -> list[list[Carrier]]:
    """Return the carriers of the chain that ends in a node, or of all that feed it; or nothing."""
    found: list[Carrier] = []
    between: list[int] = []
    while graph.nodes[i].is_processor and len(graph.predecessors[i]) == 1:
        if len(graph.successors[i]) != 1:
            return []
        _meet(graph, i, kinds, found, between)
        (i,) = graph.predecessors[i]
    if found:
        return [found]
    if graph.nodes[i].kind == INPUT or len(graph.successors[i]) != 1:
        return []
    further = [_chains_before(graph, p, kinds) for p in graph.predecessors[i]]
    if not all(further):
        return []
    return [
        [Carrier(c.node, (*c.between, *between)) for c in chain]
        for some in further
        for chain in some
    ]


def _meet(
    graph: Graph, i: int, kinds: Collection[str], found: list[Carrier], between: list[int]
) -> None:
    if graph.nodes[i].kind in kinds:
        found.append(Carrier(i, tuple(between)))
    else:
        between.append(i)
