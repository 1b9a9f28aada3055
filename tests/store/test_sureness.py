"""How sure a result is comes back as it was, and nothing hostile gets through."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mixtrace.errors import StoreError
from mixtrace.graph import remove_nodes
from mixtrace.store import (
    SURENESS,
    SURENESS_SCHEMA,
    Interval,
    Setting,
    StoredGraph,
    Sureness,
    read_sureness,
    write_document,
)

Document = dict[str, Any]


@pytest.fixture
def sureness(stored_graph: StoredGraph) -> Sureness:
    graph = stored_graph.graph
    edge = next(e for e in graph.edges if {e.source, e.destination} <= set(graph.processors))
    slope = Setting(graph.of_kind("one_pole_compressor")[0], "threshold_db")
    side = Setting(graph.of_kind("stereo_imager")[0], "side_gain_db")
    wet = Setting(side.node, "wet")
    intervals = {
        slope: Interval(-28.125, -23.0),
        side: Interval(-1.0, 1.0),
        wet: Interval(0.25, 0.5),
    }
    return Sureness(intervals, ((slope, side),), ((edge.source, edge.destination),))


def written(folder: Path, document: Document) -> Path:
    write_document(folder / SURENESS, SURENESS_SCHEMA, document)
    return folder / SURENESS


def test_it_comes_back_as_it_was(tmp_path: Path, stored_graph: StoredGraph, sureness: Sureness):
    found = read_sureness(written(tmp_path, sureness.document()), stored_graph)
    assert found.intervals == sureness.intervals
    assert (found.alike, found.orders) == (sureness.alike, sureness.orders)


def change(**values: Any) -> Callable[[Document], None]:
    return lambda document: document["intervals"][0].update(values)


@pytest.mark.parametrize(
    "spoil",
    [
        change(node=10_000),
        change(node=-1),
        change(node="1"),
        change(name="no such dial"),
        change(name="x" * 100_000),
        change(row=1),
        change(low=-20.0, high=-30.0),
        change(low=-1e6),
        change(high=1e300),
        change(high=None),
        lambda document: document["intervals"].append(document["intervals"][0]),
        lambda document: document["alike"].append({"settings": []}),
        lambda document: document["alike"][0]["settings"][0].update(node=10_000),
        lambda document: document["orders"].append([0, 0]),
        lambda document: document["orders"].append([1]),
        lambda document: document.pop("orders"),
    ],
)
def test_what_is_not_of_the_graph_is_refused(
    tmp_path: Path, stored_graph: StoredGraph, sureness: Sureness, spoil: Callable[[Document], None]
):
    document = json.loads(json.dumps(sureness.document()))
    spoil(document)
    with pytest.raises(StoreError, match=SURENESS):
        read_sureness(written(tmp_path, document), stored_graph)


def test_that_of_another_graph_is_refused(
    tmp_path: Path, stored_graph: StoredGraph, sureness: Sureness
):
    path = written(tmp_path, sureness.document())
    gone = next(iter(sureness.intervals)).node
    smaller = remove_nodes(stored_graph.graph, {gone})
    settings = stored_graph.settings.only(smaller.processors)
    other = StoredGraph(stored_graph.song, stored_graph.tracks, smaller, settings)
    with pytest.raises(StoreError, match="belongs to another"):
        read_sureness(path, other)
