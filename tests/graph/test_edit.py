"""Edits keep what a graph computes: every path, as often as it was there."""

import itertools

import numpy as np
import pytest

from mixtrace.errors import GraphError
from mixtrace.graph import (
    INPUT,
    KEY,
    MIX,
    OUTPUT,
    Edge,
    Graph,
    Node,
    insert_node,
    is_branch,
    remove_nodes,
    remove_tracks,
    replace_node,
)

SEEDS = range(60)


def computed(graph: Graph, gains: dict[int, int]) -> dict[str, int]:
    """Return the gain from each input to the output, each node multiplying by its own integer."""
    heard: dict[int, dict[str, int]] = {}
    for i in graph.order:
        node, total = graph.nodes[i], dict[str, int]()
        if node.kind == INPUT:
            total[graph.name(i)] = 1
        for p in graph.predecessors[i]:
            for name, gain in heard[p].items():
                total[name] = total.get(name, 0) + gain
        heard[i] = {name: gain * gains.get(i, 1) for name, gain in total.items()}
    return heard[graph.output]


def removable(graph: Graph) -> list[int]:
    return [i for i, node in graph.nodes.items() if node.kind not in (INPUT, OUTPUT)]


def ends(edge: Edge) -> tuple[int, int]:
    return edge.source, edge.destination


@pytest.mark.parametrize("seed", SEEDS)
def test_removal_is_bypass(seed, random_graph):
    graph: Graph = random_graph(seed)
    rng = np.random.default_rng(seed)
    removed = {i for i in removable(graph) if rng.random() < 0.5}
    gains = {i: int(rng.integers(2, 9)) for i in removable(graph) if i not in removed}
    smaller = remove_nodes(graph, removed)
    kept = [(i, node) for i, node in graph.nodes.items() if i not in removed]
    assert list(smaller.nodes.items()) == kept  # numbers, strips and order survive
    assert smaller.strips == graph.strips
    assert computed(smaller, gains) == computed(graph, gains)


@pytest.mark.parametrize("seed", SEEDS)
def test_removal_at_once_and_one_by_one_agree(seed, random_graph):
    graph: Graph = random_graph(seed)
    removed = removable(graph)[::2]
    at_once = remove_nodes(graph, removed)
    stepwise = graph
    for i in removed:
        stepwise = remove_nodes(stepwise, {i})
    assert stepwise.nodes == at_once.nodes
    assert sorted(stepwise.edges, key=ends) == sorted(at_once.edges, key=ends)


def test_double_edges_multiply():
    nodes = ((INPUT, "a"), ("equalizer", "a"), (MIX, "b"), (OUTPUT, "mix"))
    graph = Graph.of(nodes, ((0, 1), (0, 1), (1, 2), (1, 2), (1, 2), (2, 3)))
    smaller = remove_nodes(graph, {1})
    assert smaller.edges == (Edge(0, 2),) * 6 + (Edge(2, 3),)


def test_order_of_what_feeds_a_node_is_kept():
    nodes = (*((INPUT, n) for n in "abc"), ("equalizer", "b"), (OUTPUT, "mix"))
    graph = Graph.of(nodes, ((0, 4), (1, 3), (3, 4), (2, 4)))
    smaller = remove_nodes(graph, [3])
    assert smaller.predecessors[4] == (0, 1, 2)


def test_removing_nothing_changes_nothing(random_graph):
    graph = random_graph(3)
    assert remove_nodes(graph, ()) == graph


def test_everything_between_inputs_and_output_may_go(random_graph):
    graph = random_graph(7)
    smaller = remove_nodes(graph, removable(graph))
    assert {node.kind for node in smaller.nodes.values()} == {INPUT, OUTPUT}
    assert computed(smaller, {}) == computed(graph, {})


@pytest.mark.parametrize("position", [0, 2, 3, -1])
def test_inputs_output_and_strangers_stay(position):
    nodes = ((INPUT, "a"), ("equalizer", "a"), (OUTPUT, "mix"))
    graph = Graph.of(nodes, ((0, 1), (1, 2)))
    with pytest.raises(GraphError, match=f"node {position}"):
        remove_nodes(graph, {position})


