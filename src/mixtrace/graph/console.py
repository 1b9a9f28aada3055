"""Mixing consoles: every track through its chain into its bus, every bus through its chain.

Source: Lee et al. 2025, arXiv 2509.15948, section "mixing console"; preset `paper` is theirs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mixtrace.errors import GraphError
from mixtrace.graph.model import INPUT, MIX, OUTPUT, Edge, Graph, Node, Strip

__all__ = ["CONSOLES", "ConsolePreset", "build_console"]

_PAPER_CHAIN = (
    "equalizer",
    "one_pole_compressor",
    "one_pole_gate",
    "stereo_imager",
    "gain_panning",
    "twenty_tap_delay",
    "noise_reverb",
)


@dataclass(frozen=True)
class ConsolePreset:
    """The processor kinds, in order, of every track, every bus and the master."""

    track_chain: tuple[str, ...]
    bus_chain: tuple[str, ...]
    master_chain: tuple[str, ...] = ()


CONSOLES = {"paper": ConsolePreset(_PAPER_CHAIN, _PAPER_CHAIN)}
"""The consoles by name."""

_MASTER = Strip("master", "master")


def build_console(tracks: Sequence[tuple[str, str]], preset: ConsolePreset) -> Graph:
    """Build the full console of a song.

    Args:
        tracks: (track name, group name) of every track, in the order of the audio.
        preset: the chains.

    Returns:
        A graph whose inputs stand in the order of `tracks`.

    Raises:
        GraphError: without tracks.

    >>> graph = build_console([("kick", "drums"), ("voice", "vocals")], CONSOLES["paper"])
    >>> len(graph.inputs), len(graph.processors)
    (2, 28)
    """
    if not tracks:
        raise GraphError("Expected at least one track; got none. Add a dry track to the song.")
    strips: dict[int, Strip] = {}
    nodes: dict[int, Node] = {}
    edges: list[Edge] = []

    def append(kind: str, feeds: Sequence[int]) -> int:
        number = len(nodes)
        nodes[number] = Node(kind, len(strips) - 1)
        edges.extend(Edge(source, number) for source in feeds)
        return number

    def append_strip(strip: Strip, head: str, chain: Sequence[str], feeds: Sequence[int]) -> int:
        strips[len(strips)] = strip
        end = append(head, feeds)
        for kind in chain:
            end = append(kind, [end])
        return end

    ends: dict[str, list[int]] = {}
    for name, group in tracks:
        end = append_strip(Strip(name, "track"), INPUT, preset.track_chain, [])
        ends.setdefault(group, []).append(end)
    bus_ends = [
        append_strip(Strip(group, "bus"), MIX, preset.bus_chain, feeds)
        for group, feeds in ends.items()
    ]
    if preset.master_chain:
        bus_ends = [append_strip(_MASTER, MIX, preset.master_chain, bus_ends)]
        append(OUTPUT, bus_ends)
    else:
        append_strip(_MASTER, OUTPUT, (), bus_ends)
    return Graph(strips, nodes, tuple(edges))
