"""Which processors a transfer can do without."""

from collections.abc import Callable

from mixtrace.graph import Graph, remove_nodes
from mixtrace.transferring.start import FADER

__all__ = ["thinned"]


def thinned(
    graph: Graph,
    loss: Callable[[Graph], float],
    slack: float,
    tried: Callable[[int, int], None],
) -> Graph:
    """Return a graph without processors that its loss does not miss, the least missed first.

    Each is tried alone, then they leave one by one. Faders stay: they hold levels.

    Args:
        graph: the graph.
        loss: of a graph.
        slack: the share of the loss by which it may rise in all.
        tried: told how many of how many have been tried alone.
    """
    every = [i for i in graph.processors if graph.nodes[i].kind != FADER]
    most = loss(graph) * (1.0 + slack)
    without: dict[int, float] = {}
    for done, i in enumerate(every, 1):
        without[i] = loss(remove_nodes(graph, {i}))
        tried(done, len(every))
    for i in sorted(every, key=without.__getitem__):
        smaller = remove_nodes(graph, {i})
        if without[i] <= most and loss(smaller) <= most:
            graph = smaller
    return graph
