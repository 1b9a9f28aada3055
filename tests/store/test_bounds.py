"""What is read of a result is bounded before the work: each document's types, ranges and size."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from mixtrace.errors import GraphError, StoreError
from mixtrace.graph import MOST_EDGES, MOST_NODES, Graph
from mixtrace.reporting import read_result
from mixtrace.store import EVIDENCE, FIT, GRAPH, METRICS, PARAMS, read_graph

Write = Callable[..., Path]
Document = dict[str, Any]

DAMAGE: list[tuple[str, str, Callable[[Document], Any], str]] = [
    (FIT, "a number for a list", lambda d: d["history"].update(loss=5), r"\$\.history\.loss"),
    (FIT, "seconds of ages", lambda d: d["history"].update(seconds=[2e14]), "seconds"),
    (FIT, "a huge number", lambda d: d["losses"]["sum"].update(eq4=1e300), "eq4"),
    (FIT, "a number beyond floats", lambda d: d.update(seconds=10**29), "seconds"),
    (FIT, "a number of many digits", lambda d: d.update(seconds=10**400), "out of range"),
    (FIT, "a list for a number", lambda d: d["config"].update(tolerance=[1]), "config"),
    (FIT, "text for a round", lambda d: d["removed"][0].update(round="1"), "round"),
    (FIT, "a name without end", lambda d: d["removed"][0].update(name="a" * 256), "name"),
    (METRICS, "a number for a table", lambda d: d.update(published=1), "published"),
    (METRICS, "a huge level", lambda d: d["target"].update(loudness_lufs=1e200), "loudness"),
    (METRICS, "nothing", lambda d: d.pop("estimate"), "estimate"),
    (METRICS, "text", lambda d: d["eq4"].update(l_a="0.3"), "l_a"),
    (GRAPH, "tracks without end", lambda d: d.update(unused=[1] * 151), "at most 150"),
    (GRAPH, "nodes without end", lambda d: d.update(nodes=d["nodes"] * 70), "3000"),
    (GRAPH, "edges without end", lambda d: d.update(edges=[[0, 1]] * 6001), "6000"),
    (GRAPH, "a name without end", lambda d: d["tracks"][0].update(name="a" * 256), "255"),
    (GRAPH, "edges as a table", lambda d: d.update(edges={"a": 1}), "dict for a list"),
]


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [(file, change, message) for file, _, change, message in DAMAGE],
    ids=[f"{file}: {what}" for file, what, _, _ in DAMAGE],
)
def test_each_document_is_held_to_its_types_and_ranges(
    tmp_path: Path,
    write_result: Write,
    file: str,
    change: Callable[[Document], Any],
    message: str,
):
    folder = write_result(tmp_path / "OUT")
    document = json.loads((folder / file).read_text("utf-8"))
    change(document)
    (folder / file).write_text(json.dumps(document), "utf-8")
    with pytest.raises(StoreError, match=message):
        read_result(folder)


def test_a_number_of_a_million_digits_is_refused_at_once(tmp_path: Path, write_result: Write):
    folder = write_result(tmp_path / "OUT")
    text = (folder / FIT).read_text("utf-8").replace("61.0", "1" + "0" * 1_000_000)
    (folder / FIT).write_text(text, "utf-8")
    started = time.perf_counter()
    with pytest.raises(StoreError, match="out of range"):
        read_result(folder)
    assert time.perf_counter() - started < 2.0  # it takes milliseconds; int() alone takes minutes


def test_a_value_in_deep_lists_is_refused_at_once(tmp_path: Path, write_result: Write):
    """Each list inside another was once a pass over all numbers."""
    folder = write_result(tmp_path / "OUT")
    document = json.loads((folder / GRAPH).read_text("utf-8"))
    node = next(node for node in document["nodes"] if node["kind"] == "one_pole_compressor")
    value: Any = [0.0] * 100_000
    for _ in range(500):
        value = [value, *[0.0] * 200]
    node["parameters"]["threshold_db"]["value"] = value
    (folder / GRAPH).write_text(json.dumps(document), "utf-8")
    started = time.perf_counter()
    with pytest.raises(StoreError, match="threshold_db"):
        read_graph(folder / GRAPH)
    assert time.perf_counter() - started < 2.0  # 0.1 s here; it was 18 s


@pytest.mark.parametrize("file", [GRAPH, PARAMS, FIT, METRICS, EVIDENCE])
def test_a_file_of_gigabytes_is_not_read(tmp_path: Path, write_result: Write, file: str):
    folder = write_result(tmp_path / "OUT")
    os.truncate(folder / file, 4_000_000_000)  # takes no room on disk
    with pytest.raises(StoreError):
        read_result(folder)


def evidence_with(folder: Path, **arrays: np.ndarray) -> None:
    with safe_open(folder / EVIDENCE, framework="np") as file:
        facts = file.metadata()
    save_file(load_file(folder / EVIDENCE) | arrays, folder / EVIDENCE, facts)


@pytest.mark.parametrize(
    "arrays",
    [
        {"bands_hz": np.float32(30.0)},
        {"bands_hz": np.full(41, 30.0, np.float32)},
        {"bands_hz": np.linspace(-5.0, 9_000.0, 41).astype(np.float32)},
        {"dynamics": np.zeros((2, 3), np.int64)},
        {"window_losses": np.ones(3, bool)},
        {"window_losses": np.full(3, 1e30, np.float32)},
        {"increases": np.zeros(46, np.float64)},
        {"track_sides_db": np.full((3, 2, 2), np.inf, np.float32)},
    ],
    ids=lambda arrays: " ".join(f"{k} {v.dtype}" for k, v in arrays.items()),
)
def test_measurements_of_another_shape_or_type_are_refused(
    tmp_path: Path, write_result: Write, arrays: dict[str, np.ndarray]
):
    folder = write_result(tmp_path / "OUT")
    evidence_with(folder, **{name: np.asarray(array) for name, array in arrays.items()})
    with pytest.raises(StoreError, match="damaged"):
        read_result(folder)


@pytest.mark.parametrize("value", [1e9, 0.0, True, "0.1", None])
def test_steps_of_measurements_are_held_to_a_range(
    tmp_path: Path, write_result: Write, value: object
):
    """A step of 1e9 s was once an axis of as many marks as fill the memory."""
    folder = write_result(tmp_path / "OUT")
    with safe_open(folder / EVIDENCE, framework="np") as file:
        facts = json.loads(file.metadata()["mixtrace"])
    facts["frame_s"] = value
    arrays = load_file(folder / EVIDENCE)
    save_file(arrays, folder / EVIDENCE, {"mixtrace": json.dumps(facts)})
    with pytest.raises(StoreError, match="damaged"):
        read_result(folder)


def chain(mixes: int, times: int) -> Graph:
    nodes = (("input", "a"), *[("mix", "b")] * mixes, ("output", "o"))
    edges = tuple((i, i + 1) for i in range(mixes + 1) for _ in range(times))
    return Graph.of(nodes, edges)


def test_edges_drawn_double_are_refused_where_they_multiply():
    assert len(chain(10, 2).edges) == 22
    with pytest.raises(GraphError, match="Draw each edge once"):
        chain(130, 2)


def test_graphs_have_a_largest_size():
    assert len(chain(MOST_NODES - 2, 1).nodes) == MOST_NODES
    with pytest.raises(GraphError, match=f"at most {MOST_NODES} nodes"):
        chain(MOST_NODES - 1, 1)
    with pytest.raises(GraphError, match=f"at most {MOST_EDGES} edges"):
        chain(1, MOST_EDGES)
