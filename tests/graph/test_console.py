"""Consoles have the size and the order of a mixing desk."""

import pytest
from consoles import STUDIO

from mixtrace.errors import GraphError
from mixtrace.graph import CONSOLES, INPUT, MIX, OUTPUT, ConsolePreset, Graph, build_console
from mixtrace.processors import PROCESSORS

PAPER = CONSOLES["paper"]


def chain_after(graph: Graph, node: int) -> list[int]:
    """Return the nodes from one to the next sum or the output, itself left out."""
    chain = []
    (node,) = graph.successors[node]
    while graph.nodes[node].is_processor:
        chain.append(node)
        (node,) = graph.successors[node]
    return chain


def tracks(count: int, groups: int) -> list[tuple[str, str]]:
    return [(f"track {n}", f"group {n % groups}") for n in range(count)]


def test_the_paper_preset_is_the_published_chain():
    letters = "".join(PROCESSORS[kind].letter for kind in PAPER.track_chain)
    assert letters == "ecnsgdr"
    assert PAPER.bus_chain == PAPER.track_chain
    assert PAPER.master_chain == ()


@pytest.mark.parametrize("preset", CONSOLES.values())
def test_presets_name_known_processors(preset):
    for kind in (*preset.track_chain, *preset.bus_chain, *preset.master_chain):
        assert kind in PROCESSORS


@pytest.mark.parametrize("preset", [PAPER, STUDIO])
@pytest.mark.parametrize(("count", "groups"), [(1, 1), (5, 2), (16, 4), (150, 9)])
def test_sizes(preset, count, groups):
    graph = build_console(tracks(count, groups), preset)
    masters = 1 if preset.master_chain else 0
    processors = (
        count * len(preset.track_chain) + groups * len(preset.bus_chain) + len(preset.master_chain)
    )
    assert len(graph.inputs) == count
    assert len(graph.of_kind(MIX)) == groups + masters
    assert len(graph.of_kind(OUTPUT)) == 1
    assert len(graph.processors) == processors
    assert len(graph.nodes) == count + groups + masters + 1 + processors
    assert len(graph.edges) == len(graph.nodes) - 1  # a tree: every node but the output feeds one


def test_inputs_stand_in_the_order_of_the_tracks():
    given = [("b", "x"), ("a", "y"), ("c", "x")]
    graph = build_console(given, PAPER)
    assert [graph.name(i) for i in graph.inputs] == ["b", "a", "c"]
    assert graph.order == tuple(range(len(graph.nodes)))


def test_every_track_runs_through_its_chain_into_its_bus():
    given = [("kick", "drums"), ("voice", "vocals"), ("snare", "drums")]
    graph = build_console(given, PAPER)
    buses = {graph.name(i): i for i in graph.of_kind(MIX)}
    assert list(buses) == ["drums", "vocals"]
    for node, (name, group) in zip(graph.inputs, given, strict=True):
        chain = chain_after(graph, node)
        assert tuple(graph.nodes[i].kind for i in chain) == PAPER.track_chain
        assert {graph.name(i) for i in chain} == {name}
        assert graph.successors[chain[-1]] == (buses[group],)
    for group, bus in buses.items():
        chain = chain_after(graph, bus)
        assert tuple(graph.nodes[i].kind for i in chain) == PAPER.bus_chain
        assert {graph.name(i) for i in chain} == {group}
        assert graph.successors[chain[-1]] == (graph.output,)


def test_buses_meet_in_the_master_chain():
    preset = ConsolePreset((), ("equalizer",), ("one_pole_compressor", "equalizer"))
    graph = build_console(tracks(4, 2), preset)
    kinds = [node.kind for node in graph.nodes.values()]
    assert kinds[-4:] == [MIX, "one_pole_compressor", "equalizer", OUTPUT]
    assert len(graph.predecessors[len(kinds) - 4]) == 2


def test_empty_chains_leave_sums():
    graph = build_console(tracks(3, 1), ConsolePreset((), ()))
    assert [node.kind for node in graph.nodes.values()] == [INPUT] * 3 + [MIX, OUTPUT]


def test_tracks_of_equal_names_stay_apart():
    graph = build_console([("a", "a"), ("a", "a")], PAPER)
    assert len(graph.inputs) == 2


def test_a_song_without_tracks_is_refused():
    with pytest.raises(GraphError, match="at least one track"):
        build_console([], PAPER)
