"""One walk of the strips of a graph, from the mix down, for whoever tells, draws or compares."""

from dataclasses import dataclass

from mixtrace.graph.edit import is_branch
from mixtrace.graph.model import OUTPUT, Graph, Role

__all__ = ["Passage", "first_on_strip", "passages"]


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
        feeds: the strips that feed it.
        told: whether it was listed before, under another strip that it feeds.
    """

    strip: int
    name: str
    role: Role
    nodes: tuple[int, ...]
    processors: tuple[int, ...]
    end: int
    depth: int
    feeds: tuple[int, ...]
    told: bool

    @property
    def head(self) -> int:
        """Where the sound enters: its input or sum."""
        return self.nodes[0]


def passages(graph: Graph) -> tuple[Passage, ...]:
    """Return the strips from the master down, each followed by those that feed it.

    A strip that feeds several is listed under each, and marked from the second time on; what feeds
    it in turn is listed once. Strips without a node are left out; stems come last.
    """
    members: dict[int, list[int]] = {}
    for i in graph.order:
        members.setdefault(graph.nodes[i].strip, []).append(i)
    feeds: dict[int, list[int]] = {strip: [] for strip in members}
    for edge in graph.edges:
        source, into = graph.nodes[edge.source].strip, graph.nodes[edge.destination].strip
        if source != into and source not in feeds[into]:
            feeds[into].append(source)
    found: list[Passage] = []
    told: set[int] = set()
    starts = dict.fromkeys(graph.nodes[i].strip for i in graph.outputs)
    waiting = [(0, strip) for strip in reversed(starts)]
    while waiting:
        depth, strip = waiting.pop()
        found.append(_passage(graph, strip, members[strip], depth, feeds[strip], strip in told))
        if strip not in told:
            told.add(strip)
            waiting += [(depth + 1, feed) for feed in reversed(feeds[strip])]
    return tuple(found)


def first_on_strip(graph: Graph, kind: str) -> dict[int, int]:
    """Return, for each input that has one, the first node of a kind on its track's strip."""
    found: dict[int, int] = {}
    heads = {graph.nodes[i].strip: i for i in graph.inputs}
    for i in graph.order:
        node = graph.nodes[i]
        if node.kind == kind and node.strip in heads:
            found.setdefault(heads[node.strip], i)
    return found


def _passage(
    graph: Graph, strip: int, nodes: list[int], depth: int, feeds: list[int], told: bool
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
        depth,
        tuple(feeds),
        told,
    )
