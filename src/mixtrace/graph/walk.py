"""One walk of the strips of a graph, from the mix down, for whoever tells, draws or compares."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mixtrace.graph.edit import is_branch
from mixtrace.graph.model import KEY, MAIN, OUTPUT, Edge, Graph, Role

__all__ = ["Passage", "leads_aside", "leads_to", "listens_to", "passages"]


@dataclass(frozen=True)
class Passage:
    """A strip as the sound passes it.

    Attributes:
        strip: its number.
        name: its name.
        role: what it is for.
        nodes: those on it, in the order of the sound, input, sum and output included.
        processors: those of them that change the sound.
        end: where its own sound leaves it: the last node that is no send.
        depth: how many strips lie between it and the mix.
        into: the strip under which it is listed; None where it is given out.
        feeds: the strips whose sound reaches it, by sends as well; not those it only listens to.
        told: whether it is told under another strip that it feeds, and only named here.
    """

    strip: int
    name: str
    role: Role
    nodes: tuple[int, ...]
    processors: tuple[int, ...]
    end: int
    depth: int
    into: int | None
    feeds: tuple[int, ...]
    told: bool

    @property
    def head(self) -> int:
        """Where the sound enters: its input or sum."""
        return self.nodes[0]


def passages(graph: Graph) -> tuple[Passage, ...]:
    """Return the strips from the master down, each followed by those that feed it.

    A strip that feeds several is listed under each, and told under the first that its own sound
    reaches; a strip that only sends there or is only listened to is told where its sound goes, if
    that reaches the mix. What feeds it in turn is listed once. Strips without a node are left out;
    stems come last.
    """
    members: dict[int, list[int]] = {}
    for i in graph.order:
        members.setdefault(graph.nodes[i].strip, []).append(i)
    starts = tuple(dict.fromkeys(graph.nodes[i].strip for i in graph.outputs))
    straight, heard, every = (_strips_before(graph, kept) for kept in (_straight, _is_main, _any))
    elsewhere = _reaching(straight, starts)
    found: list[Passage] = []
    told: set[int] = set()
    waiting: list[tuple[int, int | None, int]] = [(0, None, strip) for strip in reversed(starts)]
    while waiting:
        depth, into, strip = waiting.pop()
        aside = into is not None and strip in elsewhere and strip not in straight.get(into, ())
        named = aside or strip in told
        feeds = tuple(heard.get(strip, ()))
        found.append(_passage(graph, strip, members[strip], (depth, into), feeds, named))
        if not named:
            told.add(strip)
            waiting += [(depth + 1, strip, feed) for feed in reversed(every.get(strip, ()))]
    return tuple(found)


def leads_aside(graph: Graph, edge: Edge) -> bool:
    """Return whether an edge is a send or a side-chain, beside the way of a strip's own sound."""
    return edge.port == KEY or is_branch(graph.nodes[edge.source])


def leads_to(graph: Graph, node: int) -> tuple[str, ...]:
    """Return the names of the strips that a node feeds."""
    return tuple(dict.fromkeys(graph.name(i) for i in graph.successors[node]))


def listens_to(graph: Graph, node: int) -> tuple[str, ...]:
    """Return the names of the strips that a side-chain listens to."""
    keys = (edge.source for edge in graph.feeds[node] if edge.port == KEY)
    return tuple(dict.fromkeys(graph.name(i) for i in keys))


def _straight(graph: Graph, edge: Edge) -> bool:
    return not leads_aside(graph, edge)


def _is_main(graph: Graph, edge: Edge) -> bool:
    return edge.port == MAIN


def _any(graph: Graph, edge: Edge) -> bool:
    return True


def _strips_before(graph: Graph, kept: Callable[[Graph, Edge], bool]) -> dict[int, list[int]]:
    """Return for each strip the others that feed it by edges of a kind, in their order."""
    before: dict[int, list[int]] = {}
    for edge in graph.edges:
        source, into = graph.nodes[edge.source].strip, graph.nodes[edge.destination].strip
        known = before.setdefault(into, [])
        if source != into and source not in known and kept(graph, edge):
            known.append(source)
    return before


def _reaching(before: Mapping[int, Sequence[int]], starts: Sequence[int]) -> set[int]:
    """Return the strips from which some strips are reached."""
    reaching: set[int] = set()
    waiting = list(starts)
    while waiting:
        strip = waiting.pop()
        if strip not in reaching:
            reaching.add(strip)
            waiting += before.get(strip, ())
    return reaching


def _passage(
    graph: Graph,
    strip: int,
    nodes: list[int],
    place: tuple[int, int | None],
    feeds: tuple[int, ...],
    told: bool,
) -> Passage:
    whole = graph.strips[strip]
    own = [i for i in nodes if not is_branch(graph.nodes[i])] or nodes
    return Passage(
        strip,
        whole.name,
        whole.role,
        tuple(nodes),
        tuple(i for i in nodes if graph.nodes[i].is_processor),
        next((i for i in reversed(own) if graph.nodes[i].kind != OUTPUT), own[-1]),
        *place,
        feeds,
        told,
    )
