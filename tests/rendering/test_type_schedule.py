"""The order of types, judged by its definition and by exhaustive search."""

from collections import Counter
from typing import get_args

import numpy as np
import pytest

from mixtrace.graph import CONSOLES, INPUT, MIX, OUTPUT, Graph, build_console
from mixtrace.processors import PROCESSORS
from mixtrace.rendering import Order, TypeSchedule, type_schedule

SEEDS = range(40)


def fewest_steps(graph: Graph) -> int:
    """Return the least number of steps by breadth-first search over everything that can be done."""
    reached, steps = {frozenset[int]()}, 0
    while not any(len(done) == len(graph.nodes) for done in reached):
        after = set()
        for done in reached:
            ready = [
                i
                for i in range(len(graph.nodes))
                if i not in done and done.issuperset(graph.predecessors[i])
            ]
            for kind in {graph.nodes[i].kind for i in ready}:
                after.add(done | {i for i in ready if graph.nodes[i].kind == kind})
        reached, steps = after, steps + 1
    return steps


def check(graph: Graph, schedule: TypeSchedule) -> None:
    done: set[int] = set()
    for kind, nodes in schedule:
        assert nodes, "an empty step"
        for i in nodes:
            assert graph.nodes[i].kind == kind
            assert done.issuperset(graph.predecessors[i]), f"node {i} before what feeds it"
            assert i not in done
        done.update(nodes)
    assert done == set(range(len(graph.nodes)))


@pytest.mark.parametrize("order", get_args(Order))
@pytest.mark.parametrize("seed", SEEDS)
def test_every_node_is_processed_once_and_after_its_predecessors(random_graph, seed, order):
    graph = random_graph(seed)
    check(graph, type_schedule(graph, order))


def ready_counts(graph: Graph, done: set[int]) -> Counter[str]:
    """Return how many nodes of each kind wait for nothing."""
    return Counter(
        node.kind
        for i, node in graph.nodes.items()
        if i not in done and done.issuperset(graph.predecessors[i])
    )


@pytest.mark.parametrize("seed", SEEDS[:10])
def test_greedy_takes_the_kind_with_most_ready_nodes(random_graph, seed):
    graph = random_graph(seed)
    done: set[int] = set()
    for _, nodes in type_schedule(graph, "greedy"):
        assert len(nodes) == max(ready_counts(graph, done).values())
        done.update(nodes)


@pytest.mark.parametrize("seed", SEEDS[:10])
def test_fixed_passes_over_a_kind_only_when_none_of_it_is_ready(random_graph, seed):
    graph = random_graph(seed)
    kinds = ["input", *graph.kinds(), "mix", "output"]
    done: set[int] = set()
    place = -1
    for kind, nodes in type_schedule(graph, "fixed"):
        ready = ready_counts(graph, done)
        place = (place + 1) % len(kinds)
        while not ready[kinds[place]]:
            place = (place + 1) % len(kinds)
        assert (kind, len(nodes)) == (kinds[place], ready[kind])
        done.update(nodes)


def test_beam_needs_no_more_steps_than_greedy_and_greedy_no_more_than_one_by_one(random_graph):
    beats_greedy, best = 0, 0
    for seed in SEEDS:
        graph = random_graph(seed)
        beam, greedy = (len(type_schedule(graph, order)) for order in ("beam", "greedy"))
        assert beam <= greedy <= len(graph.nodes)
        beats_greedy += beam < greedy
        best += beam == fewest_steps(graph)
    assert beats_greedy > 0, "no graph here tells beam search from greedy"
    assert best == len(SEEDS), "beam search missed the optimum of a graph this small"


def deep_graph(seed: int) -> Graph:
    """Return a graph of 80 nodes on long ways, where a kind taken too early costs steps later."""
    rng = np.random.default_rng(seed)
    kinds = [INPUT] * 6 + [str(kind) for kind in rng.choice([*PROCESSORS, MIX], 80)]
    edges = [
        (int(rng.integers(max(0, i - 12), i)), i)
        for i in range(6, len(kinds))
        for _ in range(rng.integers(1, 3))
    ]
    loose = set(range(len(kinds))) - {source for source, _ in edges}
    edges += [(i, len(kinds)) for i in sorted(loose)]
    return Graph.of([(kind, "deep") for kind in [*kinds, OUTPUT]], tuple(edges))


def test_beam_search_looks_ahead():
    graphs = [deep_graph(seed) for seed in range(10)]
    beam, greedy = (sum(len(type_schedule(g, o)) for g in graphs) for o in ("beam", "greedy"))
    # Measured: 30 % fewer steps; 24 % when states are compared only by how much is done.
    assert beam < 0.73 * greedy


@pytest.mark.parametrize("order", get_args(Order))
def test_a_console_takes_one_step_for_each_place_in_its_chains(order):
    tracks = [(f"track {i}", f"bus {i % 5}") for i in range(40)]
    schedule = type_schedule(build_console(tracks, CONSOLES["paper"]), order)
    # input, 7 track processors, sum, 7 bus processors, output: no order can do with fewer.
    assert len(schedule) == 17
    assert [len(nodes) for _, nodes in schedule] == [40] * 8 + [5] * 8 + [1]


def test_a_console_of_150_tracks_is_ordered_quickly():
    tracks = [(f"track {i}", f"bus {i % 12}") for i in range(150)]
    graph = build_console(tracks, CONSOLES["paper"])
    assert len(type_schedule(graph, "beam")) == 17


@pytest.fixture(scope="module")
def random_graph(random_song):
    return lambda seed: random_song(seed, time=10).graph


def test_the_random_graphs_are_no_mere_trees(random_graph):
    graphs = [random_graph(seed) for seed in SEEDS]
    edges = [[(e.source, e.destination) for e in g.edges] for g in graphs]
    assert any(len(set(pairs)) < len(pairs) for pairs in edges), "no duplicate edge"
    shared = (len(after) > 1 for g in graphs for after in g.successors.values())
    assert any(shared), "no node is shared"
    assert any(g.order != tuple(range(len(g.nodes))) for g in graphs), "all stored in order"
    assert np.unique([len(g.inputs) for g in graphs]).size == 4
