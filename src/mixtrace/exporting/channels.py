"""A graph as a workstation sees it: channels with processors in a row, which feed one another.

A strip of a graph becomes one channel where its nodes stand in a row. Where they do not, as with a
parallel chain, it becomes several. A `send` is no processor here: it is how loud a channel is fed.
No channel feeds itself, not even by way of others.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, count

from mixtrace.graph import INPUT, KEY, MAIN, OUTPUT, Graph, Role
from mixtrace.names import plain_name
from mixtrace.processors import Settings
from mixtrace.units import ratio_from_db

__all__ = ["Channel", "Feed", "channels_of", "distinct"]

_SEND = "send"


@dataclass(frozen=True)
class Feed:
    """Where the sound of a channel goes.

    Attributes:
        after: how many of the channel's processors it has passed.
        into: the name of the channel that it feeds.
        gain: by how much louder it arrives there, an amplitude ratio above zero.
        key_of: the processor of that channel whose side-chain it feeds; None where it is what that
            channel works on.
        aside: whether it leads aside, by a send or to a side-chain.
    """

    after: int
    into: str
    gain: float = 1.0
    key_of: int | None = None
    aside: bool = False


@dataclass(frozen=True)
class Channel:
    """A channel of a workstation.

    Attributes:
        name: no other channel has it, in whatever letters; printable, without slashes.
        role: what its strip is for.
        input: the input node whose track plays on it; None where other channels feed it.
        processors: their numbers in the graph, in the order of the sound.
        feeds: where its sound goes; that of the master leaves as the mix.
    """

    name: str
    role: Role
    input: int | None
    processors: tuple[int, ...]
    feeds: tuple[Feed, ...]

    def is_direct(self, feed: Feed) -> bool:
        """Return whether a feed is what leaves the channel, as it is: its output, no send."""
        behind_all = feed.after == len(self.processors)
        return behind_all and feed.gain == 1.0 and not feed.aside

    @property
    def outputs(self) -> tuple[str, ...]:
        """The channels that it feeds with all that leaves it, as it is."""
        return tuple(feed.into for feed in self.feeds if self.is_direct(feed))

    @property
    def sends(self) -> tuple[Feed, ...]:
        """All other feeds."""
        return tuple(feed for feed in self.feeds if not self.is_direct(feed))


def channels_of(graph: Graph, settings: Settings) -> tuple[Channel, ...]:
    """Return the channels in the order of the graph's strips, the master last.

    What leads to stems alone, outputs beside the mix, is left out.
    """
    wires = _heard(graph, _wires(graph, settings))
    lanes = _lanes(graph, wires)
    strips = list(graph.strips)
    lanes.sort(key=lambda lane: (OUTPUT in lane.kinds, strips.index(lane.strip)))
    names = _names(graph, lanes)
    lane_of = {i: number for number, lane in enumerate(lanes) for i in lane.nodes}
    feeds: list[list[Feed]] = [[] for _ in lanes]
    for wire in wires:
        source, into = lane_of[wire.source], lane_of[wire.destination]
        if source != into:
            key_of = wire.destination if wire.port == KEY else None
            after, aside = lanes[source].passed(wire.source), wire.aside or key_of is not None
            feeds[source].append(Feed(after, names[into], wire.gain, key_of, aside))
    return tuple(
        Channel(name, lane.role(graph), lane.input, lane.processors, tuple(fed))
        for name, lane, fed in zip(names, lanes, feeds, strict=True)
    )


@dataclass(frozen=True)
class _Wire:
    """An edge in which the gains of sends are worked in; `aside` says that there was one."""

    source: int
    destination: int
    port: str
    gain: float
    aside: bool


@dataclass
class _Lane:
    """Nodes in a row."""

    strip: int
    nodes: list[int] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)

    @property
    def input(self) -> int | None:
        return self.nodes[0] if self.kinds[0] == INPUT else None

    @property
    def processors(self) -> tuple[int, ...]:
        return self._processors(len(self.nodes))

    def passed(self, node: int) -> int:
        """Return how many processors the sound has passed that leaves a node."""
        return len(self._processors(self.nodes.index(node) + 1))

    def role(self, graph: Graph) -> Role:
        """Return the strip's role; only what gives out the mix is the master."""
        role = graph.strips[self.strip].role
        if OUTPUT in self.kinds:
            return "master"
        return "bus" if role == "master" else role

    def _processors(self, end: int) -> tuple[int, ...]:
        pairs = zip(self.nodes[:end], self.kinds, strict=False)
        return tuple(i for i, kind in pairs if kind not in (INPUT, "mix", OUTPUT))