@pytest.mark.parametrize("seed", SEEDS)
def test_insertion_acts_on_its_edge_alone_and_removal_undoes_it(seed, random_graph):
    graph: Graph = random_graph(seed)
    edge = graph.edges[seed % len(graph.edges)]
    node = Node("noise_reverb", min(graph.strips))
    larger, new = insert_node(graph, node, edge)
    assert new not in graph.nodes
    assert larger.nodes == {**graph.nodes, new: node}
    assert larger.predecessors[new] == (edge.source,)
    assert larger.successors[new] == (edge.destination,)
    silent = computed(larger, {new: 0})
    without = [e for n, e in enumerate(graph.edges) if n != graph.edges.index(edge)]
    muted = _computed_without_check(graph, without)
    assert {k: v for k, v in silent.items() if v} == {k: v for k, v in muted.items() if v}
    assert remove_nodes(larger, {new}) == graph


def _computed_without_check(graph: Graph, edges: list[Edge]) -> dict[str, int]:
    """Return the number of paths from each input to the output along some of the edges."""
    paths: dict[int, dict[str, int]] = {}
    for i in graph.order:
        paths[i] = {graph.name(i): 1} if graph.nodes[i].kind == INPUT else {}
        for edge, name in itertools.product(edges, [graph.name(n) for n in graph.inputs]):
            if edge.destination == i and name in paths.get(edge.source, {}):
                paths[i][name] = paths[i].get(name, 0) + paths[edge.source][name]
    return paths[graph.output]


def test_an_edge_that_is_not_there_takes_no_node(random_graph):
    with pytest.raises(GraphError, match="0 -> 0 is none"):
        insert_node(random_graph(1), Node("noise_reverb", 0), Edge(0, 0))


@pytest.mark.parametrize("kind", [INPUT, OUTPUT])
def test_ends_cannot_be_inserted(kind, random_graph):
    graph = random_graph(1)
    with pytest.raises(GraphError):
        insert_node(graph, Node(kind, 0), graph.edges[0])


def test_numbers_of_removed_nodes_are_not_given_again_while_a_later_one_stays():
    nodes = ((INPUT, "a"), ("equalizer", "a"), ("noise_reverb", "a"), (OUTPUT, "mix"))
    graph = remove_nodes(Graph.of(nodes, ((0, 1), (1, 2), (2, 3))), {1})
    larger, new = insert_node(graph, Node("one_pole_compressor", 0), Edge(0, 2))
    assert new == 4
    assert list(larger.nodes) == [0, 2, 3, 4]
    assert larger.edges == (Edge(0, 4), Edge(4, 2), Edge(2, 3))


def test_bypass_adds_the_levels_of_both_edges_and_keeps_the_port_behind():
    nodes = (
        (INPUT, "a"),
        (INPUT, "b"),
        ("equalizer", "a"),
        ("one_pole_compressor", "b"),
        (OUTPUT, "mix"),
    )
    edges = (Edge(0, 2, -6.0), Edge(1, 3), Edge(2, 3, 2.5, KEY), Edge(2, 4, 1.0), Edge(3, 4))
    smaller = remove_nodes(Graph.of(nodes, edges), {2})
    assert smaller.edges == (Edge(1, 3), Edge(0, 3, -3.5, KEY), Edge(0, 4, -5.0), Edge(3, 4))


def test_insertion_leaves_level_and_port_behind_the_new_node():
    nodes = ((INPUT, "a"), (INPUT, "b"), ("one_pole_compressor", "b"), (OUTPUT, "mix"))
    edge = Edge(0, 2, -3.0, KEY)
    graph = Graph.of(nodes, (Edge(1, 2), edge, Edge(2, 3)))
    larger, new = insert_node(graph, Node("equalizer", 0), edge)
    assert larger.edges == (Edge(1, 2), Edge(0, new), Edge(new, 2, -3.0, KEY), Edge(2, 3))
    assert remove_nodes(larger, {new}) == graph


SENT = (
    *((INPUT, "voice"), ("equalizer", "voice"), ("toy_send", "voice")),
    *((MIX, "hall"), ("noise_reverb", "hall"), (MIX, "sum"), (OUTPUT, "mix")),
)
SENT_EDGES = (
    *(Edge(0, 1), Edge(1, 5), Edge(1, 2), Edge(2, 3, -12.0)),
    *(Edge(3, 4), Edge(4, 5), Edge(5, 6)),
)


def test_a_removed_send_takes_its_return_along(toy_send: str):
    graph = Graph.of(SENT, SENT_EDGES)
    assert [i for i, node in graph.nodes.items() if is_branch(node)] == [2]
    smaller = remove_nodes(graph, {2})
    assert list(smaller.nodes) == [0, 1, 5, 6]
    assert smaller.edges == (Edge(0, 1), Edge(1, 5), Edge(5, 6))
    assert smaller.strips == graph.strips


