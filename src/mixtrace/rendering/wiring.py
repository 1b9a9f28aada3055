"""A graph as renderers see it: every edge at unity, every side-chain a node of its own.

An edge with a level becomes a node that scales; the key of a processor becomes a node that its
feeds sum into and the processor listens to. Their numbers are negative, those of a graph are not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from mixtrace.errors import GraphError
from mixtrace.graph import KEY, Graph, topological_order
from mixtrace.processors import processor
from mixtrace.units import ratio_from_db

__all__ = ["SCALE", "SIDE_CHAIN", "Wiring", "wiring"]

SCALE, SIDE_CHAIN = "scale", "side chain"
"""The kinds of the nodes that stand for an edge with a level and for a key."""


@dataclass(frozen=True, eq=False)
class Wiring:
    """Nodes and plain edges between them.

    Attributes:
        kinds: of all nodes, in the graph's order.
        feeds: for each node those that it sums.
        gains: amplitude of the nodes that scale.
        keys: processor -> the node that it listens to.
    """

    kinds: Mapping[int, str]
    feeds: Mapping[int, tuple[int, ...]]
    gains: Mapping[int, float]
    keys: Mapping[int, int]

    @cached_property
    def needs(self) -> Mapping[int, tuple[int, ...]]:
        """For each node those that must be done before it."""
        return {
            i: (*fed, *((self.keys[i],) if i in self.keys else ())) for i, fed in self.feeds.items()
        }

    @cached_property
    def successors(self) -> Mapping[int, tuple[int, ...]]:
        """For each node those that need it."""
        found: dict[int, list[int]] = {i: [] for i in self.kinds}
        for i, needed in self.needs.items():
            for p in needed:
                found[p].append(i)
        return {i: tuple(nodes) for i, nodes in found.items()}

    @cached_property
    def order(self) -> tuple[int, ...]:
        """The topological order that keeps the stored order wherever it can."""
        return topological_order(self.needs, self.successors)


@lru_cache(maxsize=512)
def wiring(graph: Graph) -> Wiring:
    """Return the wiring of a graph.

    Raises:
        GraphError: an edge feeds the key of a node that has none.
    """
    kinds: dict[int, str] = {}
    feeds: dict[int, tuple[int, ...]] = {}
    gains: dict[int, float] = {}
    keys: dict[int, int] = {}
    for i, node in graph.nodes.items():
        ports: dict[str, list[int]] = {}
        for edge in graph.feeds[i]:
            source = edge.source
            if edge.level_db:
                source = -1 - len(gains) - len(keys)
                kinds[source], feeds[source] = SCALE, (edge.source,)
                gains[source] = ratio_from_db(edge.level_db)
            ports.setdefault(edge.port, []).append(source)
        if listened := ports.pop(KEY, None):
            _check_key(graph, i)
            key = keys[i] = -1 - len(gains) - len(keys)
            kinds[key], feeds[key] = SIDE_CHAIN, tuple(listened)
        kinds[i] = node.kind
        feeds[i] = tuple(source for sources in ports.values() for source in sources)
    return Wiring(kinds, feeds, gains, keys)


def _check_key(graph: Graph, i: int) -> None:
    node = graph.nodes[i]
    if not node.is_processor or KEY not in processor(node.kind).inputs:
        raise GraphError(
            f"Expected a key to feed a processor with a side-chain; node {i} ({node.kind} of "
            f"'{graph.name(i)}') has none. Feed its main input, or remove that edge."
        )
