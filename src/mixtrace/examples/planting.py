"""Planted graphs: a console of which only the chosen processors are left, with their settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mixtrace.errors import GraphError
from mixtrace.examples.effects import Effect
from mixtrace.graph import (
    CONSOLES,
    INPUT,
    MIX,
    Graph,
    build_console,
    passages,
    remove_nodes,
)
from mixtrace.processors import NodeSettings, Settings

__all__ = ["Chain", "Mixed", "Place", "chains", "plant"]

Mixed = tuple[Graph, Settings]
"""A graph and its settings."""

Place = tuple[str, str]
"""A chain's place in a console: (`input` or `mix`, the name of the track, bus or master)."""


@dataclass(frozen=True)
class Chain:
    """The processors in series behind an input or a sum.

    Attributes:
        place: what the chain belongs to.
        head: the input or mix node.
        processors: its processors, in the order of the sound.
        following: the mix or output node that the chain feeds.
    """

    place: Place
    head: int
    processors: tuple[int, ...]
    following: int

    @property
    def end(self) -> int:
        """The last node."""
        return (self.head, *self.processors)[-1]


def chains(graph: Graph) -> dict[Place, Chain]:
    """Return the chains of a console, pruned or not: tracks first, in stored order.

    Raises:
        GraphError: when a node feeds several others, or two chains have one place.
    """
    found: dict[Place, Chain] = {}
    by_strip = {passage.strip: passage for passage in passages(graph)}
    for head in (*graph.of_kind(INPUT), *graph.of_kind(MIX)):
        passage = by_strip[graph.nodes[head].strip]
        own = [head, *passage.processors]
        following = graph.successors[own[-1]]
        place = (graph.nodes[head].kind, passage.name)
        if any(len(graph.successors[i]) != 1 for i in own) or place in found:
            raise GraphError(
                f"Expected a console of serial chains, one a name; '{place[1]}' is not. "
                "Compare graphs that were found by pruning a console."
            )
        found[place] = Chain(place, head, passage.processors, following[0])
    return found


def plant(
    tracks: Sequence[tuple[str, str]],
    track_effects: Mapping[str, Sequence[Effect]],
    bus_effects: Mapping[str, Sequence[Effect]],
) -> Mixed:
    """Return the graph, in the order of the published console, that holds some effects.

    Args:
        tracks: (track name, group name) of every track, in the order of the audio.
        track_effects: for a track's name, what stands in its chain; each kind once at most.
        bus_effects: the same for the groups.
    """
    console = build_console(tracks, CONSOLES["paper"])
    wanted: dict[int, Effect] = {}
    for (head, name), chain in chains(console).items():
        chosen = (track_effects if head == INPUT else bus_effects).get(name, ())
        by_kind = {console.nodes[i].kind: i for i in chain.processors}
        wanted |= {by_kind[effect.kind]: effect for effect in chosen}
    named = [*track_effects.values(), *bus_effects.values()]
    assert len(wanted) == sum(len(chosen) for chosen in named), "no such chain, or a kind twice"
    graph = remove_nodes(console, set(console.processors) - set(wanted))
    nodes = {
        i: NodeSettings(wanted[i].kind, dict(wanted[i].values), wanted[i].wet)
        for i in sorted(wanted)
    }
    return graph, Settings.of(nodes)
