"""Levels that follow what is moved through a node."""

import pytest
import torch

from mixtrace.graph import KEY, Edge, Graph
from mixtrace.processors import PROCESSORS, Settings
from mixtrace.prune.effects import move_threshold


@pytest.mark.parametrize(
    ("kind", "moves"),
    [
        ("one_pole_compressor", "threshold_db"),
        ("compressor", "threshold_db"),
        ("gate", "threshold_db"),
        ("limiter", "ceiling_db"),
        ("equalizer", None),
    ],
)
@pytest.mark.parametrize("keyed", [False, True])
def test_a_threshold_follows_its_own_sound_and_no_key(kind: str, moves: str | None, keyed: bool):
    entry = PROCESSORS[kind]
    if keyed and KEY not in entry.inputs:
        pytest.skip("it has no key")
    nodes = [("input", "a"), ("input", "b"), (kind, "a"), ("output", "mix")]
    key = [Edge(1, 2, 0.0, KEY)] if keyed else [(1, 3)]
    graph = Graph.of(nodes, [(0, 2), (2, 3), *key])
    values = {spec.name: torch.full((1, *spec.shape), -9.0) for spec in entry.params}
    settings = Settings.by_kind({kind: (2,)}, {kind: values}, {kind: torch.ones(1)})
    move_threshold(graph, settings, 2, 2.5)
    for name, value in values.items():
        assert (value == (-6.5 if name == moves and not keyed else -9.0)).all()
