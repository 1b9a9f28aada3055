"""The walk of the strips: each once, from the mix down, whatever the graph looks like."""

import pytest
from consoles import STUDIO

from mixtrace.graph import (
    CONSOLES,
    INPUT,
    KEY,
    MIX,
    OUTPUT,
    ConsolePreset,
    Edge,
    Graph,
    Node,
    Strip,
    build_console,
    passages,
    remove_nodes,
)

TRACKS = [("kick", "drums"), ("voice", "vocals"), ("snare", "drums")]


def told(graph: Graph) -> list[tuple[int, str, str]]:
    return [(p.depth, p.role, p.name + " again" * p.told) for p in passages(graph)]


@pytest.mark.parametrize("preset", [CONSOLES["paper"], STUDIO])
def test_a_console_is_walked_from_the_master_to_the_tracks(preset: ConsolePreset):
    graph = build_console(TRACKS, preset)
    assert told(graph) == [
        (0, "master", "master"),
        (1, "bus", "drums"),
        (2, "track", "kick"),
        (2, "track", "snare"),
        (1, "bus", "vocals"),
        (2, "track", "voice"),
    ]
    for passage in passages(graph):
        assert graph.strips[passage.strip].name == passage.name
        assert {graph.nodes[i].strip for i in passage.nodes} == {passage.strip}
        assert passage.head == passage.nodes[0]
        assert passage.processors == tuple(i for i in passage.nodes if i in graph.processors)
    assert sorted(i for p in passages(graph) for i in p.nodes) == sorted(graph.nodes)


def test_feeds_are_strips_and_the_end_is_where_the_sound_leaves():
    graph = build_console(TRACKS, STUDIO)
    by_name = {p.name: p for p in passages(graph)}
    assert by_name["master"].feeds == (by_name["drums"].strip, by_name["vocals"].strip)
    assert by_name["drums"].feeds == (by_name["kick"].strip, by_name["snare"].strip)
    assert by_name["kick"].feeds == ()
    assert graph.successors[by_name["kick"].end] == (by_name["drums"].head,)
    assert graph.successors[by_name["drums"].end] == (by_name["master"].head,)
    assert graph.successors[by_name["master"].end] == (graph.output,)


@pytest.mark.parametrize("preset", [CONSOLES["paper"], STUDIO])
def test_pruning_moves_no_strip(preset: ConsolePreset):
    console = build_console(TRACKS, preset)
    kept = console.of_kind("noise_reverb")[1]
    graph = remove_nodes(console, set(console.processors) - {kept})
    assert told(graph) == told(console)
    for passage in passages(graph):
        own = [i for i in passage.nodes if graph.nodes[i].kind != OUTPUT]
        assert passage.end == (own or [graph.output])[-1]
        assert passage.processors == ((kept,) if passage.name == "voice" else ())


def test_strips_without_a_node_are_left_out():
    console = build_console(TRACKS, CONSOLES["paper"])
    graph = remove_nodes(console, {*console.processors, *console.of_kind(MIX)})
    assert [name for _, _, name in told(graph)] == ["master", "kick", "snare", "voice"]
    assert graph.strips == console.strips


@pytest.fixture
def with_return(toy_send: str) -> Graph:
    """Return two tracks that feed the mix, and a hall that both send to."""
    strips = {
        **{0: Strip("voice", "track"), 1: Strip("guitar", "track")},
        **{2: Strip("hall", "return"), 3: Strip("master", "master")},
    }
    nodes = {
        **{0: Node(INPUT, 0), 1: Node("equalizer", 0), 2: Node(toy_send, 0)},
        **{3: Node(INPUT, 1), 4: Node(toy_send, 1)},
        **{5: Node(MIX, 2), 6: Node("noise_reverb", 2)},
        **{7: Node(MIX, 3), 8: Node(OUTPUT, 3)},
    }
    edges = [(0, 1), (1, 2), (1, 7), (2, 5), (3, 4), (3, 7), (4, 5), (5, 6), (6, 7), (7, 8)]
    return Graph(strips, nodes, tuple(Edge(*edge) for edge in edges))


def test_a_return_of_two_sends_lists_both_tracks_again(with_return: Graph):
    assert told(with_return) == [
        (0, "master", "master"),
        (1, "track", "voice"),
        (1, "track", "guitar"),
        (1, "return", "hall"),
        (2, "track", "voice again"),
        (2, "track", "guitar again"),
    ]