def _wires(graph: Graph, settings: Settings) -> list[_Wire]:
    """Return the edges without sends."""
    reaching: dict[int, list[tuple[int, float]]] = {}

    def sources(i: int) -> list[tuple[int, float]]:
        return reaching.get(i, [(i, 1.0)])

    for i in graph.order:
        if graph.nodes[i].kind == _SEND:
            own = ratio_from_db(float(settings[i].mixed_db("level_db")))
            reaching[i] = [
                (source, gain * own * ratio_from_db(edge.level_db))
                for edge in graph.feeds[i]
                for source, gain in sources(edge.source)
            ]
    return [
        _Wire(
            source,
            edge.destination,
            edge.port,
            gain * ratio_from_db(edge.level_db),
            edge.source in reaching,
        )
        for edge in graph.edges
        if graph.nodes[edge.destination].kind != _SEND
        for source, gain in sources(edge.source)
    ]


def _heard(graph: Graph, wires: list[_Wire]) -> list[_Wire]:
    """Return the wires that lead to the mix."""
    before: dict[int, list[int]] = {}
    for wire in wires:
        before.setdefault(wire.destination, []).append(wire.source)
    heard, waiting = set(), [graph.output]
    while waiting:
        node = waiting.pop()
        if node not in heard:
            heard.add(node)
            waiting += before.get(node, ())
    return [wire for wire in wires if wire.destination in heard]


def _lanes(graph: Graph, wires: list[_Wire]) -> list[_Lane]:
    """Return the heard nodes in rows, each row on one strip."""
    into: dict[int, list[_Wire]] = {}
    for wire in wires:
        into.setdefault(wire.destination, []).append(wire)
    heard = {i for wire in wires for i in (wire.source, wire.destination)}
    found: list[_Lane] = []
    lane_of: dict[int, int] = {}
    fed_by: dict[int, set[int]] = {}
    for i in (i for i in graph.order if i in heard):
        node, feeds = graph.nodes[i], into.get(i, [])
        mains = [wire for wire in feeds if wire.port == MAIN]
        keys = {lane_of[wire.source] for wire in feeds if wire.port == KEY}
        number = _continued(graph, i, mains, found, lane_of)
        if number is None or _lies_behind(keys, number, fed_by):
            number = len(found)
            found.append(_Lane(node.strip))
        found[number].nodes.append(i)
        found[number].kinds.append(node.kind)
        lane_of[i] = number
        sources = {lane_of[wire.source] for wire in feeds} - {number}
        fed_by.setdefault(number, set()).update(sources)
    return found


def _continued(
    graph: Graph, i: int, mains: list[_Wire], found: list[_Lane], lane_of: Mapping[int, int]
) -> int | None:
    """Return the row at whose end a node can stand; None where it begins another."""
    if len(mains) != 1 or mains[0].gain != 1.0 or mains[0].aside:
        return None
    number = lane_of[mains[0].source]
    lane = found[number]
    if lane.nodes[-1] != mains[0].source or lane.strip != graph.nodes[i].strip:
        return None
    # What plays a track is no master.
    return None if graph.nodes[i].kind == OUTPUT and lane.input is not None else number


def _lies_behind(keys: Iterable[int], number: int, fed_by: Mapping[int, set[int]]) -> bool:
    """Return whether some rows hear a row, by way of others as well: it cannot listen to them."""
    waiting, seen = list(keys), set[int]()
    while waiting:
        lane = waiting.pop()
        if lane == number:
            return True
        if lane not in seen:
            seen.add(lane)
            waiting += fed_by.get(lane, ())
    return False


def _names(graph: Graph, lanes: list[_Lane]) -> list[str]:
    """Return a name for each row: its strip's, with the role where two strips have one name."""
    strips = [plain_name(graph.strips[lane.strip].name) or "unnamed" for lane in lanes]
    roles = [lane.role(graph) for lane in lanes]
    first = dict(zip(reversed(strips), reversed(roles), strict=True))
    words = ["" if first[n] == role else role for n, role in zip(strips, roles, strict=True)]
    return distinct(strips, words)


def distinct(
    names: Sequence[str], words: Sequence[str] = (), taken: Sequence[str] = ()
) -> list[str]:
    """Return names that differ, in whatever letters: a later one gets a word, or a number.

    >>> distinct(["Bass", "bass", "bass"], ["track", "bus", "bus"])
    ['Bass', 'bass bus', 'bass 2']
    """
    used, found = {name.casefold() for name in taken}, []
    for place, name in enumerate(names):
        told = [f"{name} {words[place]}"] if words and words[place] else []
        numbered = (f"{name} {number}" for number in count(2))
        chosen = next(n for n in chain([name], told, numbered) if n.casefold() not in used)
        used.add(chosen.casefold())
        found.append(chosen)
    return found
