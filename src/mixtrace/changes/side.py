"""One of the two results that are compared."""

from dataclasses import dataclass

from mixtrace.changes.node import Node
from mixtrace.graph import Graph, is_branch, leads_to
from mixtrace.processors import processor
from mixtrace.store import Evidence, StoredGraph, Sureness

__all__ = ["Side"]


@dataclass(frozen=True, eq=False)
class Side:
    """One of two results.

    Attributes:
        stored: the graph with its settings and tracks.
        sureness: how sure the settings are, where that is known.
        evidence: what was measured of it, where anything was.
    """

    stored: StoredGraph
    sureness: Sureness | None = None
    evidence: Evidence | None = None

    @property
    def graph(self) -> Graph:
        """The structure."""
        return self.stored.graph

    def node(self, number: int) -> Node:
        """Return a processor with what is known of it."""
        known = () if self.sureness is None else self.sureness.of(number)
        return Node(self.stored.node(number), {(s.name, s.row): i for s, i in known})

    def label(self, number: int) -> str:
        """Return what a processor is called: a send by where it leads, one of several by its place.

        Places are counted in the order of the sound on its strip.
        """
        label = self._label(number)
        strip = self.graph.nodes[number].strip
        alike = [
            i
            for i in self.graph.order
            if i in self.stored.settings
            and self.graph.nodes[i].strip == strip
            and self._label(i) == label
        ]
        return label if len(alike) == 1 else f"{label} {alike.index(number) + 1}"

    def _label(self, number: int) -> str:
        label = processor(self.graph.nodes[number].kind).label
        if is_branch(self.graph.nodes[number]):
            return f"{label} to {' and '.join(leads_to(self.graph, number))}"
        return label

    def described(self, number: int) -> str:
        """Return the settings of a processor on one line."""
        own = self.stored.node(number)
        return processor(own.kind).describe(own)
