"""What a graph refuses, and the order in which it is walked."""

import pytest

from mixtrace.errors import GraphError
from mixtrace.graph import INPUT, MIX, MOST_NODES, OUTPUT, Graph, Node

SEEDS = range(60)


def graph(kinds: str, *edges: tuple[int, int]) -> Graph:
    """Return a graph of nodes by letter: i, o, m, e, c."""
    names = {"i": INPUT, "o": OUTPUT, "m": MIX, "e": "equalizer", "c": "compressor"}
    return Graph(tuple(Node(names[k], f"{k}{n}") for n, k in enumerate(kinds)), edges)


def test_a_plain_chain():
    chain = graph("ieco", (0, 1), (1, 2), (2, 3))
    assert chain.order == (0, 1, 2, 3)
    assert chain.inputs == (0,)
    assert chain.output == 3
    assert chain.processors == (1, 2)
    assert chain.predecessors == ((), (0,), (1,), (2,))
    assert chain.successors == ((1,), (2,), (3,), ())
    assert chain.kinds() == ("equalizer", "compressor")
    assert chain.of_kind("equalizer") == (1,)


def test_the_smallest_graph_is_a_wire():
    assert graph("io", (0, 1)).processors == ()


def test_a_double_edge_counts_twice():
    doubled = graph("ieo", (0, 1), (0, 1), (1, 2))
    assert doubled.predecessors[1] == (0, 0)
    assert doubled.order == (0, 1, 2)


def test_graphs_are_values():
    one, other = (graph("io", (0, 1)) for _ in range(2))
    assert one.order == (0, 1)  # a cached value changes nothing
    assert one == other
    assert hash(one) == hash(other)
    with pytest.raises(AttributeError):
        one.edges = ()  # type: ignore[misc]


@pytest.mark.parametrize(
    ("kinds", "edges", "message"),
    [
        ("", [], "one output node; got 0"),
        ("i", [], "one output node; got 0"),
        ("o", [], "at least one input"),
        ("ioo", [(0, 1), (0, 2)], "one output node; got 2"),
        ("io", [(0, 2)], "between nodes 0 to 1; got 0 -> 2"),
        ("io", [(-1, 1)], "got -1 -> 1"),
        ("", [(0, 0)], "edges between nodes"),
        ("ieo", [(0, 1), (1, 1), (1, 2)], "without cycles"),
        ("ieco", [(0, 1), (1, 2), (2, 1), (2, 3)], "without cycles"),
        ("ieo", [(0, 1), (1, 2), (2, 0)], "without cycles"),
        ("iieo", [(0, 1), (0, 2), (1, 2), (2, 3)], "nothing to feed the input 'i1'"),
        ("ioe", [(0, 1), (1, 2)], "output to feed nothing"),
        ("ieo", [(0, 2), (0, 1)], "connected towards the output; node 1 .equalizer of 'e1'"),
        ("ieo", [(0, 2), (1, 2)], "fed by another; node 1"),
        ("iio", [(0, 2)], "connected towards the output; node 1 .input"),
        ("io", [], "node 0"),
    ],
)
def test_invalid_graphs_are_refused(kinds, edges, message):
    with pytest.raises(GraphError, match=message):
        graph(kinds, *edges)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_is_topological_and_takes_the_first_stored_node_that_is_ready(seed, random_graph):
    given = random_graph(seed)
    left = set(range(len(given.nodes)))
    for node in given.order:
        ready = [i for i in left if not any(b == i and a in left for a, b in given.edges)]
        assert node == min(ready)
        left.remove(node)
    assert not left


@pytest.mark.parametrize("seed", SEEDS)
def test_a_stored_order_that_is_topological_is_kept(seed, random_graph):
    given = random_graph(seed, shuffled=False)
    assert given.order == tuple(range(len(given.nodes)))


def test_a_long_chain_does_not_recurse():
    count = MOST_NODES - 2
    kinds = "i" + "e" * count + "o"
    chain = graph(kinds, *((n, n + 1) for n in range(count + 1)))
    assert len(chain.order) == count + 2
