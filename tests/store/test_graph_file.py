"""A stored graph comes back exactly, reads well, and nothing hostile or damaged gets through."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import torch

from mixtrace.errors import GraphError, StoreError
from mixtrace.graph import KEY, Graph, remove_nodes
from mixtrace.processors import PROCESSORS, WET, NodeSettings, Settings, processor
from mixtrace.session import Alignment
from mixtrace.store import (
    GRAPH,
    GRAPH_SCHEMA,
    PARAMS,
    StoredGraph,
    StoredTrack,
    read_graph,
    write_graph,
)

Document = dict[str, Any]


def write(folder: Path, stored: StoredGraph) -> Path:
    write_graph(stored, folder / GRAPH, folder / PARAMS)
    return folder / GRAPH


def assert_same(found: Settings, expected: Settings) -> None:
    assert [stack.key for stack in found.stacks] == [stack.key for stack in expected.stacks]
    for stack, other in zip(found.stacks, expected.stacks, strict=True):
        assert stack.nodes == other.nodes
        for name in (*other.values, WET):
            torch.testing.assert_close(stack.tensor(name), other.tensor(name), rtol=0, atol=0)


def test_a_graph_comes_back_bit_for_bit(tmp_path: Path, stored_graph: StoredGraph):
    found = read_graph(write(tmp_path, stored_graph))
    assert found.graph == stored_graph.graph
    assert found.tracks == stored_graph.tracks
    assert found.song == stored_graph.song
    assert_same(found.settings, stored_graph.settings)


def test_range_ends_and_awkward_numbers_come_back_bit_for_bit(
    tmp_path: Path, stored_graph: StoredGraph
):
    """Inline numbers are decimals: every single-precision number must survive them."""
    rng = np.random.default_rng(1)
    settings = stored_graph.settings.map(torch.clone)
    for stack in settings.stacks:
        for spec in processor(stack.kind).params:
            # Wide in exponent: random bit patterns scaled into the range, and both ends.
            value = stack.values[spec.name]
            random = rng.standard_normal(value.shape) * 10.0 ** rng.uniform(-6, 2)
            value.copy_(spec.clip(torch.from_numpy(random.astype(np.float32))))
            value[0] = torch.as_tensor(spec.low)
            value[1:2] = torch.as_tensor(spec.high)
    stored = StoredGraph("song", stored_graph.tracks, stored_graph.graph, settings)
    assert_same(read_graph(write(tmp_path, stored)).settings, settings)


def test_the_same_graph_gives_the_same_bytes(tmp_path: Path, stored_graph: StoredGraph):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    for folder in ("a", "b"):
        write(tmp_path / folder, stored_graph)
    for name in (GRAPH, PARAMS):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_the_document_is_plain_json_with_units(tmp_path: Path, stored_graph: StoredGraph):
    text = write(tmp_path, stored_graph).read_text("utf-8")
    document = json.loads(text)
    assert document["schema"] == GRAPH_SCHEMA == "mixtrace.graph/4"
    assert document["song"] == "tiny song"
    assert document["tracks"][1] == {
        "name": "02_Bass",
        "group": "bass",
        "delay_s": -0.0123,
        "polarity": -1,
        "confidence": 0.9,
        "drift_ppm": 49.97,
    }
    nodes = document["nodes"]
    compressor = next(node for node in nodes if node["kind"] == "one_pole_compressor")
    assert compressor["parameters"]["threshold_db"]["unit"] == "dB"
    assert isinstance(compressor["parameters"]["threshold_db"]["value"], float)
    assert 0.0 <= compressor["wet"] <= 1.0
    gain = next(node for node in nodes if node["kind"] == "gain_panning")
    assert len(gain["parameters"]["gain_db"]["value"]) == 2
    equalizer = next(node for node in nodes if node["kind"] == "equalizer")
    name = equalizer["parameters"]["magnitude_db"]["tensor"]
    assert name == f"node{equalizer['id']}.magnitude_db"
    tensors = safetensors.numpy.load_file(tmp_path / PARAMS)
    expected = stored_graph.settings.stack("equalizer").values["magnitude_db"][0]
    np.testing.assert_array_equal(tensors[name], expected.numpy())
    # One line a strip, a node and an edge: a person can read and compare it.
    entries = [*document["strips"], *nodes, *document["edges"], *document["tracks"]]
    assert len(text.splitlines()) < len(entries) + 25


def test_a_pruned_graph_keeps_its_numbers_levels_and_ports(
    tmp_path: Path, stored_graph: StoredGraph
):
    console = stored_graph.graph
    gone = set(console.of_kind("equalizer"))
    graph = remove_nodes(console, gone)
    first, second = graph.edges[:2]
    edges = (replace(first, level_db=-0.1), replace(second, port=KEY), second, *graph.edges[2:])
    graph = replace(graph, edges=edges)
    settings = stored_graph.settings.only(graph.processors)
    path = write(tmp_path, replace(stored_graph, graph=graph, settings=settings))
    found = read_graph(path)
    assert found.graph == graph
    assert_same(found.settings, settings)
    document = json.loads(path.read_text("utf-8"))
    assert [node["id"] for node in document["nodes"]] == [i for i in console.nodes if i not in gone]
    ends = {"from": first.source, "to": first.destination}
    assert document["edges"][0] == ends | {"level_db": -0.1}


def test_an_edited_number_is_taken(tmp_path: Path, stored_graph: StoredGraph):
    path = write(tmp_path, stored_graph)
    document = json.loads(path.read_text("utf-8"))
    node = next(node for node in document["nodes"] if node["kind"] == "one_pole_compressor")
    node["parameters"]["threshold_db"]["value"] = -24
    path.write_text(json.dumps(document), "utf-8")
    assert (
        float(read_graph(path).settings.stack("one_pole_compressor").values["threshold_db"][0])
        == -24.0
    )


def test_settings_that_do_not_fit_are_not_written(tmp_path: Path, stored_graph: StoredGraph):
    settings = stored_graph.settings.map(torch.clone)
    settings.stack("noise_reverb").wet.fill_(float("nan"))
    broken = StoredGraph("song", stored_graph.tracks, stored_graph.graph, settings)
    with pytest.raises(GraphError, match="wet of noise_reverb"):
        write(tmp_path, broken)
    assert list(tmp_path.iterdir()) == []


def processor_node(document: Document, kind: str) -> Document:
    return next(node for node in document["nodes"] if node["kind"] == kind)


def edge(document: Document) -> Document:
    return document["edges"][0]


def threshold(document: Document) -> Document:
    return processor_node(document, "one_pole_compressor")["parameters"]["threshold_db"]


HOSTILE: list[tuple[str, Callable[[Document], Any], str]] = [
    ("other schema", lambda d: d.update(schema="mixtrace.graph/3"), "the schema"),
    ("no schema", lambda d: d.pop("schema"), "the schema"),
    ("schema of a strange type", lambda d: d.update(schema=[1]), "the schema"),
    ("missing key", lambda d: d.pop("edges"), "'edges'"),
    ("unknown key", lambda d: d.update(hello=1), "'hello'"),
    ("nodes that are no list", lambda d: d.update(nodes=7), "reading it failed"),
    ("a node that is no table", lambda d: d["nodes"].append([1]), "reading it failed"),
    ("edges to nowhere", lambda d: edge(d).update(to=9999), "9999"),
    ("edges as pairs", lambda d: d["edges"].append([0, 1]), "list for a table"),
    ("an edge of truth values", lambda d: edge(d).update(to=True), "bool"),
    ("an edge with an unknown key", lambda d: edge(d).update(gain=1), "'gain'"),
    ("a level above 120 dB", lambda d: edge(d).update(level_db=121), "within 120 dB"),
    ("a level below -120 dB", lambda d: edge(d).update(level_db=-1e300), "within 120 dB"),
    ("a level of text", lambda d: edge(d).update(level_db="-6"), "str for a level"),
    ("a level beyond floats", lambda d: edge(d).update(level_db=10**400), "too large"),
    ("an unknown port", lambda d: edge(d).update(port="aux"), "feeds 'aux'"),
    ("a port that is no text", lambda d: edge(d).update(port=1), "int for text"),
    ("a cycle", lambda d: d["edges"].append({"from": 2, "to": 1}), "cycles"),
    ("no strips", lambda d: d.pop("strips"), "'strips'"),
    ("strips that are no list", lambda d: d.update(strips=7), "int for a list"),
    ("an unknown role", lambda d: d["strips"][0].update(role="aux"), "'aux' for a role"),
    ("two strips with one id", lambda d: d["strips"].append(d["strips"][0]), "the same id"),
    ("a node on no strip", lambda d: d["nodes"][0].update(strip=99), "stands on strip 99"),
    ("two nodes with one id", lambda d: d["nodes"].append(d["nodes"][0]), "the same id"),
    ("a negative id", lambda d: d["nodes"][0].update(id=-1), "no id"),
    ("an id of text", lambda d: d["nodes"][0].update(id="0"), "str for an id"),
    ("a node without an id", lambda d: d["nodes"][0].pop("id"), "'id'"),
    ("an unknown key of a node", lambda d: d["nodes"][0].update(name="a"), "'name'"),
    ("escapes in an instrument", lambda d: d["strips"][0].update(instrument="\x1b"), "printable"),
    (
        "an unknown kind",
        lambda d: processor_node(d, "noise_reverb").update(kind="rm -rf"),
        "rm -rf",
    ),
    ("a wrong song name", lambda d: d.update(song={"a": 1}), "song"),
    ("escapes in a name", lambda d: d["strips"][0].update(name="\x1b[2J"), "printable"),
    ("a lone surrogate", lambda d: d["strips"][0].update(name="\ud800"), "cannot be read"),
    ("a lone surrogate in text", lambda d: d.update(song="a\ud800b"), "cannot be read"),
    ("tracks of another song", lambda d: d["tracks"].pop(), "2 tracks for 3 inputs"),
    ("tracks that are no list", lambda d: d.update(tracks="abc"), "list of tracks"),
    ("a track that is no table", lambda d: d.update(tracks=[1, 2, 3]), "a track"),
    ("polarity zero", lambda d: d["tracks"][0].update(polarity=0), "polarity"),
    ("polarity true", lambda d: d["tracks"][0].update(polarity=True), "polarity"),
    ("an endless delay", lambda d: d["tracks"][0].update(delay_s=1e9), "delay_s"),
    ("another speed", lambda d: d["tracks"][0].update(drift_ppm=500.0), "drift_ppm within 400"),
    ("a huge whole number", lambda d: d["tracks"][0].update(delay_s=10**400), "delay_s"),
    (
        "weight above 1",
        lambda d: processor_node(d, "noise_reverb").update(wet=1.5),
        "wet of noise_reverb",
    ),
    ("weight of text", lambda d: processor_node(d, "noise_reverb").update(wet="1"), "wet of node"),
    ("no weight", lambda d: processor_node(d, "noise_reverb").pop("wet"), "'wet'"),
    ("a weight on a sum", lambda d: processor_node(d, "mix").update(wet=1), "'wet'"),
    (
        "no parameters",
        lambda d: processor_node(d, "noise_reverb").update(parameters=[]),
        "no table",
    ),
    (
        "a parameter that is missing",
        lambda d: processor_node(d, "one_pole_compressor")["parameters"].pop("knee_db"),
        "'knee_db'",
    ),
    ("a misspelt name", lambda d: threshold(d).update(vallue=1), "'vallue'"),
    ("another unit", lambda d: threshold(d).update(unit="furlong"), "furlong"),
    ("a value out of range", lambda d: threshold(d).update(value=1e9), "threshold_db"),
    ("a value beyond singles", lambda d: threshold(d).update(value=1e300), "finite"),
    ("a list for a number", lambda d: threshold(d).update(value=[1.0]), "shape"),
    ("a number beyond floats", lambda d: threshold(d).update(value=10**400), "something else"),
    ("an id beyond all", lambda d: edge(d).update(to=10**400), "no id"),
    ("text for a number", lambda d: threshold(d).update(value="1"), "something else"),
    ("a truth value for a number", lambda d: threshold(d).update(value=True), "something else"),
    ("ragged lists", lambda d: threshold(d).update(value=[[1.0], [1.0, 2.0]]), "something else"),
    (
        "a tensor that is not there",
        lambda d: processor_node(d, "equalizer")["parameters"]["magnitude_db"].update(tensor="x"),
        "something else",
    ),
    (
        "the tensor of another kind",
        lambda d: processor_node(d, "equalizer")["parameters"]["magnitude_db"].update(
            tensor=processor_node(d, "noise_reverb")["parameters"]["rt60_s"]["tensor"]
        ),
        "shape",
    ),
    ("another params file", lambda d: d.update(params_sha256="0" * 64), "Copy both"),
]


@pytest.mark.parametrize(
    ("change", "message"), [case[1:] for case in HOSTILE], ids=[case[0] for case in HOSTILE]
)
def test_each_hostile_document_gets_one_sentence(
    tmp_path: Path, stored_graph: StoredGraph, change: Callable[[Document], Any], message: str
):
    path = write(tmp_path, stored_graph)
    document = json.loads(path.read_text("utf-8"))
    change(document)
    path.write_text(json.dumps(document), "utf-8")
    with pytest.raises(StoreError) as caught:
        read_graph(path)
    assert message in str(caught.value)
    assert GRAPH in str(caught.value)
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize(
    "text",
    ["", "[", "null", "[]", '"text"', '{"schema": NaN}', "[" * 100_000, '{"a": 1e999}', "\x00"],
    ids=["empty", "cut off", "null", "a list", "text", "NaN", "deep", "infinite", "a zero byte"],
)
def test_what_is_no_json_document_gets_one_sentence(tmp_path: Path, text: str):
    (tmp_path / GRAPH).write_text(text, "utf-8")
    with pytest.raises(StoreError, match=GRAPH):
        read_graph(tmp_path / GRAPH)


def test_bytes_that_are_no_text_get_one_sentence(tmp_path: Path):
    (tmp_path / GRAPH).write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(StoreError, match="cannot be read"):
        read_graph(tmp_path / GRAPH)


@pytest.mark.parametrize("damage", ["missing", "cut off", "text", "a bit turned"])
def test_a_damaged_params_file_gets_one_sentence(
    tmp_path: Path, stored_graph: StoredGraph, damage: str
):
    path = write(tmp_path, stored_graph)
    params = tmp_path / PARAMS
    packed = bytearray(params.read_bytes())
    if damage == "missing":
        params.unlink()
    elif damage == "cut off":
        params.write_bytes(packed[:-100])
    elif damage == "text":
        params.write_text("hello")
    else:
        packed[-1] ^= 1
        params.write_bytes(packed)
    with pytest.raises(StoreError, match="Copy both files together"):
        read_graph(path)


def test_a_missing_graph_gets_one_sentence(tmp_path: Path):
    with pytest.raises(StoreError, match="there is none"):
        read_graph(tmp_path / GRAPH)


def test_every_processor_survives_the_round_trip(tmp_path: Path):
    kinds = list(PROCESSORS)
    nodes = [("input", "a"), *((kind, "a") for kind in kinds), ("output", "a")]
    graph = Graph.of(nodes, [(i, i + 1) for i in range(len(kinds) + 1)])
    middle = {
        i: NodeSettings(
            kind,
            {
                spec.name: spec.clip(spec.physical(torch.zeros((1, *spec.shape)) + spec.init))[0]
                for spec in PROCESSORS[kind].params
            },
            0.25,
        )
        for i, kind in enumerate(kinds, 1)
    }
    knots = middle[1 + kinds.index("fader_automation")].values
    knots["knot_s"] = torch.tensor([0.5, 2.0])
    settings = Settings.of(middle)
    tracks = (StoredTrack("a", "g", Alignment()),)
    path = tmp_path / GRAPH
    write_graph(StoredGraph("song", tracks, graph, settings), path, tmp_path / PARAMS)
    found = read_graph(path)
    assert found.graph == graph
    for i, given in middle.items():
        assert found.settings[i].wet == given.wet
        for name, value in given.values.items():
            assert torch.equal(found.settings[i].values[name], value), (given.kind, name)


TOLD = (
    ("parametric_equalizer", "high_pass_db_per_octave", 12.0, "dB/oct", 13.0),
    ("compressor", "detector", 1.0, None, 0.5),
    ("feedback_delay", "length_s", 4.0, "s", 60.0),
    ("fader_automation", "knot_s", [0.0, 12.5, 30.0], "s", [0.0, 12.5, 12.5]),
)
"""Kind, parameter, the value and the unit that docs/graph-format.md tells, and a value refused."""


@pytest.mark.parametrize(("kind", "name", "value", "unit", "refused"), TOLD)
def test_choices_fixed_values_and_lengths_stand_as_the_docs_tell(
    tmp_path: Path, kind: str, name: str, value: Any, unit: str | None, refused: Any
):
    values = {
        spec.name: spec.clip(spec.physical(torch.zeros((1, *spec.shape)) + spec.init))[0]
        for spec in PROCESSORS[kind].params
    }
    values[name] = torch.tensor(value)
    if kind == "fader_automation":
        values["knot_db"] = torch.zeros(len(value))
    graph = Graph.of([("input", "a"), (kind, "a"), ("output", "a")], [(0, 1), (1, 2)])
    settings = Settings.of({1: NodeSettings(kind, values, 1.0)})
    tracks = (StoredTrack("a", "g", Alignment()),)
    path = write(tmp_path, StoredGraph("song", tracks, graph, settings))
    document = json.loads(path.read_text("utf-8"))
    entry = document["nodes"][1]["parameters"][name]
    assert entry == {"value": value} | ({"unit": unit} if unit else {})
    page = Path(__file__).resolve().parents[2] / "docs" / "graph-format.md"
    assert f'"{name}": {json.dumps(entry)}' in page.read_text("utf-8")
    entry["value"] = refused
    path.write_text(json.dumps(document), "utf-8")
    with pytest.raises(StoreError, match=name):
        read_graph(path)


def test_the_example_of_the_docs_can_be_read(tmp_path: Path):
    page = Path(__file__).resolve().parents[2] / "docs" / "graph-format.md"
    text = page.read_text("utf-8").split("```json\n")[1].split("```")[0]
    packed = safetensors.numpy.save({"node1.magnitude_db": np.zeros(1024, np.float32)})
    (tmp_path / PARAMS).write_bytes(packed)
    document = json.loads(text) | {"params_sha256": hashlib.sha256(packed).hexdigest()}
    (tmp_path / GRAPH).write_text(json.dumps(document), "utf-8")
    stored = read_graph(tmp_path / GRAPH)
    assert stored.graph.kinds() == ("equalizer", "one_pole_compressor")
    assert float(stored.settings.stack("one_pole_compressor").values["slope"][0]) == -0.75
