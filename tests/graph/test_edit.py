"""Edits keep what a graph computes: every path, as often as it was there."""

import itertools

import numpy as np
import pytest

from mixtrace.errors import GraphError
from mixtrace.graph import INPUT, MIX, OUTPUT, Graph, Node, insert_node, remove_nodes

SEEDS = range(60)


def computed(graph: Graph, gains: dict[int, int]) -> dict[str, int]:
    """Return the gain from each input to the output, each node multiplying by its own integer."""
    heard: dict[int, dict[str, int]] = {}
    for i in graph.order:
        node, total = graph.nodes[i], dict[str, int]()
        if node.kind == INPUT:
            total[node.name] = 1
        for p in graph.predecessors[i]:
            for name, gain in heard[p].items():
                total[name] = total.get(name, 0) + gain
        heard[i] = {name: gain * gains.get(i, 1) for name, gain in total.items()}
    return heard[graph.output]


def removable(graph: Graph) -> list[int]:
    return [i for i, n in enumerate(graph.nodes) if n.kind not in (INPUT, OUTPUT)]


@pytest.mark.parametrize("seed", SEEDS)
def test_removal_is_bypass(seed, random_graph):
    graph: Graph = random_graph(seed)
    rng = np.random.default_rng(seed)
    removed = {i for i in removable(graph) if rng.random() < 0.5}
    gains = {i: int(rng.integers(2, 9)) for i in removable(graph) if i not in removed}
    smaller, ids = remove_nodes(graph, removed)
    assert sorted(ids) == [i for i in range(len(graph.nodes)) if i not in removed]
    assert list(ids.values()) == list(range(len(smaller.nodes)))
    assert all(smaller.nodes[new] == graph.nodes[old] for old, new in ids.items())
    assert computed(smaller, {ids[i]: g for i, g in gains.items()}) == computed(graph, gains)


@pytest.mark.parametrize("seed", SEEDS)
def test_removal_at_once_and_one_by_one_agree(seed, random_graph):
    graph: Graph = random_graph(seed)
    removed = removable(graph)[::2]
    at_once, _ = remove_nodes(graph, removed)
    stepwise = graph
    for count, i in enumerate(removed):
        stepwise, _ = remove_nodes(stepwise, {i - count})
    assert stepwise.nodes == at_once.nodes
    assert sorted(stepwise.edges) == sorted(at_once.edges)


def test_double_edges_multiply():
    nodes = (Node(INPUT, "a"), Node("equalizer", "a"), Node(MIX, "b"), Node(OUTPUT, "mix"))
    graph = Graph(nodes, ((0, 1), (0, 1), (1, 2), (1, 2), (1, 2), (2, 3)))
    smaller, _ = remove_nodes(graph, {1})
    assert smaller.edges == ((0, 1),) * 6 + ((1, 2),)


def test_order_of_what_feeds_a_node_is_kept():
    nodes = (*(Node(INPUT, n) for n in "abc"), Node("equalizer", "b"), Node(OUTPUT, "mix"))
    graph = Graph(nodes, ((0, 4), (1, 3), (3, 4), (2, 4)))
    smaller, ids = remove_nodes(graph, [3])
    assert smaller.predecessors[ids[4]] == (0, 1, 2)


def test_removing_nothing_changes_nothing(random_graph):
    graph = random_graph(3)
    assert remove_nodes(graph, ()) == (graph, {i: i for i in range(len(graph.nodes))})


def test_everything_between_inputs_and_output_may_go(random_graph):
    graph = random_graph(7)
    smaller, _ = remove_nodes(graph, removable(graph))
    assert {n.kind for n in smaller.nodes} == {INPUT, OUTPUT}
    assert computed(smaller, {}) == computed(graph, {})


@pytest.mark.parametrize("position", [0, 2, 3, -1])
def test_inputs_output_and_strangers_stay(position):
    nodes = (Node(INPUT, "a"), Node("equalizer", "a"), Node(OUTPUT, "mix"))
    graph = Graph(nodes, ((0, 1), (1, 2)))
    with pytest.raises(GraphError, match=f"node {position}"):
        remove_nodes(graph, {position})


@pytest.mark.parametrize("seed", SEEDS)
def test_insertion_acts_on_its_edge_alone_and_removal_undoes_it(seed, random_graph):
    graph: Graph = random_graph(seed)
    edge = graph.edges[seed % len(graph.edges)]
    larger, ids = insert_node(graph, Node("reverb", "new"), edge)
    new = len(graph.nodes)
    assert larger.nodes[new] == Node("reverb", "new")
    assert ids == {i: i for i in range(new)}
    assert larger.predecessors[new] == (edge[0],)
    assert larger.successors[new] == (edge[1],)
    silent = computed(larger, {new: 0})
    without = [e for n, e in enumerate(graph.edges) if n != graph.edges.index(edge)]
    muted = _computed_without_check(graph, without)
    assert {k: v for k, v in silent.items() if v} == {k: v for k, v in muted.items() if v}
    assert remove_nodes(larger, {new})[0] == graph


def _computed_without_check(graph: Graph, edges: list[tuple[int, int]]) -> dict[str, int]:
    """Return the number of paths from each input to the output along some of the edges."""
    paths: dict[int, dict[str, int]] = {}
    for i in graph.order:
        paths[i] = {graph.nodes[i].name: 1} if graph.nodes[i].kind == INPUT else {}
        for (a, b), name in itertools.product(edges, [graph.nodes[n].name for n in graph.inputs]):
            if b == i and name in paths.get(a, {}):
                paths[i][name] = paths[i].get(name, 0) + paths[a][name]
    return paths[graph.output]


def test_an_edge_that_is_not_there_takes_no_node(random_graph):
    with pytest.raises(GraphError, match="0 -> 0 is none"):
        insert_node(random_graph(1), Node("reverb", "new"), (0, 0))


@pytest.mark.parametrize("kind", [INPUT, OUTPUT])
def test_ends_cannot_be_inserted(kind, random_graph):
    graph = random_graph(1)
    with pytest.raises(GraphError):
        insert_node(graph, Node(kind, "new"), graph.edges[0])
