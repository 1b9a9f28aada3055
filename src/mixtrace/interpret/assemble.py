"""A song's strips as a graph with settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mixtrace.graph import INPUT, MIX, OUTPUT, Edge, Graph, Node, Role, Strip
from mixtrace.processors import NodeSettings, Settings

__all__ = ["Desk", "TrackStrip"]


@dataclass(frozen=True, eq=False)
class TrackStrip:
    """The processors of a track, from its file to its bus.

    Attributes:
        name: of the track.
        group: of its bus.
        chain: its processors in order.
        sends: returns that its end feeds, and the settings of each send.
    """

    name: str
    group: str
    chain: Sequence[NodeSettings]
    sends: Mapping[str, NodeSettings] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Desk:
    """All strips of a song.

    Attributes:
        tracks: in the order of the session.
        buses: processors of each bus that has any; tracks of another group feed the master.
        returns: processors of each return.
        master: processors of the master.
    """

    tracks: Sequence[TrackStrip]
    buses: Mapping[str, Sequence[NodeSettings]] = field(default_factory=dict)
    returns: Mapping[str, Sequence[NodeSettings]] = field(default_factory=dict)
    master: Sequence[NodeSettings] = ()

    def built(self) -> tuple[Graph, Settings]:
        """Return the graph, and settings for its processors."""
        return _Build(self).result()


class _Build:
    def __init__(self, desk: Desk) -> None:
        self._strips: dict[int, Strip] = {}
        self._nodes: dict[int, Node] = {}
        self._edges: list[Edge] = []
        self._settings: dict[int, NodeSettings] = {}
        into_bus: dict[str, list[int]] = {group: [] for group in desk.buses}
        into_return: dict[str, list[int]] = {name: [] for name in desk.returns}
        into_master: list[int] = []
        for track in desk.tracks:
            end = self._strip(track.name, "track", INPUT, [], track.chain)
            into_bus.get(track.group, into_master).append(end)
            for name, send in track.sends.items():
                into_return[name].append(self._add(send.kind, [end], send))
        for group, chain in desk.buses.items():
            into_master.append(self._strip(group, "bus", MIX, into_bus[group], chain))
        for name, chain in desk.returns.items():
            into_master.append(self._strip(name, "return", MIX, into_return[name], chain))
        end = self._strip("master", "master", MIX, into_master, desk.master)
        self._add(OUTPUT, [end])

    def result(self) -> tuple[Graph, Settings]:
        """Return what was built."""
        return Graph(self._strips, self._nodes, tuple(self._edges)), Settings.of(self._settings)

    def _strip(
        self, name: str, role: Role, head: str, feeds: Sequence[int], chain: Sequence[NodeSettings]
    ) -> int:
        """Add a strip, and return its end."""
        self._strips[len(self._strips)] = Strip(name, role)
        end = self._add(head, feeds)
        for settings in chain:
            end = self._add(settings.kind, [end], settings)
        return end

    def _add(self, kind: str, feeds: Sequence[int], settings: NodeSettings | None = None) -> int:
        """Add a node to the latest strip."""
        number = len(self._nodes)
        self._nodes[number] = Node(kind, len(self._strips) - 1)
        self._edges += [Edge(source, number) for source in feeds]
        if settings is not None:
            self._settings[number] = settings
        return number
