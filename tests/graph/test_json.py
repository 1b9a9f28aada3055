"""Graphs survive JSON; what is not a graph is refused with one sentence."""

import json
from typing import Any

import pytest

from mixtrace.errors import GraphError
from mixtrace.graph import CONSOLES, INPUT, OUTPUT, build_console, graph_from_json, graph_to_json

WIRE = {
    "strips": [
        {"id": 4, "role": "track", "name": "a", "instrument": "voice"},
        {"id": 1, "role": "master", "name": "mix", "instrument": ""},
    ],
    "nodes": [{"id": 9, "kind": INPUT, "strip": 4}, {"id": 0, "kind": OUTPUT, "strip": 1}],
    "edges": [{"from": 9, "to": 0}],
}
KEYED = {
    "strips": WIRE["strips"],
    "nodes": [*WIRE["nodes"], {"id": 3, "kind": "one_pole_compressor", "strip": 4}],
    "edges": [
        *({"from": 9, "to": 3}, {"from": 9, "to": 3, "level_db": -6.5, "port": "key"}),
        {"from": 3, "to": 0, "level_db": 2.0},
    ],
}


def strips(**changed: Any) -> dict[str, Any]:
    return {**WIRE, "strips": [WIRE["strips"][0] | changed, WIRE["strips"][1]]}


def nodes(**changed: Any) -> dict[str, Any]:
    return {**WIRE, "nodes": [WIRE["nodes"][0] | changed, WIRE["nodes"][1]]}


def edge(**changed: Any) -> dict[str, Any]:
    return {**WIRE, "edges": [WIRE["edges"][0] | changed]}


@pytest.mark.parametrize("seed", range(20))
def test_round_trip(seed, random_graph):
    graph = random_graph(seed)
    assert graph_from_json(json.loads(json.dumps(graph_to_json(graph)))) == graph


def test_a_console_and_names_in_any_script_survive():
    graph = build_console([("Größe \u202e\x00 \U0001f941", "鼓"), ("", "")], CONSOLES["paper"])
    assert graph_from_json(json.loads(json.dumps(graph_to_json(graph)))) == graph


def test_the_form_is_fixed():
    for plain in (WIRE, KEYED):
        assert graph_to_json(graph_from_json(plain)) == plain


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
        {key: WIRE[key] for key in ("nodes", "edges")},
        {**WIRE, "strips": None},
        {**WIRE, "strips": ["a", "mix"]},
        {**WIRE, "strips": WIRE["strips"][:1]},
        {**WIRE, "strips": [*WIRE["strips"], WIRE["strips"][0]]},
        {**WIRE, "strips": [{"id": 4, "role": "track", "name": "a"}, WIRE["strips"][1]]},
        *(strips(id=value) for value in (None, "4", 4.0, True, -4, 10**40, 5)),
        *(strips(role=value) for value in (None, 1, "aux", "", ["track"])),
        *(strips(name=value) for value in (None, 1, ["a"])),
        *(strips(instrument=value) for value in (None, 1)),
        {**WIRE, "nodes": None},
        {**WIRE, "nodes": 7},
        {**WIRE, "nodes": WIRE["nodes"][0]},
        {**WIRE, "nodes": ["input", "output"]},
        {**WIRE, "nodes": [{"id": 9, "kind": INPUT}, WIRE["nodes"][1]]},
        {**WIRE, "nodes": [{"kind": INPUT, "strip": 4}, WIRE["nodes"][1]]},
        {**WIRE, "nodes": [WIRE["nodes"][0], [OUTPUT, "mix"]]},
        {**WIRE, "nodes": [*WIRE["nodes"], WIRE["nodes"][1]]},
        *(nodes(id=value) for value in (None, "9", 9.0, True, -9, 10**40, 0, 5)),
        *(nodes(kind=value) for value in (None, 1, [INPUT])),
        *(nodes(strip=value) for value in (None, "a", 4.0, -1, 2, 10**40)),
        {**WIRE, "edges": None},
        {**WIRE, "edges": 3},
        {**WIRE, "edges": "01"},
        {**WIRE, "edges": {"from": 9, "to": 0}},
        {**WIRE, "edges": [[9, 0]]},
        {**WIRE, "edges": [9, 0]},
        {**WIRE, "edges": [{"from": 9}]},
        {**WIRE, "edges": [{"to": 0}]},
        {**WIRE, "edges": []},
        *(edge(to=value) for value in (None, "0", 0.0, False, float("nan"), -1, 10**40, 9, 1)),
        *(edge(level_db=value) for value in (None, "-6", True, [0.0], 120.5, -121, float("nan"))),
        *(edge(level_db=value) for value in (float("inf"), 10**400)),
        *(edge(port=value) for value in (None, 1, "aux", "", "key")),
        edge(gain=1.0),
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
        graph_from_json(edge(**{"x" * 100_000: 1}))
    assert len(str(caught.value)) < 500
