"""Planted graphs: a console of which only the chosen processors are left, with their settings."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch

from mixtrace.demo.effects import Effect
from mixtrace.errors import GraphError
from mixtrace.graph import (
    CONSOLES,
    INPUT,
    MIX,
    STRUCTURAL_KINDS,
    Graph,
    build_console,
    remove_nodes,
)
from mixtrace.processors import Settings, processor

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
        head: position of the input or mix node.
        processors: positions of the processors, in the order of the sound.
        following: position of the mix or output node that the chain feeds.
    """

    place: Place
    head: int
    processors: tuple[int, ...]
    following: int

    @property
    def end(self) -> int:
        """The position of the last node."""
        return (self.head, *self.processors)[-1]


def chains(graph: Graph) -> dict[Place, Chain]:
    """Return the chains of a console, pruned or not: tracks first, in stored order.

    Raises:
        GraphError: when a node feeds several others, or two chains have one place.
    """
    found: dict[Place, Chain] = {}
    for head in (*graph.of_kind(INPUT), *graph.of_kind(MIX)):
        members = [head]
        while len(graph.successors[members[-1]]) == 1:
            after = graph.successors[members[-1]][0]
            if graph.nodes[after].kind in STRUCTURAL_KINDS:
                break
            members.append(after)
        place = (graph.nodes[head].kind, graph.nodes[head].name)
        following = graph.successors[members[-1]]
        if len(following) != 1 or place in found:
            raise GraphError(
                f"Expected a console of serial chains, one a name; '{place[1]}' is not. "
                "Compare graphs that were found by pruning a console."
            )
        found[place] = Chain(place, head, tuple(members[1:]), following[0])
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
    graph, _ = remove_nodes(console, set(console.processors) - set(wanted))
    return graph, _stacked(graph.kinds(), [wanted[i] for i in sorted(wanted)])


def _stacked(kinds: Iterable[str], effects: Sequence[Effect]) -> Settings:
    """Return the settings of effects given in the order of their nodes."""
    rows = {kind: [effect for effect in effects if effect.kind == kind] for kind in kinds}
    return Settings(
        {
            kind: {
                spec.name: torch.stack([effect.values[spec.name] for effect in rows[kind]])
                for spec in processor(kind).params
            }
            for kind in rows
        },
        {kind: torch.tensor([effect.wet for effect in rows[kind]]) for kind in rows},
    )
