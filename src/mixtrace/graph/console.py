"""Mixing consoles: every track through its chain into its bus, every bus through its chain.

Source: Lee et al. 2025, arXiv 2509.15948, section "mixing console"; preset `paper` is theirs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mixtrace.errors import GraphError
from mixtrace.graph.model import INPUT, MIX, OUTPUT, Graph, Node

__all__ = ["CONSOLES", "ConsolePreset", "build_console"]

_PAPER_CHAIN = (
    "equalizer",
    "compressor",
    "noise_gate",
    "stereo_imager",
    "gain_panning",
    "multitap_delay",
    "reverb",
)


@dataclass(frozen=True)
class ConsolePreset:
    """The processor kinds, in order, of every track, every bus and the master."""

    track_chain: tuple[str, ...]
    bus_chain: tuple[str, ...]
    master_chain: tuple[str, ...] = ()


CONSOLES = {
    "paper": ConsolePreset(_PAPER_CHAIN, _PAPER_CHAIN),
    "studio": ConsolePreset(
        _PAPER_CHAIN, _PAPER_CHAIN, ("equalizer", "compressor", "gain_automation")
    ),
}
"""The consoles by name."""

MASTER = "master"


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
    nodes: list[Node] = []
    edges: list[tuple[int, int]] = []

    def append(kind: str, name: str, feeds: Sequence[int]) -> int:
        nodes.append(Node(kind, name))
        edges.extend((source, len(nodes) - 1) for source in feeds)
        return len(nodes) - 1

    def append_chain(kinds: Sequence[str], name: str, end: int) -> int:
        for kind in kinds:
            end = append(kind, name, [end])
        return end

    ends: dict[str, list[int]] = {}
    for name, group in tracks:
        end = append_chain(preset.track_chain, name, append(INPUT, name, []))
        ends.setdefault(group, []).append(end)
    bus_ends = [
        append_chain(preset.bus_chain, group, append(MIX, group, feeds))
        for group, feeds in ends.items()
    ]
    if preset.master_chain:
        bus_ends = [append_chain(preset.master_chain, MASTER, append(MIX, MASTER, bus_ends))]
    append(OUTPUT, MASTER, bus_ends)
    return Graph(tuple(nodes), tuple(edges))
