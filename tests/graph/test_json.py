"""Graphs survive JSON; what is not a graph is refused with one sentence."""

import json

import pytest

from mixtrace.errors import GraphError
from mixtrace.graph import CONSOLES, INPUT, OUTPUT, build_console, graph_from_json, graph_to_json

WIRE = {
    "nodes": [{"kind": INPUT, "name": "a"}, {"kind": OUTPUT, "name": "mix"}],
    "edges": [[0, 1]],
}


@pytest.mark.parametrize("seed", range(20))
def test_round_trip(seed, random_graph):
    graph = random_graph(seed)
    assert graph_from_json(json.loads(json.dumps(graph_to_json(graph)))) == graph


def test_a_console_and_names_in_any_script_survive():
    graph = build_console([("Größe \u202e\x00 \U0001f941", "鼓"), ("", "")], CONSOLES["paper"])
    assert graph_from_json(json.loads(json.dumps(graph_to_json(graph)))) == graph


def test_the_form_is_fixed():
    assert graph_to_json(graph_from_json(WIRE)) == WIRE


@pytest.mark.parametrize(
    "value",
    [
        None,
        3,
        "nodes",
        [],
        {},
        {"nodes": []},
        {"edges": []},
        {**WIRE, "nodes": None},
        {**WIRE, "nodes": 7},
        {**WIRE, "nodes": {"kind": INPUT, "name": "a"}},
        {**WIRE, "nodes": ["input", "output"]},
        {**WIRE, "nodes": [{"kind": INPUT}, {"kind": OUTPUT, "name": "mix"}]},
        {**WIRE, "nodes": [{"kind": 1, "name": "a"}, {"kind": OUTPUT, "name": "mix"}]},
        {**WIRE, "nodes": [{"kind": [INPUT], "name": "a"}, {"kind": OUTPUT, "name": "mix"}]},
        {**WIRE, "nodes": [{"kind": INPUT, "name": None}, {"kind": OUTPUT, "name": "mix"}]},
        {**WIRE, "nodes": [WIRE["nodes"][0], [OUTPUT, "mix"]]},
        {**WIRE, "edges": None},
        {**WIRE, "edges": 3},
        {**WIRE, "edges": "01"},
        {**WIRE, "edges": {"01": 1}},
        {**WIRE, "edges": [0, 1]},
        {**WIRE, "edges": [[0]]},
        {**WIRE, "edges": [[0, 1, 1]]},
        {**WIRE, "edges": [["0", "1"]]},
        {**WIRE, "edges": [[0.0, 1.0]]},
        {**WIRE, "edges": [[float("nan"), 1]]},
        {**WIRE, "edges": [[False, True]]},
        {**WIRE, "edges": [[0, None]]},
        {**WIRE, "edges": [[0, -1]]},
        {**WIRE, "edges": [[0, 10**40]]},
        {**WIRE, "edges": [[1, 0]]},
        {**WIRE, "edges": [[0, 1], [0, 0]]},
        {**WIRE, "edges": []},
    ],
    ids=repr,
)
def test_hostile_values_are_refused_with_one_sentence(value):
    with pytest.raises(GraphError) as caught:
        graph_from_json(value)
    message = str(caught.value)
    assert message.startswith("Expected")
    assert "\n" not in message


def test_a_refusal_stays_short_however_long_the_value():
    with pytest.raises(GraphError) as caught:
        graph_from_json({**WIRE, "edges": [[["x" * 100_000], 1]]})
    assert len(str(caught.value)) < 500