def test_sound_does_not_leave_a_strip_by_a_send(with_return: Graph):
    ends = {p.name: p.end for p in passages(with_return)}
    assert ends == {"voice": 1, "guitar": 3, "hall": 6, "master": 7}
    voice = passages(with_return)[1]
    assert voice.nodes == (0, 1, 2)
    assert voice.processors == (1, 2)


def test_a_strip_of_sends_alone_ends_at_the_last(toy_send: str):
    nodes = ((INPUT, "a"), (toy_send, "lone"), (MIX, "sum"), (OUTPUT, "mix"))
    graph = Graph.of(nodes, ((0, 1), (0, 2), (1, 2), (2, 3)))
    assert {p.name: p.end for p in passages(graph)}["lone"] == 1


def test_stems_come_after_the_mix():
    nodes = ((INPUT, "kick"), (INPUT, "voice"), (MIX, "drums"), (OUTPUT, "mix"), (OUTPUT, "stem"))
    graph = Graph.of(nodes, ((0, 2), (2, 3), (1, 3), (2, 4)))
    assert told(graph) == [
        (0, "master", "mix"),
        (1, "bus", "drums"),
        (2, "track", "kick"),
        (1, "track", "voice"),
        (0, "master", "stem"),
        (1, "bus", "drums again"),
    ]


def test_two_outputs_may_share_a_strip():
    graph = Graph.of(((INPUT, "a"), (OUTPUT, "mix"), (OUTPUT, "mix")), ((0, 1), (0, 2)))
    master, track = passages(graph)
    assert (master.nodes, master.end, master.feeds) == ((1, 2), 2, (track.strip,))


def test_strips_that_feed_each_other_are_walked_once():
    """A sound may leave a strip and come back to it: the strips have a cycle, the nodes none."""
    nodes = (
        (INPUT, "a"),
        ("equalizer", "b"),
        ("noise_reverb", "a"),
        ("one_pole_compressor", "b"),
        (OUTPUT, "m"),
    )
    graph = Graph.of(nodes, ((0, 1), (1, 2), (2, 3), (3, 4)))
    assert told(graph) == [
        (0, "master", "m"),
        (1, "bus", "b"),
        (2, "track", "a"),
        (3, "bus", "b again"),
    ]


def test_a_hundred_tracks_are_told_each_once():
    tracks = [(f"track {n}", f"group {n % 9}") for n in range(100)]
    walked = passages(build_console(tracks, STUDIO))
    assert len(walked) == 110
    assert not any(passage.told for passage in walked)
    assert sorted(p.name for p in walked if p.depth == 2) == sorted(name for name, _ in tracks)
    assert [p.depth for p in walked if p.role == "bus"] == [1] * 9


def test_a_strip_is_told_where_its_own_sound_goes_whichever_comes_first():
    """A return that the master lists first is fed by sends; the tracks belong to their bus."""
    nodes = [
        *(("input", "kick"), ("send", "kick"), ("input", "bass"), ("compressor", "bass")),
        *(("mix", "room"), ("mix", "band"), ("output", "master")),
    ]
    key = Edge(0, 3, 0.0, KEY)
    edges = [(0, 1), (1, 4), (4, 6), (2, 3), key, (3, 5), (0, 5), (5, 6)]
    graph = Graph.of(nodes, edges)
    told = [(p.depth, p.name, p.told) for p in passages(graph)]
    assert told == [
        (0, "master", False),
        (1, "room", False),
        (2, "kick", True),
        (1, "band", False),
        (2, "bass", False),
        (3, "kick", True),
        (2, "kick", False),
    ]
    strips = {p.name: p for p in passages(graph) if not p.told}
    assert strips["bass"].feeds == ()
    assert strips["room"].feeds == (strips["kick"].strip,)


def test_a_strip_whose_sound_reaches_no_mix_is_told_where_it_is_listened_to():
    nodes = [("input", "ghost"), ("input", "bass"), ("compressor", "bass"), ("output", "master")]
    graph = Graph.of(nodes, [Edge(0, 2, 0.0, KEY), (1, 2), (2, 3)])
    assert [(p.name, p.told) for p in passages(graph)] == [
        ("master", False),
        ("bass", False),
        ("ghost", False),
    ]
