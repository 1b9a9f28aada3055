"""A result with amounts of its processors: some turned up or down, some taken out."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch

from mixtrace.errors import GraphError
from mixtrace.graph import Graph, is_branch, remove_nodes
from mixtrace.processors import NodeSettings, Settings, processor
from mixtrace.reusing.amounts import Amount, closeness
from mixtrace.session.song import listed
from mixtrace.store import StoredGraph

__all__ = ["turned"]

_Rank = tuple[bool, int, int]


def turned(stored: StoredGraph, amounts: Sequence[Amount]) -> tuple[StoredGraph, tuple[str, ...]]:
    """Return a result with amounts of its processors, and what has to be said of them.

    The amount of a strip goes before that of all; of several words the one that names a processor
    most closely; of equals the last. What is 0 is taken out. The only reverb or delay of a return
    is turned where it is fed: at the sends to it.

    Args:
        stored: the result.
        amounts: how much of what.

    Raises:
        GraphError: a track would lead nowhere without what is taken out.
    """
    graph, nodes = stored.graph, {i: stored.settings[i] for i in stored.graph.processors}
    spoken: set[Amount] = set()
    removed, at_most = [], []
    for i in graph.processors:
        amount = _amount(graph, i, amounts, spoken)
        if amount is None or amount.share == 1.0 or _sole_space(graph, i):
            continue
        entry = processor(graph.nodes[i].kind)
        if amount.share == 0.0:
            removed.append(i)
            continue
        turned_node = entry.amount(nodes[i], amount.share)
        if amount.share > 1.0 and _is_same(nodes[i], turned_node):
            at_most.append(f"the {entry.label} of {graph.name(i)}")
        nodes[i] = turned_node
    smaller = _without(graph, removed) if removed else graph
    settings = Settings.of({i: nodes[i] for i in smaller.processors})
    notes = []
    if at_most:
        notes.append(f"At its most already, and left there: {listed(at_most)}.")
    idle = [_said(amount) for amount in amounts if amount not in spoken]
    if idle:
        notes.append(f"There is nothing to turn by an amount of {listed(idle)}.")
    return replace(stored, graph=smaller, settings=settings), tuple(notes)


def _without(graph: Graph, removed: Sequence[int]) -> Graph:
    """Return a graph without some processors, and without strips that no node stands on then."""
    try:
        graph = remove_nodes(graph, removed)
    except GraphError as error:
        raise GraphError(
            "Expected amounts that leave every track a way to the mix; a send that is some track's "
            "only one would be taken out. Give it more than 0."
        ) from error
    stood = {node.strip for node in graph.nodes.values()}
    strips = {number: strip for number, strip in graph.strips.items() if number in stood}
    return Graph(strips, graph.nodes, graph.edges)


def _amount(
    graph: Graph, node: int, amounts: Sequence[Amount], spoken: set[Amount]
) -> Amount | None:
    """Return the amount that is meant most closely for a processor; all that name it are noted."""
    found: list[tuple[_Rank, Amount]] = []
    for place, amount in enumerate(amounts):
        for strip, kind in _named_by(graph, node):
            rank = closeness(processor(kind), amount.word)
            if rank and amount.strip in (None, strip):
                spoken.add(amount)
                found.append(((amount.strip is not None, rank, place), amount))
    return max(found, key=lambda entry: entry[0])[1] if found else None


def _named_by(graph: Graph, node: int) -> Iterator[tuple[str, str]]:
    """Yield the strips and kinds by which an amount may mean a processor.

    A send is meant by the reverb or delay that it feeds as well, on its own strip or on the return.
    """
    own = graph.nodes[node]
    yield graph.name(node), own.kind
    if not is_branch(own):
        return
    for i in graph.successors[node]:
        for other in graph.processors:
            if graph.nodes[other].strip == graph.nodes[i].strip and _sole_space(graph, other):
                yield graph.name(node), graph.nodes[other].kind
                yield graph.name(other), graph.nodes[other].kind


def _sole_space(graph: Graph, node: int) -> bool:
    """Return whether a processor is the only reverb or delay of a return."""
    strip = graph.nodes[node].strip
    if graph.strips[strip].role != "return":
        return False
    own = [
        i
        for i in graph.processors
        if graph.nodes[i].strip == strip
        and processor(graph.nodes[i].kind).family == "space"
        and not is_branch(graph.nodes[i])
    ]
    return own == [node]


def _is_same(before: NodeSettings, after: NodeSettings) -> bool:
    same = all(torch.equal(after.values[name], value) for name, value in before.values.items())
    return same and before.wet == after.wet


def _said(amount: Amount) -> str:
    return amount.word if amount.strip is None else f"{amount.strip}/{amount.word}"
