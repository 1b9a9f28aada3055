"""The order of types, judged by its definition and by exhaustive search."""

from typing import get_args

import numpy as np
import pytest

from mixtrace.graph import CONSOLES, Graph, build_console
from mixtrace.render import Order, TypeSchedule, type_schedule

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
    assert any(len(set(g.edges)) < len(g.edges) for g in graphs), "no duplicate edge"
    assert any(any(len(s) > 1 for s in g.successors) for g in graphs), "no node is shared"
    assert any(g.order != tuple(range(len(g.nodes))) for g in graphs), "all stored in order"
    assert np.unique([len(g.inputs) for g in graphs]).size == 4
