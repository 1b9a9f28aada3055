"""A stored graph comes back exactly, reads well, and nothing hostile or damaged gets through."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import torch

from mixtrace.errors import GraphError, StoreError
from mixtrace.processors import PROCESSORS, Settings, processor
from mixtrace.store import GRAPH, GRAPH_SCHEMA, PARAMS, StoredGraph, read_graph, write_graph

Document = dict[str, Any]


def write(folder: Path, stored: StoredGraph) -> Path:
    write_graph(stored, folder / GRAPH, folder / PARAMS)
    return folder / GRAPH


def assert_same(found: Settings, expected: Settings) -> None:
    assert found.values.keys() == expected.values.keys()
    for kind, named in expected.values.items():
        torch.testing.assert_close(found.wet[kind], expected.wet[kind], rtol=0, atol=0)
        for name, value in named.items():
            torch.testing.assert_close(found.values[kind][name], value, rtol=0, atol=0)


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
    values = {kind: dict(named) for kind, named in stored_graph.settings.values.items()}
    for kind, named in values.items():
        for spec in processor(kind).params:
            # Wide in exponent: random bit patterns scaled into the range, and both ends.
            random = rng.standard_normal(named[spec.name].shape) * 10.0 ** rng.uniform(-6, 2)
            named[spec.name] = spec.clip(torch.from_numpy(random.astype(np.float32)))
            named[spec.name][0] = torch.as_tensor(spec.low)
            named[spec.name][1:2] = torch.as_tensor(spec.high)
    settings = Settings(values, stored_graph.settings.wet)
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
    assert document["schema"] == GRAPH_SCHEMA == "mixtrace.graph/3"
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
    compressor = next(node for node in nodes if node["kind"] == "compressor")
    assert compressor["parameters"]["threshold_db"]["unit"] == "dB"
    assert isinstance(compressor["parameters"]["threshold_db"]["value"], float)
    assert 0.0 <= compressor["wet"] <= 1.0
    gain = next(node for node in nodes if node["kind"] == "gain_panning")
    assert len(gain["parameters"]["gain_db"]["value"]) == 2
    position = next(i for i, node in enumerate(nodes) if node["kind"] == "equalizer")
    name = nodes[position]["parameters"]["magnitude_db"]["tensor"]
    assert name == f"node{position}.magnitude_db"
    tensors = safetensors.numpy.load_file(tmp_path / PARAMS)
    expected = stored_graph.settings.values["equalizer"]["magnitude_db"][0]
    np.testing.assert_array_equal(tensors[name], expected.numpy())
    # One line a node: a person can read and compare it.
    assert len(text.splitlines()) < len(nodes) + 25


def test_an_edited_number_is_taken(tmp_path: Path, stored_graph: StoredGraph):
    path = write(tmp_path, stored_graph)
    document = json.loads(path.read_text("utf-8"))
    node = next(node for node in document["nodes"] if node["kind"] == "compressor")
    node["parameters"]["threshold_db"]["value"] = -24
    path.write_text(json.dumps(document), "utf-8")
    assert float(read_graph(path).settings.values["compressor"]["threshold_db"][0]) == -24.0


def test_settings_that_do_not_fit_are_not_written(tmp_path: Path, stored_graph: StoredGraph):
    wet = dict(stored_graph.settings.wet) | {"reverb": torch.tensor([float("nan")] * 6)}
    broken = StoredGraph(
        "song",
        stored_graph.tracks,
        stored_graph.graph,
        Settings(stored_graph.settings.values, wet),
    )
    with pytest.raises(GraphError, match="wet of reverb"):
        write(tmp_path, broken)
    assert list(tmp_path.iterdir()) == []


def processor_node(document: Document, kind: str) -> Document:
    return next(node for node in document["nodes"] if node["kind"] == kind)


def threshold(document: Document) -> Document:
    return processor_node(document, "compressor")["parameters"]["threshold_db"]


HOSTILE: list[tuple[str, Callable[[Document], Any], str]] = [
    ("other schema", lambda d: d.update(schema="mixtrace.graph/2"), "the schema"),
    ("no schema", lambda d: d.pop("schema"), "the schema"),
    ("schema of a strange type", lambda d: d.update(schema=[1]), "the schema"),
    ("missing key", lambda d: d.pop("edges"), "'edges'"),
    ("unknown key", lambda d: d.update(hello=1), "'hello'"),
    ("nodes that are no list", lambda d: d.update(nodes=7), "reading it failed"),
    ("a node that is no table", lambda d: d["nodes"].append([1]), "reading it failed"),
    ("edges to nowhere", lambda d: d["edges"].append([0, 9999]), "9999"),
    ("an edge of truth values", lambda d: d["edges"].append([False, True]), "bool"),
    ("a cycle", lambda d: d["edges"].append([2, 1]), "cycles"),
    ("an unknown kind", lambda d: processor_node(d, "reverb").update(kind="rm -rf"), "rm -rf"),
    ("a wrong song name", lambda d: d.update(song={"a": 1}), "song"),
    ("escapes in a name", lambda d: d["nodes"][0].update(name="\x1b[2J"), "printable"),
    ("a lone surrogate", lambda d: d["nodes"][0].update(name="\ud800"), "cannot be read"),
    ("a lone surrogate in text", lambda d: d.update(song="a\ud800b"), "cannot be read"),
    ("tracks of another song", lambda d: d["tracks"].pop(), "2 tracks for 3 inputs"),
    ("tracks that are no list", lambda d: d.update(tracks="abc"), "list of tracks"),
    ("a track that is no table", lambda d: d.update(tracks=[1, 2, 3]), "a track"),
    ("polarity zero", lambda d: d["tracks"][0].update(polarity=0), "polarity"),
    ("polarity true", lambda d: d["tracks"][0].update(polarity=True), "polarity"),
    ("an endless delay", lambda d: d["tracks"][0].update(delay_s=1e9), "delay_s"),
    ("another speed", lambda d: d["tracks"][0].update(drift_ppm=500.0), "drift_ppm within 400"),
    ("a huge whole number", lambda d: d["tracks"][0].update(delay_s=10**400), "delay_s"),
    ("weight above 1", lambda d: processor_node(d, "reverb").update(wet=1.5), "wet of reverb"),
    ("weight of text", lambda d: processor_node(d, "reverb").update(wet="1"), "wet of node"),
    ("no weight", lambda d: processor_node(d, "reverb").pop("wet"), "'wet'"),
    ("a weight on a sum", lambda d: processor_node(d, "mix").update(wet=1), "'wet'"),
    ("no parameters", lambda d: processor_node(d, "reverb").update(parameters=[]), "no table"),
    ("a misspelt name", lambda d: threshold(d).update(vallue=1), "'vallue'"),
    ("another unit", lambda d: threshold(d).update(unit="furlong"), "furlong"),
    ("a value out of range", lambda d: threshold(d).update(value=1e9), "threshold_db"),
    ("a value beyond singles", lambda d: threshold(d).update(value=1e300), "finite"),
    ("a list for a number", lambda d: threshold(d).update(value=[1.0]), "shape"),
    ("a number beyond floats", lambda d: threshold(d).update(value=10**400), "something else"),
    ("a position beyond all", lambda d: d["edges"].append([0, 10**400]), "no node position"),
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
            tensor=processor_node(d, "reverb")["parameters"]["rt60_s"]["tensor"]
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


def test_every_processor_is_in_the_example(stored_graph: StoredGraph):
    """Else the round trips above would not cover a new one."""
    assert set(stored_graph.graph.kinds()) == set(PROCESSORS)


def test_the_example_of_the_docs_can_be_read(tmp_path: Path):
    page = Path(__file__).resolve().parents[2] / "docs" / "graph-format.md"
    text = page.read_text("utf-8").split("```json\n")[1].split("```")[0]
    packed = safetensors.numpy.save({"node1.magnitude_db": np.zeros(1024, np.float32)})
    (tmp_path / PARAMS).write_bytes(packed)
    document = json.loads(text) | {"params_sha256": hashlib.sha256(packed).hexdigest()}
    (tmp_path / GRAPH).write_text(json.dumps(document), "utf-8")
    stored = read_graph(tmp_path / GRAPH)
    assert stored.graph.kinds() == ("equalizer", "compressor")
    assert float(stored.settings.values["compressor"]["slope"][0]) == -0.75
