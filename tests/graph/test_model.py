"""What a graph refuses, and the order in which it is walked."""

import pytest

from mixtrace.errors import GraphError
from mixtrace.graph import INPUT, KEY, MIX, MOST_NODES, OUTPUT, Edge, Graph, Node, Strip

SEEDS = range(60)


def graph(kinds: str, *edges: tuple[int, int]) -> Graph:
    """Return a graph of nodes by letter: i, o, m, e, c."""
    names = {"i": INPUT, "o": OUTPUT, "m": MIX, "e": "equalizer", "c": "one_pole_compressor"}
    return Graph.of([(names[k], f"{k}{n}") for n, k in enumerate(kinds)], edges)


def test_a_plain_chain():
    chain = graph("ieco", (0, 1), (1, 2), (2, 3))
    assert chain.order == (0, 1, 2, 3)
    assert chain.inputs == (0,)
    assert chain.output == 3
    assert chain.processors == (1, 2)
    assert chain.predecessors == {0: (), 1: (0,), 2: (1,), 3: (2,)}
    assert chain.successors == {0: (1,), 1: (2,), 2: (3,), 3: ()}
    assert chain.kinds() == ("equalizer", "one_pole_compressor")
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
        ("", [], "an output node; got none"),
        ("i", [], "an output node; got none"),
        ("o", [], "at least one input"),
        ("io", [(0, 2)], "between nodes of the graph; got 0 -> 2"),
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
        ready = [i for i in left if left.isdisjoint(given.predecessors[i])]
        assert node == min(ready)
        left.remove(node)
    assert not left


@pytest.mark.parametrize("seed", SEEDS)
def test_a_stored_order_that_is_topological_is_kept(seed, random_graph):
    given = random_graph(seed, shuffled=False)
    assert given.order == tuple(range(len(given.nodes)))


def test_a_long_chain_does_not_recurse():
    count = MOST_NODES - 2
    kinds = "i" + "m" * count + "o"
    chain = graph(kinds, *((n, n + 1) for n in range(count + 1)))
    assert len(chain.order) == count + 2


STRIPS = {7: Strip("voice", "track"), 2: Strip("all", "master")}
NODES = {40: Node(INPUT, 7), 30: Node("one_pole_compressor", 7), 20: Node(OUTPUT, 2)}
EDGES = (Edge(40, 30), Edge(30, 20))


def test_numbers_may_have_gaps_and_any_order():
    given = Graph(STRIPS, NODES, EDGES)
    assert given.order == (40, 30, 20)
    assert (given.inputs, given.processors, given.output) == ((40,), (30,), 20)
    assert given.by_kind() == {"one_pole_compressor": (30,)}
    assert given.name(30) == "voice"


def test_strips_nodes_and_edges_make_graphs_differ_and_their_order_as_well():
    given = Graph(STRIPS, NODES, EDGES)
    assert given == Graph(dict(STRIPS), dict(NODES), EDGES)
    assert given != Graph(dict(reversed(STRIPS.items())), NODES, EDGES)
    assert given != Graph(STRIPS, dict(reversed(NODES.items())), EDGES)
    assert given != Graph(STRIPS, NODES, (Edge(40, 30, -1.0), EDGES[1]))
    assert given != Graph(STRIPS | {7: Strip("voice", "track", "singer")}, NODES, EDGES)


def test_stems_are_further_outputs():
    stems = graph("iioo", (0, 2), (1, 2), (1, 3))
    assert stems.outputs == (2, 3)
    assert stems.output == 2
    assert stems.tracks[3] == (1,)


def test_a_key_is_needed_but_not_heard():
    keyed = Graph.of(
        [(INPUT, "voice"), (INPUT, "kick"), ("one_pole_compressor", "voice"), (OUTPUT, "mix")],
        [Edge(0, 2), Edge(1, 2, 0.0, KEY), Edge(2, 3)],
    )
    assert keyed.tracks[2] == keyed.tracks[3] == (0,)
    assert keyed.needed_tracks[2] == (0, 1)
    assert keyed.predecessors[2] == (0, 1)


@pytest.mark.parametrize(
    ("strips", "nodes", "edges", "message"),
    [
        (
            STRIPS,
            NODES | {30: Node("one_pole_compressor", 3)},
            EDGES,
            "node 30 .* stands on strip 3",
        ),
        (STRIPS, NODES, (Edge(40, 30, 0.0, "aux"), EDGES[1]), "40 -> 30 feeds 'aux'"),
        (STRIPS, NODES, (Edge(40, 30, 120.5), EDGES[1]), "within 120 dB; 40 -> 30 has 120.5 dB"),
        (STRIPS, NODES, (Edge(40, 30, -121.0), EDGES[1]), "-121 dB"),
        (STRIPS, NODES, (Edge(40, 30, float("nan")), EDGES[1]), "nan dB"),
        (STRIPS, NODES, (Edge(40, 30, 0.0, KEY), EDGES[1]), "fed by another; node 30"),
    ],
)
def test_what_strips_and_edges_state_is_checked(strips, nodes, edges, message):
    with pytest.raises(GraphError, match=message):
        Graph(strips, nodes, edges)


def test_a_level_of_120_db_is_taken():
    assert Graph(STRIPS, NODES, (Edge(40, 30, -120.0), EDGES[1])).edges[0].level_db == -120.0
