"""Random graphs, valid by construction and stored in random order."""

from collections.abc import Callable

import numpy as np
import pytest

from mixtrace.graph import INPUT, MIX, OUTPUT, Graph

KINDS = ("equalizer", "one_pole_compressor", "noise_reverb", MIX)


def _random_graph(seed: int, *, shuffled: bool = True) -> Graph:
    """Return a graph of up to 5 inputs and 12 other nodes, some edges doubled."""
    rng = np.random.default_rng(seed)
    inputs, others = int(rng.integers(1, 6)), int(rng.integers(0, 13))
    nodes = [(INPUT, f"track {i}") for i in range(inputs)]
    edges: list[tuple[int, int]] = []
    for i in range(inputs, inputs + others):
        nodes.append((str(rng.choice(KINDS)), "bus"))
        edges += [(int(p), i) for p in rng.integers(0, i, size=rng.integers(1, 4))]
    nodes.append((OUTPUT, "mix"))
    fed = {a for a, _ in edges}
    edges += [(i, len(nodes) - 1) for i in range(len(nodes) - 1) if i not in fed]
    if not shuffled:
        return Graph.of(tuple(nodes), tuple(edges))
    position = rng.permutation(len(nodes))
    stored = [nodes[i] for i in np.argsort(position)]
    moved = [(int(position[a]), int(position[b])) for a, b in edges]
    return Graph.of(stored, [moved[i] for i in rng.permutation(len(moved))])


@pytest.fixture
def random_graph() -> Callable[..., Graph]:
    """Return a function that makes the graph of a seed."""
    return _random_graph