def test_a_return_stays_while_another_send_feeds_it(toy_send: str):
    nodes = (*SENT, (INPUT, "drums"), ("toy_send", "drums"))
    graph = Graph.of(nodes, (*SENT_EDGES, Edge(7, 5), Edge(7, 8), Edge(8, 3)))
    smaller = remove_nodes(graph, {2})
    assert list(smaller.nodes) == [0, 1, 3, 4, 5, 6, 7, 8]
    assert smaller.predecessors[3] == (8,)
    assert 3 not in remove_nodes(smaller, {8}).nodes


def test_a_track_whose_only_way_is_a_send_cannot_lose_it(toy_send: str):
    nodes = ((INPUT, "a"), (INPUT, "b"), ("toy_send", "b"), (OUTPUT, "mix"))
    graph = Graph.of(nodes, ((0, 3), (1, 2), (2, 3)))
    with pytest.raises(GraphError, match=r"node 1 .input of 'b'"):
        remove_nodes(graph, {2})


def test_a_bypassed_processor_between_track_and_send_leaves_both_ways(toy_send: str):
    smaller = remove_nodes(Graph.of(SENT, SENT_EDGES), {1})
    assert smaller.successors[0] == (5, 2)
    assert smaller.feeds[3] == (Edge(2, 3, -12.0),)


def test_a_removed_track_takes_all_along_that_only_it_feeds(toy_send: str):
    nodes = (*SENT, (INPUT, "drums"))
    graph = Graph.of(nodes, (*SENT_EDGES, Edge(7, 5)))
    smaller = remove_tracks(graph, {0})
    assert list(smaller.nodes) == [5, 6, 7]
    assert {s.name for s in smaller.strips.values()} == {"drums", graph.name(5), graph.name(6)}
    assert smaller.edges == (Edge(5, 6), Edge(7, 5))


def test_what_listened_to_a_removed_track_goes_as_well():
    nodes = [(INPUT, "kick"), (INPUT, "bass"), ("compressor", "bass"), (OUTPUT, "mix")]
    edges = [Edge(1, 2), Edge(0, 2, 0.0, KEY), Edge(0, 3), Edge(2, 3)]
    smaller = remove_tracks(Graph.of(nodes, edges), {0})
    assert smaller.edges == (Edge(1, 3),)


def test_a_track_that_only_a_removed_one_listened_to_goes_as_well():
    nodes = [(INPUT, "kick"), (INPUT, "bass"), ("compressor", "bass"), (INPUT, "voice")]
    nodes.append((OUTPUT, "mix"))
    edges = [Edge(1, 2), Edge(0, 2, 0.0, KEY), Edge(2, 4), Edge(3, 4)]
    smaller = remove_tracks(Graph.of(nodes, edges), {1})
    assert list(smaller.nodes) == [3, 4]


def test_only_inputs_are_tracks_and_one_stays():
    graph = Graph.of([(INPUT, "a"), (OUTPUT, "mix")], [(0, 1)])
    with pytest.raises(GraphError, match="Expected inputs"):
        remove_tracks(graph, {1})
    with pytest.raises(GraphError):
        remove_tracks(graph, {0})


def test_two_processors_take_the_place_of_one_that_leads_to_two():
    nodes = [("input", "a"), ("equalizer", "a"), ("send", "a"), ("mix", "b"), ("output", "mix")]
    edges = [(0, 1), Edge(1, 2, -3.0), (2, 3), Edge(1, 4, -1.0), (3, 4)]
    graph, numbers = replace_node(Graph.of(nodes, edges), 1, ("parametric_equalizer", "fader"))
    assert numbers == (1, 5)
    assert [graph.nodes[i].kind for i in numbers] == ["parametric_equalizer", "fader"]
    assert set(graph.edges) == {
        Edge(0, 1), Edge(1, 5), Edge(5, 2, -3.0), Edge(2, 3), Edge(5, 4, -1.0), Edge(3, 4)
    }  # fmt: skip


@pytest.mark.parametrize("node", [0, 2, 4, 9])
def test_nothing_but_a_processor_that_leads_on_is_replaced(node: int):
    nodes = [("input", "a"), ("equalizer", "a"), ("send", "a"), ("mix", "b"), ("output", "mix")]
    graph = Graph.of(nodes, [(0, 1), (1, 2), (2, 3), (1, 4), (3, 4)])
    with pytest.raises(GraphError, match="Expected a processor to replace"):
        replace_node(graph, node, ("fader",))
